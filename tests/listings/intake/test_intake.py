"""From a file to drafts: shown first, made by the worker, once, however often anything happens."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from matchmaker.accounts import services as accounts_services
from matchmaker.accounts.models import Membership, Organisation
from matchmaker.accounts.roles import Role
from matchmaker.core import access, clock
from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Forbidden, NotFound, WrongState
from matchmaker.core.files import FileEmpty
from matchmaker.listings import services as listings
from matchmaker.listings.intake import jobs, queries, reading, services
from matchmaker.listings.intake.models import Intake, IntakeEntry
from matchmaker.listings.intake.permissions import Can
from matchmaker.listings.intake.states import INTAKE, EntryState, IntakeState
from matchmaker.listings.models import Achievement, ListingState, Need
from tests.factories import accounts as people
from tests.factories import listings as make
from tests.factories.matching import refresh
from tests.listings.cast import E, U, make_cast

SECRET = "绝密配方七四零CANARY"


def jsonl(*rows):
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def rows(count, **fields):
    return jsonl(*({"id": f"x{n}", "title": f"第{n}项成果", **fields} for n in range(count)))


@pytest.fixture
def cast(app):
    return make_cast()


def begin(actor, content, name="成果.jsonl"):
    from matchmaker.accounts.queries import find_organisation

    with unit_of_work():
        return services.begin(
            actor, None, organisation=find_organisation(actor.organisation_id), name=name, content=content
        )


def settings(app):
    return app.extensions["matchmaker.settings"]


def work(app, times=1):
    for _ in range(times):
        db.session.rollback()
        jobs.take_in(settings(app))
    db.session.rollback()


def counts(intake):
    db.session.expire_all()
    return {state: count for state, count in queries.counts(intake).items() if count}


def drafts(model=Achievement):
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_nothing_is_saved_before_the_author_says_go(app, cast):
    intake = begin(cast.actors["researcher"], rows(3))
    assert intake.state == IntakeState.READING
    work(app)
    assert (intake.state, counts(intake), drafts()) == (IntakeState.OPEN, {EntryState.READY: 3}, 0)
    with unit_of_work():
        services.bring_in(cast.actors["researcher"], db.session.merge(intake))
    work(app)
    assert (intake.state, counts(intake)) == (IntakeState.DONE, {EntryState.WRITTEN: 3})
    found = list(db.session.scalars(select(Achievement)))
    assert {(row.state, row.author_id, row.external_id) for row in found} == {
        (ListingState.DRAFT, cast.actors["researcher"].user_id, f"x{n}") for n in range(3)
    }


def test_needs_come_in_for_an_enterprise(app, cast):
    intake = begin(cast.actors["member"], jsonl({"id": 1, "title": "除雪", "text": "积雪"}))
    work(app)
    with unit_of_work():
        services.bring_in(cast.actors["member"], db.session.merge(intake))
    work(app)
    assert db.session.scalars(select(Need)).one().problem == "积雪"


def test_the_same_file_on_its_way_is_one_and_later_brings_nothing_twice(app, cast):
    actor = cast.actors["researcher"]
    first = begin(actor, rows(2))
    assert begin(actor, rows(2), name="别名.jsonl").id == first.id
    work(app)
    with unit_of_work():
        services.bring_in(actor, db.session.merge(first))
    work(app)
    again = begin(actor, rows(2))
    assert again.id != first.id
    grown = begin(actor, rows(3))
    work(app)
    assert counts(again) == {EntryState.KNOWN: 2}
    assert counts(grown) == {EntryState.KNOWN: 2, EntryState.READY: 1}
    assert queries.find_earlier(again).id == first.id
    with pytest.raises(services.NothingToBringIn), unit_of_work():
        services.bring_in(actor, db.session.merge(again))
    assert again.state == IntakeState.OPEN


def test_a_file_of_another_organisation_is_a_file_of_its_own(app, cast):
    one = begin(cast.actors["researcher"], rows(1))
    other = begin(cast.actors["other_tto_officer"], rows(1))
    assert one.id != other.id


def test_faulty_entries_are_named_by_line_and_do_not_keep_the_others_out(app, cast):
    content = jsonl({"id": 1, "title": "甲"}, {"id": 2}, {"id": 3, "title": "乙", "trl": 77})
    intake = begin(cast.actors["researcher"], content)
    work(app)
    assert counts(intake) == {EntryState.READY: 1, EntryState.FAULTY: 2}
    faulty = list(db.session.scalars(queries.list_entries(intake, EntryState.FAULTY)))
    assert [(entry.line, [fault["field"] for fault in entry.faults]) for entry in faulty] == [
        (2, ["title"]),
        (3, ["trl"]),
    ]


def test_what_looks_like_an_entry_of_ours_waits_for_a_word(app, cast):
    actor = cast.actors["researcher"]
    own = make.make_achievement(cast.university, author=actor)
    other = make.make_achievement(
        title="玉米秸秆还田机具", summary="秸秆粉碎后还田，低温腐解，亩成本十八元，出苗率九成二以上，已示范三年。"
    )
    refresh()
    summary = make.SUMMARY[: len(make.SUMMARY) * 3 // 4]
    content = jsonl(
        {"id": 1, "title": "动力电池的低温自加热", "text": summary, "keywords": ["电池", "低温"]},
        {"id": 2, "title": other.title, "text": other.summary},
        {"id": 3, "title": "动力电池 低温自加热技术", "text": ""},
        {"id": 4, "title": "煤矿瓦斯抽采监测", "text": "井下瓦斯浓度在线监测，误差小于百分之二，连续运行两年。"},
    )
    intake = begin(actor, content)
    work(app)
    found = {entry.line: entry for entry in db.session.scalars(queries.list_entries(intake))}
    assert (found[1].state, found[1].listing_id) == (EntryState.ALIKE, own.id)
    assert 50 <= found[1].percent <= 100
    assert found[2].state == EntryState.READY  # of somebody else: nothing is said of it
    assert (found[3].state, found[3].listing_id) == (EntryState.ALIKE, own.id)  # the same title
    assert found[4].state == EntryState.READY
    with unit_of_work():
        services.bring_in(actor, db.session.merge(intake), also_alike=True)
    work(app)
    assert counts(intake) == {EntryState.WRITTEN: 4}


def test_two_entries_of_a_file_that_say_the_same_are_told_of(app, cast):
    make.make_achievement()
    refresh()
    text = {"text": make.SUMMARY, "keywords": ["电池", "低温"]}
    intake = begin(cast.actors["researcher"], jsonl({"id": 1, "title": "甲", **text}, {"id": 2, "title": "乙", **text}))
    work(app)
    first, second = db.session.scalars(queries.list_entries(intake))
    assert first.state == EntryState.READY
    assert (second.state, second.twin_line) == (EntryState.ALIKE, 1)


def test_a_worker_that_is_killed_goes_on_where_it_was(app, cast, monkeypatch):
    actor = cast.actors["researcher"]
    monkeypatch.setattr(jobs, "BATCH", 2)
    intake = begin(actor, rows(5))
    work(app)
    with unit_of_work():
        services.bring_in(actor, db.session.merge(intake))
    create, made = listings.create_achievement, []

    def killed(*args, **kwargs):
        made.append(1)
        if len(made) == 4:
            raise KeyboardInterrupt  # as a signal would, in the middle of the second batch
        return create(*args, **kwargs)

    monkeypatch.setattr(listings, "create_achievement", killed)
    with pytest.raises(KeyboardInterrupt):
        work(app)
    db.session.rollback()
    assert counts(intake) == {EntryState.WRITTEN: 2, EntryState.READY: 3}
    assert drafts() == 2
    work(app)
    assert (intake.state, drafts()) == (IntakeState.DONE, 5)


def test_stopped_it_keeps_what_was_made_and_goes_on_later(app, cast, monkeypatch):
    actor = cast.actors["researcher"]
    monkeypatch.setattr(jobs, "BATCH", 2)
    monkeypatch.setattr(jobs, "SECONDS", 0.0)
    intake = begin(actor, rows(5, confidential=SECRET))
    work(app)
    with unit_of_work():
        services.bring_in(actor, db.session.merge(intake))
    work(app)
    with unit_of_work():
        services.stop(actor, db.session.merge(intake))
    work(app)
    assert counts(intake) == {EntryState.WRITTEN: 2, EntryState.READY: 3}
    with unit_of_work():
        services.bring_in(actor, db.session.merge(intake))
    work(app, 3)
    assert (intake.state, drafts()) == (IntakeState.DONE, 5)


def test_what_a_file_said_is_forgotten_once_it_is_done_or_thrown_away(app, cast):
    actor = cast.actors["researcher"]
    kept = begin(actor, rows(2, confidential=SECRET))
    thrown = begin(actor, rows(1, confidential=SECRET, text="别的"))
    work(app)
    with unit_of_work():
        services.bring_in(actor, db.session.merge(kept))
        services.discard(actor, db.session.merge(thrown))
    work(app)
    for row in db.session.scalars(select(Intake)):
        assert (row.content, row.live_key) == (None, None)
    assert {entry.facts for entry in db.session.scalars(select(IntakeEntry))} == {None}
    for event in db.session.scalars(select(AuditEvent)):
        assert SECRET not in json.dumps(event.facts, ensure_ascii=False)
    assert {row.confidential for row in db.session.scalars(select(Achievement))} == {SECRET}


def test_who_may_not_post_any_more_stops_it_and_someone_else_goes_on(app, cast):
    intake = begin(cast.actors["researcher"], rows(2))
    work(app)
    with unit_of_work():
        services.bring_in(cast.actors["researcher"], db.session.merge(intake))
    member = db.session.scalars(select(Membership).where(Membership.user_id == cast.actors["researcher"].user_id)).one()
    with unit_of_work():
        accounts_services.remove_member(people.SYSTEM, db.session.merge(member))
    work(app)
    assert (intake.state, intake.fault["phrase"]) == (IntakeState.STOPPED, services.NoLongerAllowed.phrase)
    assert drafts() == 0
    with unit_of_work():
        services.bring_in(cast.actors["tto_officer"], db.session.merge(intake))
    work(app)
    assert drafts() == 2


def test_a_file_that_cannot_be_read_is_refused_with_its_reason(app, cast, monkeypatch):
    monkeypatch.setattr(reading, "MOST_ENTRIES", 2)
    intake = begin(cast.actors["researcher"], rows(3))
    work(app)
    assert intake.state == IntakeState.REFUSED
    assert intake.fault == {"phrase": reading.TooManyEntries.phrase, "facts": {"most": 2}, "field": "file"}


def test_a_reader_that_breaks_does_not_hold_up_the_other_files(app, cast, monkeypatch, caplog):
    first = begin(cast.actors["researcher"], rows(1))
    second = begin(cast.actors["member"], jsonl({"id": 1, "title": "需求"}))
    real = reading.read

    def read(content, noun, *rest):
        if noun == "achievement":
            raise RuntimeError(SECRET)
        return real(content, noun, *rest)

    monkeypatch.setattr(reading, "read", read)
    work(app)
    assert (first.state, second.state) == (IntakeState.REFUSED, IntakeState.OPEN)
    assert SECRET not in caplog.text


def test_forgotten_files_are_thrown_away(app, cast, monkeypatch):
    intake = begin(cast.actors["researcher"], rows(1))
    work(app)
    later = clock.now() + queries.FORGOTTEN_AFTER + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    work(app)
    assert intake.state == IntakeState.DISCARDED


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", FileEmpty),
        (b" \n ", FileEmpty),
        (b"x" * (reading.MOST_BYTES + 1), services.IntakeTooLarge),
        (b"\x00\x01", reading.KindUnknown),
    ],
)
def test_what_can_be_seen_at_once_is_refused_at_once(app, cast, content, error):
    with pytest.raises(error) as caught:
        begin(cast.actors["researcher"], content)
    assert caught.value.field == "file"
    assert db.session.scalar(select(func.count()).select_from(Intake)) == 0


def test_an_organisation_has_only_so_many_files_on_their_way(app, cast):
    for number in range(services.MOST_LIVE):
        begin(cast.actors["researcher"], rows(number + 1))
    with pytest.raises(services.TooManyIntakes):
        begin(cast.actors["tto_officer"], rows(9))


# --- states and rights ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["bring_in", "stop", "discard"])
def test_only_the_steps_of_its_state_are_open(app, cast, action):
    actor = cast.actors["researcher"]
    intake = begin(actor, rows(1))
    work(app)
    with unit_of_work():
        services.discard(actor, db.session.merge(intake))
    with pytest.raises(WrongState), unit_of_work():
        getattr(services, action)(actor, db.session.merge(intake))
    assert INTAKE.open_actions(intake.state) == ()


def test_both_faces_of_every_rule_agree_and_strangers_see_nothing(app, cast):
    mine = begin(cast.actors["researcher"], rows(1))
    begin(cast.actors["signatory"], jsonl({"id": 1, "title": "需求"}))
    found = list(db.session.scalars(select(Intake)))
    sees = set()
    for permission in (Can.INTAKE_VIEW, Can.INTAKE_CHANGE):
        for name, actor in cast.actors.items():
            one = {row.id for row in found if access.may(actor, permission, row)}
            assert one == set(db.session.scalars(select(Intake.id).where(access.visible(actor, permission)))), name
            sees |= {name} if mine.id in one else set()
    assert sees == {"researcher", "tto_officer"}


def test_a_stranger_cannot_touch_it_and_who_posts_nothing_cannot_begin(app, cast):
    intake = begin(cast.actors["researcher"], rows(1))
    work(app)
    for name in ("colleague", "other_tto_officer", "administrator"):
        with pytest.raises(NotFound), unit_of_work():
            services.bring_in(cast.actors[name], db.session.merge(intake))
    for name in ("technology_manager", "reviewer"):
        with pytest.raises(Forbidden):
            begin(cast.actors[name], rows(1))


def test_nobody_begins_for_another_organisation(app, cast):
    with pytest.raises(NotFound), unit_of_work():
        services.begin(cast.actors["researcher"], None, organisation=cast.enterprise, name="x", content=rows(1))


def test_the_kinds_of_organisation_bring_what_they_post():
    assert (services.noun_of(U), services.noun_of(E)) == ("achievement", "need")
    assert Role.RESEARCHER  # the cast's researcher posts achievements


def test_nobody_waits_to_write_while_entries_are_compared(app, cast, monkeypatch):
    compared = []

    def twins_of(organisation_id, noun, texts):
        with pytest.raises(DBAPIError):  # a transaction that reads alone: whoever wants to write can
            db.session.execute(update(Organisation).values(name="x"))
        db.session.rollback()
        compared.append(len(texts))
        return {}

    monkeypatch.setattr(listings, "twins_of", twins_of)
    intake = begin(cast.actors["researcher"], rows(3))
    work(app)
    assert (compared, intake.state) == ([3], IntakeState.OPEN)
