"""Sheets and letters: what they say, to the fen, who gets them, and when there is none."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.deals import queries, services
from matchmaker.deals.models import Deal
from matchmaker.deals.papers.paper import Paper, Table, to_data
from matchmaker.deals.paperwork import closing, letters, sheets
from matchmaker.deals.paperwork.letters import Letter
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import (
    ByTier,
    Completer,
    EntryFeeRoyalty,
    LumpSum,
    Penalty,
    PricingRoute,
    RoyaltyBase,
    Tax,
    Tier,
    TrialEnd,
    TrialOutcome,
)
from tests.deals.pages import EN, as_
from tests.factories.accounts import make_actor
from tests.factories.deals import (
    LICENSEE,
    LICENSOR,
    Play,
    confirm_last,
    equity_terms,
    exit_stake,
    make_deal,
    make_terms,
    organisation_of,
    take_stake,
)

COMPLETERS = (Completer("沈甲乙", Fraction(2, 3)), Completer("林丙丁", Fraction(1, 3)))


def words(paper: Paper) -> str:
    found: list[str] = []

    def walk(value: Any) -> None:
        match value:
            case str():
                found.append(value)
            case dict():
                walk(list(value.values()))
            case list():
                for item in value:
                    walk(item)

    walk(to_data(paper))
    return "\n".join(found)


def in_english(app: Flask, make: Callable[[], Paper]) -> Paper:
    with app.test_request_context(headers=EN):
        return make()


def fresh(play: Play) -> Deal:
    db.session.expire_all()
    found = queries.find_deal(play.deal.id)
    assert found is not None
    return found


def pdf(client: FlaskClient, path: str) -> Any:
    answer = client.get(path)
    if answer.status_code == 200:
        assert answer.data.startswith(b"%PDF-")
        assert answer.headers["Content-Disposition"].startswith("attachment")
    return answer


# --- public notice --------------------------------------------------------------------------------------------------


def noticed() -> tuple[Play, Any]:
    terms = make_terms(pricing=PricingRoute.NEGOTIATED, related_party=True, completers=COMPLETERS)
    play = make_deal(DealState.OFFERED, terms=terms)
    play.accept_by_all()
    return play, play.act(LICENSOR, services.publish_notice, summary="面向物流车的电池包覆工艺。")


def test_the_notice_says_what_the_law_wants_and_marks_a_related_party(app: Flask) -> None:
    play, notice = noticed()
    text = words(in_english(app, lambda: sheets.notice_sheet(notice)))
    for expected in (
        play.deal.achievements[0].title, "面向物流车的电池包覆工艺。",
        "Licence, use first and pay later", "沈甲乙, 林丙丁",
        "¥120,000.00", "Yes: who takes it is related", "An objection suspends the signing", play.deal.licensor.name,
    ):  # fmt: skip
        assert expected in text


def test_everyone_may_have_the_sheet_of_a_notice(app: Flask, client: FlaskClient) -> None:
    _, notice = noticed()
    assert pdf(client, f"/deals/notices/{notice.id}/sheet.pdf").status_code == 200
    assert pdf(client, f"/deals/notices/{uuid.uuid4()}/sheet.pdf").status_code == 404


# --- royalty statement ----------------------------------------------------------------------------------------------


def royalty_play() -> Play:
    tiers = ByTier((Tier(0, Fraction(5, 100)), Tier(100_000_000, Fraction(3, 100))))
    fee = EntryFeeRoyalty(1_000_000, tiers, RoyaltyBase.SALES, cap_fen=6_000_000, period_months=3)
    play = make_deal(DealState.PAYING, terms=make_terms(fee=fee, tax=Tax(Fraction(6, 100), True)))
    with clock.at(clock.now() + timedelta(days=120)):
        play.report_royalty(1, 150_000_000)
    return play


def test_a_royalty_statement_gives_the_working_by_tier_and_what_bound_it(app: Flask) -> None:
    deal = fresh(royalty_play())
    statement, period = queries.royalty_statements(deal)[0], queries.royalty_periods(deal)[0]
    paper = in_english(app, lambda: sheets.royalty_sheet(deal, statement, period))
    table = next(block for block in paper.blocks if isinstance(block, Table))
    assert table.rows == ((("¥1,000,000.00",), ("5%",)), (("¥500,000.00",), ("3%",)))
    text = words(paper)
    for expected in ("¥65,000.00", "The agreed maximum applies", "¥60,000.00", "6%, within the amount", "period 1"):
        assert expected in text
    assert paper.fingerprint == deal.versions[0].sha256


def test_the_parties_get_a_statement_of_each_reported_period_and_of_no_other(app: Flask, client: FlaskClient) -> None:
    play = royalty_play()
    as_(client, play.actors[LICENSEE])
    path = f"/deals/{play.deal.id}/royalty-statements"
    assert pdf(client, f"{path}/1.pdf").status_code == 200
    assert pdf(client, f"{path}/2.pdf").status_code == 404
    as_(client, make_actor(OrganisationKind.ENTERPRISE))
    assert pdf(client, f"{path}/1.pdf").status_code == 404


# --- reward statement -----------------------------------------------------------------------------------------------


def rewarded() -> tuple[Play, Any]:
    play = make_deal(DealState.PAYING, terms=make_terms(fee=LumpSum(10_000_001), completers=COMPLETERS))
    payment = play.pay(10_000_001)
    statement = play.act(LICENSOR, services.state_reward, payment=payment, cost_fen=1_000_000, tax_fen=500_000)
    return play, statement


def test_a_reward_statement_shares_to_the_fen(app: Flask) -> None:
    play, statement = rewarded()
    paper = in_english(app, lambda: sheets.reward_sheet(fresh(play), statement))
    table = next(block for block in paper.blocks if isinstance(block, Table))
    fens = [int(row[2][0].strip("¥").replace(",", "").replace(".", "")) for row in table.rows]
    assert sum(fens[:-1]) == fens[-1] == statement.pool_fen
    for expected in ("¥100,000.01", "¥10,000.00", "¥5,000.00", "¥85,000.01", "沈甲乙", "art. 45"):
        assert expected in words(paper)


def test_the_statement_of_a_payment_that_was_taken_back_says_so(app: Flask, client: FlaskClient) -> None:
    play, statement = rewarded()
    play.act(LICENSOR, services.reverse_payment, payment=statement.payment)
    paper = in_english(app, lambda: sheets.reward_sheet(fresh(play), statement))
    assert "Void: the payment was taken back." in words(paper)
    as_(client, play.actors[LICENSOR])
    page = client.get(f"/deals/{play.deal.id}", headers=EN).get_data(as_text=True)
    assert page.count("Void: the payment was taken back.") == 2  # beside the payment, and beside the paper


def test_the_licensors_people_read_it_and_the_licensee_does_not(app: Flask, client: FlaskClient) -> None:
    play, statement = rewarded()
    path = f"/deals/{play.deal.id}/reward-statements/{statement.id}.pdf"
    licensor = organisation_of(play.actors[LICENSOR])
    as_(client, make_actor(OrganisationKind.UNIVERSITY, Role.RESEARCHER, organisation=licensor))
    assert pdf(client, path).status_code == 200
    assert "Reward statement of" in client.get(f"/deals/{play.deal.id}", headers=EN).get_data(as_text=True)
    assert pdf(client, path.replace(str(statement.id), str(uuid.uuid4()))).status_code == 404
    as_(client, play.actors[LICENSEE])
    assert pdf(client, path).status_code == 403
    assert "Reward statement of" not in client.get(f"/deals/{play.deal.id}", headers=EN).get_data(as_text=True)


# --- letters --------------------------------------------------------------------------------------------------------


def test_there_is_a_letter_only_while_there_is_something_to_remind_of(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL)
    today, ends_on = clock.today(), play.deal.trial_ends_on
    assert ends_on is not None
    assert letters.open_letters(play.deal, today) == []
    assert letters.open_letters(play.deal, ends_on - timedelta(days=60)) == [Letter.TRIAL_ENDS]
    assert letters.open_letters(play.deal, ends_on - timedelta(days=61)) == []
    play.start_payment()
    deal = fresh(play)
    assert letters.open_letters(deal, today) == [Letter.PAYMENT_DUE]
    assert letters.open_letters(deal, today + timedelta(days=1)) == []
    assert letters.open_letters(deal, today + timedelta(days=31)) == [Letter.OVERDUE]
    play.pay(services.queries.outstanding_fen(play.deal))
    assert letters.open_letters(fresh(play), today + timedelta(days=31)) == []
    with pytest.raises(ValueError, match="nothing to write"):
        letters.letter(deal, Letter.TRIAL_ENDS, today)


def test_the_letter_about_the_trial_says_when_it_ends_and_what_follows(app: Flask) -> None:
    terms = make_terms(trial_months=1, trial_end=TrialEnd(TrialOutcome.END))
    deal = make_deal(DealState.ON_TRIAL, terms=terms).deal
    today = clock.today()
    text = words(in_english(app, lambda: letters.letter(deal, Letter.TRIAL_ENDS, today)))
    assert f"in {(deal.trial_ends_on - today).days} days" in text  # type: ignore[operator]
    assert "The trial ends and the documents go back" in text
    assert deal.licensee.name in text
    late = today + timedelta(days=90)
    assert "ended on" in words(in_english(app, lambda: letters.letter(deal, Letter.TRIAL_ENDS, late)))


def test_the_demand_adds_the_penalty_up_to_the_day_of_the_letter(app: Flask) -> None:
    """120,000 yuan, thirty days of grace, then 0.1 % for each of ten days: 1,200 yuan."""
    terms = make_terms(penalty=Penalty(Fraction(1, 1000)), cure_days=15)
    play = make_deal(DealState.PAYING, terms=terms)
    deal, today = fresh(play), clock.today() + timedelta(days=40)
    paper = in_english(app, lambda: letters.letter(deal, Letter.OVERDUE, today))
    table = next(block for block in paper.blocks if isinstance(block, Table))
    assert [cell[0] for cell in table.rows[0][2:]] == ["40", "¥120,000.00", "¥1,200.00"]
    assert "¥121,200.00" in words(paper)
    assert "Please pay by" in words(paper)
    assert "art. 873" in words(paper)


def test_letters_are_written_in_chinese_with_the_sum_in_capitals(app: Flask) -> None:
    deal = fresh(make_deal(DealState.PAYING))
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        text = words(letters.letter(deal, Letter.PAYMENT_DUE, clock.today()))
    assert "付款提示函" in text
    assert "壹拾贰万元整" in text


def test_letters_are_downloads_for_who_may_see_the_deal(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.PAYING)
    as_(client, play.actors[LICENSOR])
    path = f"/deals/{play.deal.id}/letters"
    assert pdf(client, f"{path}/payment-due.pdf").status_code == 200
    for none in ("trial-ends", "overdue", "nonsense"):
        assert pdf(client, f"{path}/{none}.pdf").status_code == 404
    as_(client, make_actor(OrganisationKind.ENTERPRISE))
    assert pdf(client, f"{path}/payment-due.pdf").status_code == 404


def test_letters_about_money_say_what_the_tax_is(app: Flask) -> None:
    for included, words_of in ((True, "6%, within the amount"), (False, "6% on top")):
        play = make_deal(DealState.PAYING, terms=make_terms(tax=Tax(Fraction(6, 100), included)))
        deal, day = fresh(play), queries.dues(play.deal)[0].due_on
        for kind, today in ((Letter.PAYMENT_DUE, day), (Letter.OVERDUE, day + timedelta(days=31))):
            text = words(in_english(app, lambda deal=deal, kind=kind, today=today: letters.letter(deal, kind, today)))
            assert words_of in text


# --- final statement ------------------------------------------------------------------------------------------------


def rows_of(paper: Paper) -> list[list[list[str]]]:
    return [[[cell[0] for cell in row] for row in block.rows] for block in paper.blocks if isinstance(block, Table)]


def test_the_final_statement_lists_every_amount_and_payment_and_reconciles(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.PAYING, terms=make_terms(tax=Tax(Fraction(6, 100), True)))
    path = f"/deals/{play.deal.id}/final-statement.pdf"
    assert as_(client, play.actors[LICENSEE]).get(path).status_code == 404  # the deal still goes on
    wrong = play.pay(5_000_000, "wrong")
    play.act(LICENSOR, services.reverse_payment, payment=wrong, memo_code="entered_twice")
    play.pay(12_000_000, "right")
    play.complete()
    deal = fresh(play)
    paper = in_english(app, lambda: closing.final_statement(deal))
    amounts, payments = rows_of(paper)
    assert amounts[-1] == ["In all", "", "¥120,000.00", "¥120,000.00", "¥0.00"]
    assert sorted((row[2], row[3]) for row in payments) == [
        ("¥120,000.00", ""),
        ("¥50,000.00", "Posting entered twice"),
    ]
    text = words(paper)
    assert "Value-added tax of 6% is within the amounts due: ¥6,792.45." in text  # 120,000 × 6 / 106
    assert "The books show: claimed ¥120,000.00, paid ¥120,000.00, open ¥0.00." in text
    assert "This statement and the books agree to the fen." in text
    for side in (LICENSOR, LICENSEE):
        first, again = (pdf(as_(client, play.actors[side]), path) for _ in range(2))
        assert first.status_code == 200
        assert first.data == again.data
    assert path in as_(client, play.actors[LICENSEE]).get(f"/deals/{deal.id}").get_data(as_text=True)
    assert as_(client, make_actor(OrganisationKind.ENTERPRISE)).get(path).status_code == 404


def test_the_final_statement_of_a_deal_that_ended_early_says_what_is_still_owed(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    play.pay(2_000_000)
    play.act(LICENSEE, services.terminate_deal, reason="产线停产")
    deal = fresh(play)
    found = queries.closing(deal)
    assert (found.due_fen, found.kept_fen, found.open_fen, found.reconciles) == (
        12_000_000,
        2_000_000,
        10_000_000,
        True,
    )
    text = words(in_english(app, lambda: closing.final_statement(deal)))
    assert "¥100,000.00" in text
    assert "产线停产" in text


def test_the_final_statement_of_shares_says_what_they_brought(app: Flask) -> None:
    play = make_deal(DealState.PAYING, terms=equity_terms())
    take_stake(play)
    confirm_last(play)
    exit_stake(play, 100)
    confirm_last(play)
    play.complete()
    deal = fresh(play)
    text = words(in_english(app, lambda: closing.final_statement(deal)))
    assert "Nothing fell due." in text
    assert "Loss against what it was taken for" in text
    assert "¥2,999,999.00" in text


def test_a_deal_that_goes_on_or_never_began_has_no_final_statement(app: Flask) -> None:
    for state in (DealState.DRAFT, DealState.ON_TRIAL, DealState.ENDED):  # ended as a draft
        assert queries.closing(make_deal(state).deal) is None
