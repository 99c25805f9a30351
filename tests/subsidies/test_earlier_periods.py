"""A claim for an earlier period: it counts in that period's cap, with what was signed and received until its end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, RecognitionKind, Role
from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.deals.states import DealState
from matchmaker.subsidies import policies, queries, services, snapshots
from matchmaker.subsidies.catalogue import Per
from matchmaker.subsidies.models import Allowance
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.periods import YEARLY, earlier_periods
from matchmaker.subsidies.services import PeriodInvalid
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import make_actor, unit
from tests.factories.deals import BROKER, Play, make_deal, make_terms
from tests.factories.subsidies import CAP_FEN, P3_4, STATEMENT, Case, draft, make_bureau, make_claim, record
from tests.subsidies.test_gather import recognise
from tests.subsidies.test_policy_services import decide, propose
from tests.subsidies.test_views import EN, as_, reread, text, url

LAST_YEAR, NOW = date(2026, 12, 31), date(2027, 1, 11)
WAN = 1_000_000


@pytest.mark.parametrize("per", list(Per))
def test_earlier_years_and_renewals_can_be_claimed_for_and_nothing_else(per: Per) -> None:
    since, renewed = date(2025, 1, 6), [date(2024, 2, 1), date(2025, 3, 1), date(2026, 3, 2)]
    found = earlier_periods(per, since, NOW, renewed)
    if per in YEARLY:
        assert found == [date(2026, 12, 31), date(2025, 12, 31)]
    elif per is Per.RECOGNITION_RENEWAL:  # not the latest, nor the one before the clause
        assert found == [date(2025, 3, 1)]
    else:
        assert found == []
    assert earlier_periods(per, since, since, ()) == []


def play_of(day: date) -> Play:
    with unit(), clock.at(clock.noon(day)):
        return record(make_deal(DealState.PAYING, broker=True, terms=make_terms(effective_on=day)))


def test_a_deal_of_last_year_counts_in_last_years_cap(app: Flask, client: FlaskClient) -> None:
    play = play_of(date(2026, 11, 2))
    data = {"deal": str(play.deal.id), "requested_fen": "30000", "statement": STATEMENT, "period_on": "2026-12-31"}
    with clock.at(clock.noon(NOW)):
        page = text(as_(client, play.actors[BROKER]).get("/claims/new?clause=P3-4", headers=EN))
        assert [f'value="{year}-12-31"' in page for year in (2027, 2026, 2025, 2024)] == [False, True, True, False]
        wrong = {**data, "period_on": "2024-12-31"}
        assert client.post("/claims/new?clause=P3-4", data=wrong).status_code == 422
        made = client.post("/claims/new?clause=P3-4", data=data)
        assert made.status_code == 302
        case = Case(queries.find_claim(made.location.rsplit("/", 1)[1]), play, play.actors[BROKER], make_bureau())  # type: ignore[arg-type]
        assert (case.claim.period, case.claim.year, case.claim.period_on) == ("2026", 2027, LAST_YEAR)
        assert "Claimed for</dt><dd>2026" in text(client.get(url(case), headers=EN))
        case.submit()
        assert reread(case.claim).period == "2026"  # still, after it was frozen anew
        assert snapshots.list_snapshots(case.claim)[0].body["period"] == "2026"


def test_the_cap_of_each_year_is_its_own(app: Flask) -> None:
    paid = make_claim(ClaimState.PAID, requested_fen=CAP_FEN)
    year = int(paid.claim.period)
    with unit():
        actors = {**make_deal().actors, BROKER: paid.claimant}
        play = record(make_deal(DealState.ON_TRIAL, actors=actors))
    with clock.at(clock.noon(date(year + 1, 1, 11))):
        facts: dict[str, Any] = {"clause_id": P3_4, "requested_fen": CAP_FEN}
        refused = {**facts, "period_on": date(year, 12, 31)}
        with pytest.raises(Exception, match="cap_used_up") as caught:
            draft(paid.claimant, play.deal, **refused)
        assert caught.value.facts["granted_fen"] == CAP_FEN  # type: ignore[attr-defined]
        claim = draft(paid.claimant, play.deal, **facts)
        assert (claim.period, queries.granted_fen(claim)) == (str(year + 1), 0)
    assert [row.period for row in db.session.query(Allowance)] == [str(year)]


def test_a_deal_signed_after_the_period_is_none_of_it(app: Flask) -> None:
    play = play_of(date(2027, 1, 4))
    with clock.at(clock.noon(NOW)):
        claim = draft(play.actors[BROKER], play.deal, period_on=LAST_YEAR)
        assert "signature" in queries.current_verdict(claim).unmet
        with unit_of_work():
            facts: dict[str, Any] = {"requested_fen": claim.requested_fen, "statement": STATEMENT}
            services.edit_claim(play.actors[BROKER], claim, **facts)
        claim = reread(claim)
        assert (claim.period, claim.period_on) == ("2027", None)
        assert "signature" not in queries.current_verdict(claim).unmet


def test_money_counts_in_the_year_in_which_it_came_and_only_where_its_receipt_is_entered(app: Flask) -> None:
    bureau = make_bureau()
    decide(bureau.administrator, propose(bureau.reviewer, values={"rate": 1, "base": ("receipts_year_fen",)}))
    play = play_of(date(2026, 8, 3))
    for key, (day, wan) in enumerate(((date(2026, 12, 31), 5), (date(2027, 1, 1), 2), (date(2027, 1, 4), 1))):
        with clock.at(clock.noon(day)):
            play.pay(wan * WAN, key=str(key), on=day)
    with clock.at(clock.noon(NOW)):
        for period_on, wan in ((LAST_YEAR, 5), (None, 3)):
            claim = draft(play.actors[BROKER], play.deal, requested_fen=WAN, period_on=period_on)
            assert queries.situation_of(claim).facts["receipts_year_fen"] == wan * WAN
            if period_on is None:
                paper = next(p for p in claim.papers if p.kind is PaperKind.RECEIPT and p.fen == 2 * WAN)
                with unit_of_work():
                    services.remove_paper(play.actors[BROKER], claim, paper=paper)
                assert queries.situation_of(reread(claim)).facts["receipts_year_fen"] == WAN
            with unit_of_work():
                services.withdraw_claim(play.actors[BROKER], claim)


def test_an_earlier_renewal_has_a_cap_of_its_own(app: Flask) -> None:
    actor = make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY)
    organisation = db.session.get_one(Organisation, actor.organisation_id)
    days = [date(2022, 3, 1), date(2025, 3, 2), date(2026, 3, 3)]
    for number, day in enumerate(days):
        recognise(organisation, RecognitionKind.HIGH_TECH, f"GR{number}", day, day + timedelta(days=1000))
    clause = policies.current().catalogue.clause("P4-4")
    facts: dict[str, Any] = {"clause_id": "P4-4", "subject": "重新认定", "requested_fen": 100}
    with clock.at(clock.noon(NOW)):
        assert queries.list_earlier_periods(actor.organisation_id, clause) == [days[1]]
        now, before = draft(actor, None, **facts), draft(actor, None, **facts, period_on=days[1])
        assert (now.period, before.period) == ("2026-03-03", "2025-03-02")
        renewed = [queries.situation_of(claim).facts["high_tech_renewed_on"] for claim in (now, before)]
        assert renewed == [days[2], days[1]]
        with pytest.raises(PeriodInvalid):
            draft(actor, None, **{**facts, "subject": "再次"}, period_on=days[0])
