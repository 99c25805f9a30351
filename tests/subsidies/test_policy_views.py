"""Pages of the policy: catalogue, clauses, navigator, values and the bad-credit list."""

from __future__ import annotations

import html
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, RecognitionKind, Role
from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.deals.states import DealState
from matchmaker.subsidies import policies, rulebook
from matchmaker.subsidies.catalogue import BUILT_IN, Per
from matchmaker.subsidies.catalogue_reader import load_conditions, load_evidence
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.policy_models import DiscreditedParty, PolicyChange
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import make_actor, make_organisation, next_credit_code
from tests.factories.deals import BROKER, make_deal
from tests.factories.subsidies import make_bureau, make_claim
from tests.subsidies.test_gather import recognise
from tests.subsidies.test_policy_services import START, decide, propose
from tests.subsidies.test_views import EN, as_, counted, heading, text

CATALOGUE = policies.current().catalogue


def shown(page: str) -> list[str]:
    return [clause.id for clause in CATALOGUE if f'href="/policy/{clause.id}"' in page]


# --- catalogue ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("", lambda c: True),
        ("part=P3", lambda c: c.id.startswith("P3-")),
        ("kind=intermediary", lambda c: "intermediary" in c.beneficiary_kinds),
        ("rate=recorded", lambda c: False),
        ("rate=missing", lambda c: c.kind == "cap"),
        ("q=中介机构", lambda c: c.id in ("P3-4",)),
        ("q=national+key", lambda c: c.id in ("P1-2", "P1-4", "P1-5")),
        ("part=P9", lambda c: False),
        ("part=P1&kind=enterprise&rate=missing", lambda c: c.id in ("P1-5", "P1-6")),
    ],
)
def test_the_catalogue_is_searched_by_words_part_kind_and_rate(
    app: Flask, client: FlaskClient, query: str, fits: Any
) -> None:
    answer = client.get(f"/policy?{query}")
    assert answer.status_code == 200
    assert shown(text(answer)) == [clause.id for clause in CATALOGUE if fits(clause)]


def test_parts_are_named_as_the_source_heads_them(app: Flask, client: FlaskClient) -> None:
    chinese, english = text(client.get("/policy")), text(client.get("/policy", headers=EN))
    assert "市场导向：科技成果转化新机制" in chinese
    assert "Market first: new ways to transfer results" in english
    assert [part.id for part in CATALOGUE.parts] == ["P1", "P2", "P3", "P4", "P5", "P6", "P7"]


def test_each_clause_shows_source_conditions_evidence_and_cases(app: Flask, client: FlaskClient) -> None:
    for clause in CATALOGUE:
        page = text(client.get(f"/policy/{clause.id}"))
        english = text(client.get(f"/policy/{clause.id}", headers=EN))
        words = [clause.source_phrase, *(rule.label.zh for rule in clause.conditions)]
        words += [document.label.zh for document in clause.evidence]
        cases = [case for case in policies.shipped_cases() if case.clause.id == clause.id]
        words += [case.label.zh for case in cases]
        assert [word for word in words if word not in page] == []
        assert [case.id for case in cases if case.label.en not in english] == []
        assert ("细则未收录" in page) == clause.pays
        assert page.count("<details>") == len(cases) >= 1


def test_a_clause_shows_every_value_with_its_day_and_source(app: Flask, client: FlaskClient) -> None:
    bureau = make_bureau()
    decide(bureau.administrator, propose(bureau.reviewer))
    page = text(client.get("/policy/P3-4"))
    assert "2026年7月1日" in page
    assert "示例实施细则第十二条" in page
    assert page.count("3%") >= 1
    assert shown(text(client.get("/policy?rate=recorded"))) == (["P3-4"] if clock.today() >= START else [])


def test_the_action_plan_shows_its_six_projects_and_sixteen_actions(app: Flask, client: FlaskClient) -> None:
    tasks = policies.targets().tasks
    assert (len(tasks), sum(len(task.actions) for task in tasks)) == (6, 16)
    page = text(client.get("/policy/targets"))
    for task in tasks:
        assert all(label.zh in page for label in (task.label, *task.actions))
        assert task.label.zh in task.source_phrase


def test_a_clause_that_does_not_exist_is_missing(app: Flask, client: FlaskClient) -> None:
    assert client.get("/policy/P9-9").status_code == 404


# --- navigator ------------------------------------------------------------------------------------------------------


