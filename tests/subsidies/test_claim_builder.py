"""The form of a claim for deals: the verdict while deals are chosen, and other deals for a draft."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import db as core_db
from matchmaker.core.db import db
from matchmaker.deals.states import DealState
from matchmaker.subsidies import claim_views, queries, rulebook, services
from matchmaker.subsidies.models import Claim, ClaimDeal, ClaimPaper
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.services import AlreadyClaimed, NotYourPart
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import make_actor, unit
from tests.factories.deals import BROKER, Play, make_deal
from tests.factories.subsidies import P3_4, Case, draft, make_bureau, make_claim, record
from tests.subsidies.test_policy_services import START, THREE_PERCENT, decide, propose
from tests.subsidies.test_several_deals import WAN, case_of, plays  # noqa: F401 (a fixture)
from tests.subsidies.test_views import EN, as_, counted, reread, text, url

NEW = "/claims/new?clause=P3-4"


def edited(case: Case, deals: list[Play], **facts: Any) -> Claim:
    with unit():
        claim = db.session.get_one(Claim, case.claim.id)
        facts = {"requested_fen": claim.requested_fen, "statement": claim.statement, **facts}
        services.edit_claim(case.claimant, claim, deals=[play.deal for play in deals], **facts)
    return reread(claim)


def tried(page: str) -> str:
    return page.split('id="tried"')[1].split("<aside>")[0]


# --- the verdict while deals are chosen -----------------------------------------------------------------------------


def test_the_verdict_follows_the_deals_chosen_and_nothing_is_kept(app: Flask, client: FlaskClient) -> None:
    with unit():
        first = record(make_deal(DealState.PAYING, broker=True))
        actors = [first.actors, *({**make_deal(broker=False).actors, BROKER: first.actors[BROKER]} for _ in range(2))]
        plays = [first, *(record(make_deal(DealState.PAYING, actors=one)) for one in actors[1:])]
    bureau = make_bureau()
    decide(bureau.administrator, propose(bureau.reviewer))
    assert rulebook.clause_on(P3_4, START).rate == THREE_PERCENT["rate"]
    plays[0].pay(5 * WAN)
    plays[2].pay(2 * WAN)
    as_(client, plays[0].actors[BROKER])
    sums = {}
    for chosen in ((0,), (0, 2), (1,)):
        data = {"look": "1", "deal": [str(plays[number].deal.id) for number in chosen], "statement": "写了一半"}
        answer = client.post(NEW, data=data, headers=EN)
        page = text(answer)
        assert answer.status_code == 200
        assert 'id="errors"' not in page  # a look finds no fault with what is not filled in yet
        assert "写了一半" in page
        for number, play in enumerate(plays):
            assert bool(re.search(rf'value="{play.deal.id}"[^>]*checked|checked[^>]*value="{play.deal.id}"', page)) == (
                number in chosen
            )
        sums[chosen] = re.findall(r"¥[\d,]+\.\d\d", tried(page))
    assert "¥1,500.00" in sums[0,]  # 3 % of 50,000 yuan
    assert "¥2,100.00" in sums[0, 2]
    assert "¥1,500.00" not in sums[1,]
    db.session.rollback()
    for table in (Claim, ClaimDeal, ClaimPaper):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_what_is_tried_is_what_the_draft_says(plays: list[Play]) -> None:  # noqa: F811
    actor, deals = plays[0].actors[BROKER], [play.deal for play in plays[:2]]
    stated = {"service_shown": True}
    facts: dict[str, Any] = {"clause_id": P3_4, "requested_fen": 5 * WAN, "stated": stated}
    before = queries.current_verdict(services.try_claim(actor, deals, **facts))
    db.session.rollback()
    claim = draft(actor, deals[0], further=deals[1:], requested_fen=5 * WAN, stated=stated)
    assert queries.current_verdict(reread(claim)) == before


def test_without_a_deal_or_for_another_clause_the_look_says_what_it_can(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    page = text(as_(client, play.actors[BROKER]).post(NEW, data={"look": "1"}, headers=EN))
    assert "Choose a deal" in tried(page)
    officer = make_actor(OrganisationKind.UNIVERSITY, Role.TTO_OFFICER)
    entry = {"look": "1", "fact_industry_professors": "2"}
    page = text(as_(client, officer).post("/claims/new?clause=P6-1", data=entry, headers=EN))
    assert "¥200,000.00" in tried(page)  # two persons, 100,000 yuan each


def test_the_form_asks_for_the_verdict_by_itself_and_by_a_button(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    page = text(as_(client, play.actors[BROKER]).get(NEW))
    assert f'hx-post="{NEW}"' in page
    assert 'name="look"' in page
    assert 'id="tried"' in page


def test_a_look_reads_as_often_for_many_deals_as_for_one(
    app: Flask,
    client: FlaskClient,
    plays: list[Play],  # noqa: F811
) -> None:
    chosen = [str(play.deal.id) for play in plays]
    as_(client, plays[0].actors[BROKER])
    found = []
    for deals in (chosen[:2], chosen):
        with counted() as statements:
            assert client.post(NEW, data={"look": "1", "deal": deals}).status_code == 200
        found.append(len(statements))
    assert found[0] == found[1]


# --- other deals for a draft ----------------------------------------------------------------------------------------


def test_a_draft_counts_other_deals_with_what_they_record(plays: list[Play]) -> None:  # noqa: F811
    case = case_of(plays[:2])
    first = {paper.number for paper in case.claim.papers}
    case.enter(kind=PaperKind.INVOICE, number="发票 7701", fen=WAN, dated_on=plays[0].deal.signed_on)
    claim = edited(case, [plays[1], plays[2]])
    assert claim.deals == [plays[1].deal, plays[2].deal]
    assert (claim.deal, claim.subject) == (plays[1].deal, f"{plays[1].deal.title}（2）")
    assert [row.used_key for row in claim.deal_rows] == [f"{P3_4}:{deal.id}" for deal in claim.deals]
    assert claim.live_key == f"{P3_4}:{plays[1].deal.id}"
    numbers = {paper.number for paper in claim.papers}
    assert len(numbers & first) == 1  # that of the deal that stayed
    assert "发票 7701" in numbers  # what the claimant entered
    assert len(numbers) == 3
    again = draft(plays[0].actors[BROKER], plays[0].deal)  # the deal that went is free
    assert {paper.number for paper in again.papers} == first - numbers


def test_a_deal_of_others_or_of_another_claim_is_refused_and_the_draft_stays(plays: list[Play]) -> None:  # noqa: F811
    case = case_of(plays[:2])
    strange = make_deal(DealState.ON_TRIAL, broker=True)
    draft(plays[0].actors[BROKER], plays[2].deal)
    for deals, refusal in (
        ([plays[0], strange], NotYourPart),
        ([], NotYourPart),
        ([plays[0], plays[2]], AlreadyClaimed),
    ):
        with pytest.raises(refusal):
            edited(case, deals)
        db.session.rollback()
        claim = reread(case.claim)
        assert claim.deals == [play.deal for play in plays[:2]]
        assert len(claim.papers) == 2


def test_the_page_offers_its_own_deals_and_the_free_ones(
    app: Flask,
    client: FlaskClient,
    plays: list[Play],  # noqa: F811
) -> None:
    case = case_of(plays[:1])
    draft(plays[0].actors[BROKER], plays[1].deal)
    page = text(as_(client, case.claimant).get(url(case, "/edit")))
    assert [str(play.deal.id) in page for play in plays] == [True, False, True]
    data = {"deal": [str(plays[2].deal.id)], "requested_fen": "30000", "statement": "改"}
    assert client.post(url(case, "/edit"), data=data).status_code == 302
    assert reread(case.claim).deals == [plays[2].deal]
    refused = client.post(url(case, "/edit"), data={**data, "deal": []})
    assert (refused.status_code, 'href="#field-deal"' in text(refused)) == (422, True)
    refused = client.post(url(case, "/edit"), data={**data, "deal": [str(plays[1].deal.id)]})
    assert refused.status_code == 422
    assert reread(case.claim).deals == [plays[2].deal]


def test_what_was_handed_in_keeps_its_deals(app: Flask, client: FlaskClient) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    data = {"deal": [str(case.play.deal.id)], "requested_fen": "1", "statement": "改"}
    assert as_(client, case.claimant).post(url(case, "/edit"), data=data).status_code == 403


# --- the write lock -------------------------------------------------------------------------------------------------


def test_a_refused_form_is_drawn_when_others_can_write_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite everybody else waits for who writes, and drawing a page takes many times as long as a refusal."""
    held: list[bool] = []
    drawn = claim_views.render_template

    def draw(name: str, **facts: Any) -> str:
        held.append(core_db._writing.get())
        return drawn(name, **facts)

    monkeypatch.setattr(claim_views, "render_template", draw)
    case = make_claim()
    as_(client, case.claimant)
    other = {"deal": "", "requested_fen": "x", "statement": ""}
    for address in ("/claims/new?clause=P3-4", url(case, "/edit"), "/claims/particulars"):
        assert client.post(address, data=other).status_code == 422
        assert client.get(address).status_code == 200
    assert held == [False] * 6
