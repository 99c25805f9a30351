"""Whole files of listings: checked row by row, written batch by batch, never twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from matchmaker.core import audit
from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Forbidden, Unauthenticated
from matchmaker.listings import cli, documents, imports, queries, services
from matchmaker.listings.models import Achievement, Language, ListingState, Mode, Need, Revision, RightKind
from tests.factories import accounts
from tests.factories import listings as make
from tests.listings.cast import E, U, make_cast


@pytest.fixture
def university(app):
    return accounts.make_organisation(U)


@pytest.fixture
def load(app, tmp_path):
    """Runs the command on rows (or raw lines), for an organisation."""

    def run(kind: str, organisation, *rows, options: tuple[str, ...] = ()) -> Result:
        path = Path(tmp_path / "rows.jsonl")
        lines = [row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows]
        path.write_bytes(b"\n".join(lines) + b"\n")
        code = organisation if isinstance(organisation, str) else organisation.credit_code
        db.session.rollback()
        result = CliRunner().invoke(cli.import_, [kind, str(path), "--org", code, *options], obj=lambda: app)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        db.session.rollback()
        return result

    return run


def row(number: int, **fields):
    return {"id": f"x{number}", "title": f"成果{number}", "text": "", **fields}


def count(model=Achievement) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def only(model=Achievement):
    return db.session.scalars(select(model)).one()


# --- what arrives ---------------------------------------------------------------------------------------------------


def test_imported_rows_are_public_at_once_each_frozen_and_logged(load, university):
    assert load("achievements", university, row(1, text="摘要"), row(2)).exit_code == 0
    rows = list(db.session.scalars(queries.list_published_achievements()))
    assert sorted((found.external_id, found.title, found.summary) for found in rows) == [
        ("x1", "成果1", "摘要"),
        ("x2", "成果2", ""),
    ]
    for found in rows:
        assert found.state == ListingState.PUBLISHED
        assert found.revision.number == 1
        assert found.revision.sha256 == documents.digest(found.revision.body)
        assert found.revision.body == documents.body(documents.facts_of(found), university)
        assert queries.public_document(found)["title"] == found.title
        (event,) = audit.list_events(found.id)
        assert (event.event, event.actor_kind, event.subject) == ("achievement.imported", "system", "achievements")


def test_an_imported_listing_goes_on_like_any_other(load, university):
    load("achievements", university, row(1, text=make.SUMMARY, modes=["equity"]))
    found = only()
    make.propose(found, title="改过")
    with unit_of_work():
        services.submit(accounts.SYSTEM, found)
        services.approve(accounts.SYSTEM, found)
    assert (found.title, found.revision.number) == ("改过", 2)


def test_every_field_of_an_achievement_is_taken(load, university):
    full = row(
        1,
        text="摘要",
        advantages="优势",
        applications="应用",
        keywords=["电池", "低温"],
        field="nev",
        industries=["C36"],
        modes=["equity", "assignment"],
        district="erdao",
        trl=6,
        rights=[
            {"kind": "know_how", "status": "granted"},
            {"kind": "software_copyright", "number": "2026SR1", "status": "granted", "expires_on": "2076-01-01"},
        ],
        completers=[{"name": "示例甲", "share": 100}],
        price_min_fen=100,
        price_max_fen=200,
        confidential=make.CANARY,
        language="en",
    )  # fmt: skip
    assert load("achievements", university, full).exit_code == 0
    found = only()
    assert (found.advantages, found.applications, found.keywords, found.field) == (
        "优势",
        "应用",
        ["电池", "低温"],
        "nev",
    )
    assert (found.industries, found.district, found.trl) == (["C36"], "erdao", 6)
    assert found.modes == [Mode.EQUITY, Mode.ASSIGNMENT]
    assert [right["kind"] for right in found.rights] == [RightKind.KNOW_HOW, RightKind.SOFTWARE_COPYRIGHT]
    assert (found.completers, found.language) == ([{"name": "示例甲", "share": 100}], Language.ENGLISH)
    assert found.confidential == make.CANARY
    assert make.CANARY not in json.dumps(found.revision.body, ensure_ascii=False)


def test_every_field_of_a_need_is_taken(load, app):
    enterprise = accounts.make_organisation(E)
    full = row(
        7, text="难题", targets="指标", background="背景", keywords="电池，低温", min_trl=5, budget_max_fen=900,
        deadline_on="2027-06-30", anonymous=True,
    )  # fmt: skip
    assert load("needs", enterprise, full).exit_code == 0
    found = only(Need)
    assert (found.problem, found.targets, found.background, found.keywords) == (
        "难题",
        "指标",
        "背景",
        ["电池", "低温"],
    )
    assert (found.min_trl, found.budget_max_fen, found.deadline_on.isoformat()) == (5, 900, "2027-06-30")
    assert found.anonymous
    assert found.revision.body["organisation"] is None


@pytest.mark.parametrize(("title", "language"), [("动力电池", "zh"), ("Pulse heating of batteries", "en")])
def test_the_language_is_seen_from_the_text(load, university, title, language):
    load("achievements", university, row(1, title=title))
    assert only().language == language


def test_text_is_cleaned_of_what_no_database_should_hold(load, university):
    dirty = b'{"id": "a\\u0000b", "title": "\\u202e\\ud800  \\u5220 \\n x", "text": "e\\u0301\\u0007"}'
    assert load("achievements", university, dirty).exit_code == 0
    found = only()
    assert (found.external_id, found.title, found.summary) == ("ab", "删 x", "é")


def test_a_byte_order_mark_and_blank_lines_are_passed_over(load, university):
    assert load("achievements", university, b"\xef\xbb\xbf" + json.dumps(row(1)).encode(), b"", b"  ").exit_code == 0
    assert count() == 1


def test_fields_that_are_not_known_are_passed_over_and_named(load, university):
    result = load("achievements", university, row(1, src="csl", problem="属于需求"))
    assert result.exit_code == 0
    assert "problem, src" in result.stderr


# --- bad rows -------------------------------------------------------------------------------------------------------

BAD = [
    (b"{", "JSON"),
    (b'["a"]', "JSON"),
    (b'{"id": "a", "title": "\xff"}', "UTF-8"),
    (b"[" * 100_000, "JSON"),
    ({"title": "无号"}, "“id”"),
    ({"id": "", "title": "空号"}, "“id”"),
    ({"id": True, "title": "真"}, "“id”"),
    ({"id": "长" * 201, "title": "长号"}, "“id”"),
    ({"id": "a"}, "title"),
    ({"id": "a", "title": 7}, "“title”"),
    ({"id": "a", "title": "长" * 201}, "201"),
    ({"id": "a", "title": "题", "keywords": [1]}, "“keywords”"),
    ({"id": "a", "title": "题", "modes": ["gift"]}, "“modes”"),
    ({"id": "a", "title": "题", "trl": "6"}, "“trl”"),
    ({"id": "a", "title": "题", "trl": True}, "“trl”"),
    ({"id": "a", "title": "题", "trl": 11}, "1 to 9"),
    ({"id": "a", "title": "题", "field": "alchemy"}, "alchemy"),
    ({"id": "a", "title": "题", "language": "tlh"}, "“language”"),
    ({"id": "a", "title": "题", "price_min_fen": 1.5}, "“price_min_fen”"),
    ({"id": "a", "title": "题", "price_min_fen": 5, "price_max_fen": 4}, "upper amount"),
    ({"id": "a", "title": "题", "rights": [{"kind": "crown"}]}, "“rights”"),
    ({"id": "a", "title": "题", "rights": {"kind": "know_how"}}, "“rights”"),
    ({"id": "a", "title": "题", "completers": [{"share": 5}]}, "“completers”"),
    ({"id": "a", "title": "题", "completers": [{"name": "示例甲", "share": 50}]}, "50%"),
]


@pytest.mark.parametrize(("bad", "said"), BAD)
def test_a_bad_row_is_named_by_line_and_nothing_of_its_batch_is_written(load, university, bad, said):
    events = count(AuditEvent)
    result = load("achievements", university, row(1), bad, row(3))
    assert result.exit_code == 2
    assert "rows.jsonl, line 2: " in result.stderr
    assert said in result.stderr
    assert "0 written" in result.stdout
    assert (count(), count(Revision), count(AuditEvent)) == (0, 0, events)


def test_a_deadline_must_be_a_day(load, app):
    result = load("needs", accounts.make_organisation(E), row(1, deadline_on="soon"))
    assert (result.exit_code, count(Need)) == (2, 0)


def test_bad_rows_are_left_out_where_that_is_asked_for(load, university):
    result = load("achievements", university, row(1), b"{", row(3), row(1), options=("--skip-bad",))
    assert result.exit_code == 0
    assert "2 written, 0 already there, 2 bad" in result.stdout
    assert "line 2" in result.stderr
    assert "line 4: the id “x1” was already used in line 1" in result.stderr
    assert count() == 2


def test_what_was_written_before_a_bad_row_stays_and_is_told(load, university):
    rows = [row(number) for number in range(4)]
    result = load("achievements", university, *rows, b"{", row(9), row(10), options=("--batch", "2"))
    assert result.exit_code == 2
    assert "4 written, 0 already there, 1 bad" in result.stdout
    assert count() == 4


def test_a_batch_that_fails_midway_leaves_nothing_of_itself(load, university, monkeypatch):
    written = audit.record_many

    def fails_on_the_second(actor, event, model, facts_by_id):
        if count() > 2:
            raise RuntimeError("power cut")
        written(actor, event, model, facts_by_id)

    monkeypatch.setattr(audit, "record_many", fails_on_the_second)
    with pytest.raises(AssertionError, match="power cut"):
        load("achievements", university, *[row(number) for number in range(6)], options=("--batch", "2"))
    db.session.rollback()
    assert (count(), count(Revision)) == (2, 2)
    monkeypatch.undo()
    assert load("achievements", university, *[row(number) for number in range(6)]).exit_code == 0
    assert (count(), count(Revision)) == (6, 6)


# --- again, and not at all ------------------------------------------------------------------------------------------


def test_a_second_run_adds_only_what_is_new_and_changes_nothing(load, university):
    load("achievements", university, row(1), row(2))
    result = load("achievements", university, row(1, title="改了"), row(2), row(3))
    assert result.exit_code == 0
    assert "1 written, 2 already there, 0 bad" in result.stdout
    titles = list(db.session.scalars(select(Achievement.title).order_by(Achievement.external_id)))
    assert titles == ["成果1", "成果2", "成果3"]


def test_the_same_id_of_another_organisation_is_another_row(load, university):
    load("achievements", university, row(1))
    load("achievements", accounts.make_organisation(U), row(1))
    assert count() == 2


def test_a_dry_run_checks_everything_and_writes_nothing(load, university):
    load("achievements", university, row(1))
    events = count(AuditEvent)
    result = load("achievements", university, row(1), row(2), row(3), options=("--dry-run",))
    assert result.exit_code == 0
    assert "2 would be written, 1 already there, 0 bad" in result.stdout
    result = load("achievements", university, b"{", row(2), b"{", options=("--dry-run", "--batch", "1"))
    assert result.exit_code == 2
    assert "line 1:" in result.stderr
    assert "line 3:" in result.stderr
    assert (count(), count(AuditEvent)) == (1, events)


# --- for whom -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "owner", "said"),
    [
        ("achievements", "nobody", "No organisation has the credit code “nobody”"),
        ("achievements", E, "Achievements are posted by universities"),
        ("needs", U, "needs by enterprises"),
    ],
)
def test_the_owner_must_be_there_and_of_the_right_kind(load, kind, owner, said):
    result = load(kind, owner if owner == "nobody" else accounts.make_organisation(owner), row(1))
    assert result.exit_code == 2
    assert said in result.stderr
    assert count() + count(Need) == 0


def test_nothing_is_imported_for_an_organisation_that_is_not_verified(load, app):
    result = load("needs", accounts.make_organisation(E, verified=False), row(1))
    assert (result.exit_code, "not verified" in result.stderr) == (2, True)


def test_a_missing_file_is_named(app, university):
    result = CliRunner().invoke(cli.import_, ["needs", "/nowhere.jsonl", "--org", "x"], obj=lambda: app)
    assert result.exit_code == 2
    assert "/nowhere.jsonl" in result.stderr


def test_nobody_on_the_pages_can_publish_past_the_review(app):
    cast = make_cast()
    for actor in cast.actors.values():
        with pytest.raises(Unauthenticated if actor.anonymous else Forbidden), unit_of_work():
            imports.write_batch(actor, cast.university, model=Achievement, rows=[])


def test_the_worker_is_woken_after_an_import_and_not_after_a_dry_run(load, university, monkeypatch):
    woken = []
    monkeypatch.setattr(imports.jobs, "wake_worker", lambda: woken.append(1))
    load("achievements", university, row(1), options=("--dry-run",))
    assert woken == []
    load("achievements", university, row(1))
    assert woken == [1]