def test_the_navigator_shows_what_fits_and_what_is_missing_with_the_way_there(app: Flask, client: FlaskClient) -> None:
    actor = make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY)
    recent = clock.today() - timedelta(days=30)
    organisation = db.session.get_one(Organisation, actor.organisation_id)
    recognise(organisation, RecognitionKind.HIGH_TECH, "GR1", recent, recent.replace(year=recent.year + 3))
    answer = as_(client, actor).get("/policy/navigator")
    page = text(answer)
    assert answer.status_code == 200
    assert "现在就符合" in page
    assert page.index("P4-3") < page.index("接近符合：尚缺条件</h2>") < page.index('href="/policy/P4-4"')
    assert f'href="/organisations/{organisation.id}/recognitions/new"' in page
    assert heading(client.get("/policy/navigator", headers=EN)).startswith("Subsidies for")
    assert 'href="/policy/navigator"' in text(client.get("/policy"))


def test_a_deal_that_comes_near_is_linked_with_the_claim(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True, title="示例许可交易")
    page = text(as_(client, play.actors[BROKER]).get("/policy/navigator"))
    assert "示例许可交易" in page
    assert f'href="/deals/{play.deal.id}"' in page


def test_only_members_and_the_bureau_see_the_navigator_of_an_organisation(app: Flask, client: FlaskClient) -> None:
    organisation = make_organisation()
    address = f"/policy/navigator/{organisation.id}"
    assert client.get(address).status_code == 302
    assert client.get("/policy/navigator").status_code == 302
    bureau = make_bureau()
    for actor in (bureau.reviewer, bureau.administrator, bureau.auditor):
        assert as_(client, actor).get(address).status_code == 200
    assert as_(client, bureau.reviewer).get("/policy/navigator").status_code == 404
    stranger = make_actor(OrganisationKind.ENTERPRISE)
    assert as_(client, stranger).get(address).status_code == 403
    assert as_(client, stranger).get(f"/policy/navigator/{stranger.organisation_id}").status_code == 200
    assert as_(client, stranger).get(f"/policy/navigator/{uuid.uuid4()}").status_code == 404
    hidden = make_organisation(verified=False)
    unseen, missing = (client.get(f"/policy/navigator/{id}") for id in (hidden.id, uuid.uuid4()))
    assert (unseen.status_code, missing.status_code) == (404, 404)


def test_the_navigator_stands_in_the_menu_of_whom_it_is_for_and_prints(app: Flask, client: FlaskClient) -> None:
    entry = 'href="/policy/navigator"'
    for kind in (OrganisationKind.UNIVERSITY, OrganisationKind.ENTERPRISE, OrganisationKind.INTERMEDIARY):
        assert entry in text(as_(client, make_actor(kind)).get("/policy/targets"))
    page = text(as_(client, make_actor(OrganisationKind.ENTERPRISE)).get("/policy/navigator"))
    assert "data-print" in page
    assert 'class="card-box printed"' in page  # the list that is folded on the screen
    assert entry not in text(as_(client, make_bureau().reviewer).get("/policy/targets"))
    style = (Path(app.root_path) / "static" / "app.css").read_text(encoding="utf-8").split("@media print {")[1]
    assert "details.printed" in style.split("\n}")[0]


def test_the_navigator_is_read_in_few_statements(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    as_(client, play.actors[BROKER])
    with counted() as statements:
        assert client.get("/policy/navigator").status_code == 200
    assert len(statements) <= 12


# --- values ---------------------------------------------------------------------------------------------------------

FORM = {
    "clause_id": "P3-4",
    "from_on": "2026-07-01",
    "source": "示例实施细则第十二条",
    "rate": "3%",
    "base": ["approved_fen", "receipts_fen"],
}


def test_one_person_proposes_and_another_confirms(app: Flask, client: FlaskClient) -> None:
    bureau = make_bureau()
    answer = as_(client, bureau.reviewer).post("/policy/values/new", data=FORM, follow_redirects=True)
    page = text(answer)
    change = db.session.query(PolicyChange).one()
    assert change.body == {"rate": "3/100", "base": ["approved_fen", "receipts_fen"]}
    assert "已提出" in page
    assert "等待科技部门第二人" in page
    assert "/confirm" not in page
    assert client.post(f"/policy/values/{change.id}/confirm").status_code == 403
    page = text(as_(client, bureau.administrator).get(f"/policy/values/{change.id}"))
    assert "核定技术交易额" in page
    answer = client.post(f"/policy/values/{change.id}/confirm", follow_redirects=True)
    assert "已确认" in text(answer)
    assert "3%" in text(client.get("/policy/P3-4"))
    listed = text(client.get("/policy/values"))
    assert f"/policy/values/{change.id}" in listed
    assert "尚未录入" in text(client.get("/policy/values?waiting=1"))


def test_refusing_needs_a_reason_and_keeps_the_page(app: Flask, client: FlaskClient) -> None:
    bureau = make_bureau()
    change = propose(bureau.reviewer)
    as_(client, bureau.administrator)
    answer = client.post(f"/policy/values/{change.id}/refuse")
    assert answer.status_code == 422
    assert "请写明不予确认的理由" in text(answer)
    answer = client.post(f"/policy/values/{change.id}/refuse", data={"reason": "与细则不符"}, follow_redirects=True)
    assert "与细则不符" in text(answer)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": "300%"}, "须大于零且不超过百分之百"),
        ({"rate": "three"}, "须大于零且不超过百分之百"),
        ({"base": []}, "填写费率时须选定计算基数"),
        ({"rate": ""}, "请填写费率"),
        ({"rate": "", "base": []}, "至少变更一项"),
        ({"clause_id": "P4-5a"}, "只有设最高限额的条款可以有费率"),
        ({"from_on": "2024-12-31"}, "变更不得早于该日"),
        ({"source": ""}, "请填写"),
    ],
)
def test_a_wrong_entry_is_answered_at_its_field_and_kept(
    app: Flask, client: FlaskClient, changes: dict[str, Any], words: str
) -> None:
    as_(client, make_bureau().reviewer)
    answer = client.post("/policy/values/new", data={**FORM, **changes})
    page = text(answer)
    assert answer.status_code == 422
    assert 'id="errors"' in page
    assert words in page
    assert {**FORM, **changes}["source"] in page
    assert db.session.query(PolicyChange).count() == 0


def test_values_and_list_are_for_the_bureau_alone(app: Flask, client: FlaskClient) -> None:
    bureau = make_bureau()
    change = propose(bureau.reviewer)
    addresses = ("/policy/values", "/policy/values/new", f"/policy/values/{change.id}", "/policy/credit")
    for address in addresses:
        assert client.get(address).status_code == 302
    as_(client, make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER))
    for address in addresses:
        assert client.get(address).status_code == 403
    as_(client, bureau.auditor)
    assert [client.get(address).status_code for address in addresses] == [200, 403, 200, 200]
    assert client.post(f"/policy/values/{change.id}/confirm").status_code == 403


# --- the text of a clause ---------------------------------------------------------------------------------------------

NEW = "/policy/values/new?clause=P3-4"
PLAIN = {"clause_id": "P3-4", "from_on": "2026-07-01", "source": "示例实施细则第八条"}
LARGE = """
- id: large_enough
  zh: 到账金额不少于1万元
  en: At least 10,000 yuan came in
  when: {fact: receipts_fen, at_least: 1000000}
  change_zh: 待款项到账后申报。
  change_en: Claim once the money is there.
  basis: policy
""".strip()


def shown_text(page: str, name: str) -> str:
    """What stands in a text field of a page."""
    return html.unescape(page.split(f'name="{name}"')[1].split(">", 1)[1].split("</textarea>")[0]).strip()


def test_the_text_of_a_clause_stands_in_the_form_and_unchanged_changes_nothing(app: Flask, client: FlaskClient) -> None:
    page = text(as_(client, make_bureau().reviewer).get(NEW))
    kept = {name: shown_text(page, name) for name in ("conditions", "evidence")}
    assert load_conditions(kept["conditions"]) == CATALOGUE.clause("P3-4").conditions
    assert load_evidence(kept["evidence"]) == CATALOGUE.clause("P3-4").evidence
    answer = client.post(NEW, data={**PLAIN, **kept})
    assert (answer.status_code, "至少变更一项" in text(answer)) == (422, True)
    client.post(NEW, data={**PLAIN, **kept, "minimum_fen": "500"})
    assert db.session.query(PolicyChange).one().body == {"minimum_fen": 50_000}


def test_conditions_evidence_and_period_are_proposed_with_what_the_worked_cases_say(
    app: Flask, client: FlaskClient
) -> None:
    bureau = make_bureau()
    old = make_claim(ClaimState.SUBMITTED).claim.clause_frozen
    as_(client, bureau.reviewer)
    entry = {**PLAIN, "conditions": LARGE, "evidence": "[]", "per": "once"}
    page = text(client.post(NEW, data=entry, headers=EN, follow_redirects=True))
    change = db.session.query(PolicyChange).one()
    assert set(change.body) == {"per", "conditions", "evidence"}
    compared = rulebook.compare_cases(change)
    own = [case for case in policies.shipped_cases() if case.clause.id == "P3-4"]
    assert [one.case for one in compared] == own
    changed = [one for one in compared if one.differs]
    assert f"{len(changed)} of {len(own)} worked cases" in page
    assert len(changed) > 0
    for one in compared:
        receipts = one.case.situation.facts.get("receipts_fen")
        met = None if receipts is None else int(str(receipts)) >= 1_000_000
        codes = {condition.code: condition.met for condition in one.after.conditions}
        assert codes["large_enough"] is met
        assert "verified" not in codes
        assert one.before == one.case.judge()  # nothing else has been set
    rulebook_page = text(client.get("/policy/P3-4", headers=EN))
    assert "At least 10,000 yuan came in" not in rulebook_page  # not before the second person
    as_(client, bureau.administrator).post(f"/policy/values/{change.id}/confirm")
    assert "At least 10,000 yuan came in" in text(client.get("/policy/P3-4", headers=EN))
    after = text(client.get(f"/policy/values/{change.id}", headers=EN))
    assert f"{len(changed)} of {len(own)} worked cases" in after
    clause = rulebook.clause_on("P3-4", START)
    assert ([rule.id for rule in clause.conditions], clause.evidence, clause.per) == (["large_enough"], (), Per.ONCE)
    assert db.session.query(Claim).one().clause_frozen == old
    assert rulebook.clause_on("P3-4", START - timedelta(days=1)) == CATALOGUE.clause("P3-4").on(START)


@pytest.mark.parametrize(
    ("name", "entry", "line"),
    [
        ("conditions", LARGE.replace("receipts_fen", "receits_fen"), 4),
        ("conditions", LARGE.replace("at_least", "has"), 4),
        ("conditions", LARGE.replace("basis: policy", "basis: hearsay"), 7),
        ("conditions", LARGE.replace("\n  basis: policy", ""), 1),
        ("conditions", LARGE + "\n" + LARGE, 8),
        ("conditions", LARGE.replace("1000000}", "1000000"), 5),
        ("conditions", "claims are welcome", 1),
        *(("conditions", LARGE.replace("large_enough", code), 1) for code in sorted(BUILT_IN)),
        ("conditions", LARGE.replace("large_enough", "met/other"), 1),
        ("evidence", "- {id: other, zh: 申报书, en: Form, basis: law, needed: true}", 1),
        ("evidence", "- {id: 申报书, zh: 申报书, en: Form, basis: law, needed: true}", 1),
        ("evidence", "- {id: form, zh: 申报书, en: Form, basis: law, needed: maybe}", 1),
        ("evidence", "- &a {id: form, zh: 申报书, en: Form, basis: law, needed: true}\n- *a", 2),
    ],
)
def test_a_fault_in_the_text_is_named_with_its_line_and_the_text_kept(
    app: Flask, client: FlaskClient, name: str, entry: str, line: int
) -> None:
    as_(client, make_bureau().reviewer)
    label = {"conditions": "Conditions for a claim", "evidence": "Evidence"}[name]
    answer = client.post(NEW, data={**PLAIN, name: entry}, headers=EN)
    page = html.unescape(text(answer))
    assert answer.status_code == 422
    assert f"{label}, line {line}" in page
    assert f'href="#field-{name}"' in page
    assert shown_text(text(answer), name) == entry
    assert "行" in text(client.post(NEW, data={**PLAIN, name: entry}))
    assert db.session.query(PolicyChange).count() == 0


# --- the bad-credit list --------------------------------------------------------------------------------------------


def test_an_administrator_enters_and_lifts_a_party(app: Flask, client: FlaskClient) -> None:
    bureau = make_bureau()
    as_(client, bureau.administrator)
    entry = {"credit_code": next_credit_code(), "name": "示例失信公司", "listed_on": "2026-03-01", "source": "示例名单"}
    wrong = client.post("/policy/credit", data={**entry, "credit_code": "91220101MA0000000X"})
    assert wrong.status_code == 422
    assert 'id="errors"' in text(wrong)
    page = text(client.post("/policy/credit", data=entry, follow_redirects=True))
    assert "示例失信公司" in page
    row = db.session.query(DiscreditedParty).one()
    page = text(client.post(f"/policy/credit/{row.id}/lift", follow_redirects=True))
    assert "已移出名单" in page
    assert f"/policy/credit/{row.id}/lift" not in page
    assert "名单为空" in text(client.get("/policy/credit?q=没有"))
    as_(client, bureau.auditor)
    assert client.post("/policy/credit", data=entry).status_code == 403
