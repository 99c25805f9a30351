"""The pages of deals: what each reader sees, what is refused and where, in both languages."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.models import SignInAttempt
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.deals import queries, services
from matchmaker.deals.models import Deal
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import Instalment, Instalments, LumpSum, OnDate
from matchmaker.introductions import services as introductions
from tests.deals.pages import EN, as_, text_of
from tests.factories.accounts import PASSWORD, make_actor, make_organisation
from tests.factories.deals import (
    BROKER,
    LICENSEE,
    LICENSOR,
    PRICE_FEN,
    Play,
    confirm_broker,
    confirm_last,
    equity_terms,
    make_deal,
    make_parties,
    make_terms,
    organisation_of,
    register,
    take_stake,
)
from tests.factories.listings import make_achievement


@contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def listen(*args: Any) -> None:
        statements.append(args[2])

    sa.event.listen(db.engine, "before_cursor_execute", listen)
    try:
        yield statements
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listen)


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_list_shows_the_readers_deals_and_says_when_there_is_none(app: Flask, client: FlaskClient) -> None:
    play, other = make_deal(DealState.OFFERED, title="轴承许可"), make_deal(DealState.OFFERED, title="别家许可")
    page = as_(client, play.actors[LICENSEE]).get("/deals", headers=EN)
    assert page.status_code == 200
    assert "<h1>Deals</h1>" in text_of(page)
    assert "轴承许可" in text_of(page)
    assert "别家许可" not in text_of(page)
    assert "Waiting for you" in text_of(page)
    assert "暂无" in text_of(as_(client, make_actor(OrganisationKind.ENTERPRISE)).get("/deals"))
    assert other.deal.state == DealState.OFFERED


def test_the_list_narrows_by_state_and_words(app: Flask, client: FlaskClient) -> None:
    first = make_deal(DealState.ON_TRIAL, title="轴承许可")
    make_deal(actors=dict(first.actors), title="电池许可")
    as_(client, first.actors[LICENSOR])
    assert "电池许可" not in text_of(client.get("/deals?state=on_trial"))
    assert "轴承许可" not in text_of(client.get("/deals?q=电池"))
    assert "No deal fits" in text_of(client.get("/deals?q=nothing", headers=EN))
    assert client.get("/deals?state=bogus&page=-1").status_code == 200


def test_the_list_takes_the_same_number_of_reads_for_one_deal_and_for_ten(app: Flask, client: FlaskClient) -> None:
    first = make_deal(DealState.OFFERED, offered_by=BROKER)
    as_(client, first.actors[LICENSOR]).get("/deals")
    counts = []
    for more in (0, 9):
        for _ in range(more):
            make_deal(DealState.OFFERED, offered_by=BROKER, actors={**first.actors, LICENSEE: make_parties()[LICENSEE]})
        db.session.rollback()
        with counted() as statements:
            client.get("/deals")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12


def test_a_page_of_twenty_and_the_rest(app: Flask, client: FlaskClient) -> None:
    first = make_deal(title="第0笔")
    achievement = first.deal.achievements[0].achievement
    with unit_of_work():
        for number in range(1, 21):
            make_deal(actors=dict(first.actors), achievements=[achievement], title=f"第{number}笔")
    page = as_(client, first.actors[LICENSOR]).get("/deals?page=2")
    assert "第0笔" in text_of(page)
    assert "第20笔" not in text_of(page)


# --- who sees what --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/deals", "/deals/new", f"/deals/{uuid.UUID(int=1)}", f"/deals/{uuid.UUID(int=1)}/terms"]
)
def test_without_signing_in_there_is_no_deal(app: Flask, client: FlaskClient, path: str) -> None:
    assert "/sign-in" in client.get(path).location


def test_a_stranger_cannot_tell_a_deal_from_none(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.PAYING)
    as_(client, make_actor(OrganisationKind.ENTERPRISE))
    for path in ("", "/terms"):
        hidden, missing = (client.get(f"/deals/{id_}{path}") for id_ in (play.deal.id, uuid.uuid4()))
        assert hidden.status_code == missing.status_code == 404
        hidden_part, missing_part = (text_of(answer).split("<main")[1] for answer in (hidden, missing))
        assert hidden_part == missing_part
    for verb in ("accept", "sign", "terminate", "record-payment"):
        assert client.post(f"/deals/{play.deal.id}/{verb}").status_code == 404


def test_a_member_reads_and_is_offered_no_step(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.AGREED)
    researcher = make_actor(
        OrganisationKind.UNIVERSITY, Role.RESEARCHER, organisation=organisation_of(play.actors[LICENSOR])
    )
    page = as_(client, researcher).get(f"/deals/{play.deal.id}")
    assert page.status_code == 200
    assert 'method="post" action="/deals/' not in text_of(page)
    answer = client.post(f"/deals/{play.deal.id}/sign", data={"sha256": play.sha256, "password": PASSWORD})
    assert answer.status_code == 403
    assert client.get("/deals/new").status_code == 403


@pytest.mark.parametrize("state", list(DealState))
@pytest.mark.parametrize("headers", [{}, EN])
def test_every_state_has_its_page_for_every_reader(
    app: Flask, client: FlaskClient, state: DealState, headers: Any
) -> None:
    play = make_deal(state, broker=True, terms=make_terms(commission_fen=100_000, trial_months=37))
    auditor = make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR)
    for side, actor in {**play.actors, "auditor": auditor}.items():
        page = as_(client, actor).get(f"/deals/{play.deal.id}", headers=headers)
        seen = play.deal.number > 0 or side in (LICENSOR, "auditor")
        assert page.status_code == (200 if seen else 404)
        if seen:
            assert f"<h1>{play.deal.title}</h1>" in text_of(page)


MOST_READS = 15


def reads(client: FlaskClient, path: str) -> int:
    """How many queries a page takes. Saying BEGIN is none."""
    db.session.rollback()
    with counted() as statements:
        assert client.get(path).status_code == 200
    return sum(statement.startswith("SELECT") for statement in statements)


def of_money() -> Play:
    parts = Instalments(tuple(Instalment(month, 100) for month in range(12)))
    return make_deal(DealState.PAYING, broker=True, terms=make_terms(fee=parts))


def of_shares() -> Play:
    play = make_deal(DealState.PAYING, broker=True, terms=equity_terms())
    take_stake(play)
    confirm_last(play)
    play.act(LICENSOR, services.state_stake_reward, number=1)
    return play


def taken_over() -> Play:
    play = of_money()
    heir = make_actor(OrganisationKind.ENTERPRISE)
    play.act(LICENSEE, services.ask_transfer, to=organisation_of(heir), reason="产线转让")
    with unit_of_work():
        services.accept_transfer(heir, play.deal, password=PASSWORD)
    play.act(LICENSOR, services.agree_to_transfer)
    return play


@pytest.mark.parametrize("make", [of_money, of_shares, taken_over])
@pytest.mark.parametrize("reader", [LICENSOR, LICENSEE, BROKER, Role.AUDITOR])
def test_a_deal_page_takes_fifteen_queries_at_most_whatever_happened(
    app: Flask, client: FlaskClient, make: Callable[[], Play], reader: Any
) -> None:
    play = make()
    path = f"/deals/{play.deal.id}"
    if reader == LICENSEE and make is taken_over:  # the one before no longer reads it
        actor = make_actor(OrganisationKind.ENTERPRISE, organisation=play.deal.licensee)
    else:
        actor = make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR) if reader == Role.AUDITOR else play.actors[reader]
    as_(client, actor)
    first = reads(client, path)
    for number in range(7 if make is of_money else 0):
        play.pay(100, f"{number}")
    assert reads(client, path) == first <= MOST_READS


# --- beginning ------------------------------------------------------------------------------------------------------


def test_a_university_begins_a_deal_from_its_achievement(app: Flask, client: FlaskClient) -> None:
    actors = make_parties(broker=True)
    achievement = make_achievement(organisation_of(actors[LICENSOR]), title="自有成果")
    make_achievement(title="别家成果")
    enterprise, broker = organisation_of(actors[LICENSEE]), organisation_of(actors[BROKER])
    page = as_(client, actors[LICENSOR]).get(f"/deals/new?achievement={achievement.id}")
    assert re.search(rf'<input[^>]*checked[^>]*value="{achievement.id}"', text_of(page))
    assert "别家成果" not in text_of(page)
    entries = {"kind": "pay_later_licence", "achievements": [str(achievement.id)]}
    answer = client.post(
        "/deals/new", data={**entries, "licensee": f"{enterprise.name} {enterprise.credit_code}", "broker": broker.name}
    )
    deal = db.session.scalars(sa.select(Deal)).one()
    assert answer.location == f"/deals/{deal.id}/terms"
    assert deal.parties == {role: actor.organisation_id for role, actor in actors.items()}
    assert deal.title == "自有成果"


def test_an_enterprise_and_an_intermediary_take_their_own_part(app: Flask, client: FlaskClient) -> None:
    actors = make_parties(broker=True)
    achievement = make_achievement(organisation_of(actors[LICENSOR]))
    entries = {"kind": "licence", "achievements": [str(achievement.id)], "title": "自拟标题"}
    page = as_(client, actors[LICENSEE]).get("/deals/new")
    assert 'name="licensee"' not in text_of(page)
    client.post("/deals/new", data=entries)
    as_(client, actors[BROKER])
    client.post("/deals/new", data={**entries, "licensee": organisation_of(actors[LICENSEE]).name})
    deals = list(db.session.scalars(sa.select(Deal).order_by(Deal.created_at)))
    assert [(deal.licensee_id, deal.broker_id) for deal in deals] == [
        (actors[LICENSEE].organisation_id, None),
        (actors[LICENSEE].organisation_id, actors[BROKER].organisation_id),
    ]
    assert {deal.title for deal in deals} == {"自拟标题"}


def test_an_introduction_fills_in_what_it_knows(app: Flask, client: FlaskClient) -> None:
    actors = make_parties()
    achievement = make_achievement(organisation_of(actors[LICENSOR]))
    with unit_of_work():
        introduction = introductions.request_introduction(actors[LICENSEE], achievement, undertakes=True)
        introductions.agree_to_introduction(actors[LICENSOR], introduction, undertakes=True)
    path = f"/deals/new?introduction={introduction.id}"
    page = text_of(as_(client, actors[LICENSOR]).get(path))
    assert f'value="{organisation_of(actors[LICENSEE]).name}"' in page
    entries = {"kind": "pay_later_licence", "achievements": [str(achievement.id)]}
    assert "Begin another one only for something else" not in text_of(client.get(path, headers=EN))
    client.post(path, data={**entries, "licensee": organisation_of(actors[LICENSEE]).name})
    deal = db.session.scalars(sa.select(Deal)).one()
    assert deal.introduction_id == introduction.id
    again = text_of(client.get(path, headers=EN))
    assert "Begin another one only for something else" in again
    assert f'href="/deals/{deal.id}"' in again
    drafted_elsewhere = text_of(as_(client, actors[LICENSEE]).get(path, headers=EN))
    assert "Begin another one only for something else" not in drafted_elsewhere
    assert as_(client, make_actor(OrganisationKind.INTERMEDIARY)).get(path).status_code == 404
    assert client.get("/deals/new?introduction=nonsense").status_code == 404
    assert client.get("/deals/new?achievement=nonsense").status_code == 404


def test_what_is_missing_or_unknown_is_marked_and_kept(app: Flask, client: FlaskClient) -> None:
    actor = make_actor(OrganisationKind.UNIVERSITY)
    achievement = make_achievement(organisation_of(actor))
    make_organisation(name="示例轴承一厂"), make_organisation(name="示例轴承二厂")
    as_(client, actor)
    answer = client.post("/deals/new", data={"kind": "licence", "title": "留住我"}, headers=EN)
    assert answer.status_code == 422
    assert "There is a problem" in text_of(answer)
    assert "Choose at least one." in text_of(answer)
    assert 'value="留住我"' in text_of(answer)
    entries = {"kind": "licence", "achievements": [str(achievement.id)]}
    for name, sentence in (("没有这家", "No verified organisation fits"), ("示例轴承", "Several organisations fit")):
        answer = client.post("/deals/new", data={**entries, "licensee": name}, headers=EN)
        assert answer.status_code == 422
        assert sentence in text_of(answer)
    assert db.session.scalar(sa.select(sa.func.count(Deal.id))) == 0


def test_searching_keeps_what_was_chosen_and_begins_nothing(app: Flask, client: FlaskClient) -> None:
    actor = make_actor(OrganisationKind.ENTERPRISE)
    chosen, found = make_achievement(title="已选成果"), make_achievement(title="轴承成果")
    make_achievement(title="无关成果")
    entries = {"kind": "licence", "achievements": [str(chosen.id)], "q": "轴承", "search": "1", "title": "留住我"}
    page = text_of(as_(client, actor).post("/deals/new", data=entries))
    assert re.search(rf'<input[^>]*checked[^>]*value="{chosen.id}"', page)
    assert str(found.id) in page
    assert "无关成果" not in page
    assert 'value="留住我"' in page
    assert "error" not in page.split("<main")[1]


# --- steps ----------------------------------------------------------------------------------------------------------


def forms_of(page: str, verb: str) -> dict[str, str]:
    """Hidden entries of the form of a step, as a browser would send them."""
    found = re.search(rf'<form[^>]*action="[^"]*/{verb}"[^>]*>(.*?)</form>', page)
    assert found, f"no form for {verb}"
    hidden = re.findall(r'<input id="[^"]*" name="([^"]*)" type="hidden" value="([^"]*)">', found[1])
    return dict(hidden)


def take(client: FlaskClient, actor: Actor, deal_id: uuid.UUID, verb: str, **facts: Any) -> Any:
    page = text_of(as_(client, actor).get(f"/deals/{deal_id}"))
    return client.post(f"/deals/{deal_id}/{verb}", data={**forms_of(page, verb), **facts}, headers=EN)


def test_a_deal_lived_through_its_pages(app: Flask, client: FlaskClient) -> None:
    play = make_deal(broker=True, offered_by=BROKER, terms=make_terms(fee=LumpSum(PRICE_FEN)))
    id_, actors = play.deal.id, play.actors
    steps: list[tuple[Any, str, dict[str, Any], str]] = [
        (BROKER, "offer", {}, "offered"),
        (LICENSEE, "accept", {}, "offered"),
        (LICENSOR, "accept", {}, "agreed"),
        *((side, "sign", {"password": PASSWORD}, "agreed") for side in (LICENSEE, BROKER)),
        (LICENSOR, "sign", {"password": PASSWORD}, "on_trial"),
        (
            LICENSEE,
            "report-event",
            {"ref": "trigger:0", "on": clock.today().isoformat(), "evidence": "no 7"},
            "on_trial",
        ),
        (LICENSOR, "confirm-event", {}, "paying"),
        (LICENSOR, "record-payment", {"fen": "70000", "paid_on": clock.today().isoformat()}, "paying"),
        (LICENSOR, "record-payment", {"fen": "50000", "paid_on": clock.today().isoformat()}, "paying"),
        (LICENSOR, "complete", {}, "completed"),
    ]
    for side, verb, facts, state in steps:
        answer = take(client, actors[side], id_, verb, **facts)
        assert (answer.status_code, answer.location) == (302, f"/deals/{id_}"), (verb, text_of(answer))
        db.session.rollback()
        assert db.session.get_one(Deal, id_).state == state
    page = text_of(client.get(f"/deals/{id_}", headers=EN))
    assert "Completed on" in page
    assert "¥120,000.00" in page
    assert "recorded a payment of ¥50,000.00" in page


@pytest.mark.parametrize(
    ("state", "side", "verb", "facts", "field", "sentence"),
    [
        (DealState.AGREED, LICENSEE, "sign", {"password": "wrong"}, "password", "This is not your present password."),
        (DealState.AGREED, LICENSEE, "sign", {"password": ""}, "password", "Please fill this in."),
        (
            DealState.ON_TRIAL,
            LICENSEE,
            "report-event",
            {"on": "2026-01-01", "evidence": "x"},
            "on",
            "Enter a day from",
        ),
        (DealState.ON_TRIAL, LICENSEE, "report-event", {"evidence": ""}, "evidence", "Payment starts when the agreed"),
        (DealState.ON_TRIAL, LICENSEE, "end", {}, "documents_returned", "A trial ends without payment only once"),
        (
            DealState.PAYING,
            LICENSOR,
            "record-payment",
            {"fen": "120000.01"},
            "fen",
            "Only ¥120,000.00 is still to be paid",
        ),
        (DealState.PAYING, LICENSOR, "record-payment", {"fen": "0"}, "fen", "Enter an amount above zero"),
        (
            DealState.PAYING,
            LICENSOR,
            "record-payment",
            {"fen": "1", "paid_on": "2020-01-01"},
            "paid_on",
            "Enter a day from",
        ),
        (DealState.PAYING, LICENSEE, "terminate", {"reason": ""}, "reason", "Please fill this in."),
    ],
)
def test_a_step_that_is_refused_is_shown_again_with_the_reason_at_its_field(
    app: Flask, client: FlaskClient, state: DealState, side: Any, verb: str, facts: Any, field: str, sentence: str
) -> None:
    play = make_deal(state)
    today = {"on": clock.today().isoformat(), "paid_on": clock.today().isoformat(), "ref": "trigger:0"}
    answer = take(client, play.actors[side], play.deal.id, verb, **{**today, **facts})
    assert answer.status_code == 422
    assert "There is a problem" in text_of(answer)
    assert re.search(rf'id="{verb}-{field}-wrong">{sentence}', text_of(answer))
    db.session.rollback()
    assert db.session.get_one(Deal, play.deal.id).state == state


def test_payment_starts_on_the_day_of_the_terms_without_any_entry(app: Flask, client: FlaskClient) -> None:
    start = clock.today()
    with clock.at(clock.noon(start - timedelta(days=400))):
        play = make_deal(DealState.ON_TRIAL, terms=make_terms(trigger=OnDate(start)))
    page = text_of(as_(client, play.actors[LICENSOR]).get(f"/deals/{play.deal.id}", headers=EN))
    assert "From the day that the terms name." in page
    assert "Planned amounts" in page
    assert take(client, play.actors[LICENSOR], play.deal.id, "start-payment").status_code == 302
    db.session.rollback()
    assert db.session.get_one(Deal, play.deal.id).payment_starts_on == start


@pytest.mark.parametrize(
    "verb", ["sign", "accept", "report-royalty", "record-payment", "start-payment", "end", "offer"]
)
def test_a_step_sent_without_its_form_is_refused_and_never_breaks(app: Flask, client: FlaskClient, verb: str) -> None:
    play = make_deal()
    as_(client, play.actors[LICENSOR])
    assert client.post(f"/deals/{play.deal.id}/{verb}").status_code in (403, 409, 422)


def test_guessing_the_password_of_a_signature_is_slowed_down(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.AGREED)
    as_(client, play.actors[LICENSEE])
    path, wrong = f"/deals/{play.deal.id}/sign", {"sha256": play.sha256, "password": "wrong password"}
    assert [client.post(path, data=wrong).status_code for _ in range(11)] == [422] * 10 + [429]
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SignInAttempt)) == 10


def test_nobody_signs_or_accepts_what_was_replaced_meanwhile(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED)
    as_(client, play.actors[LICENSEE])
    stale = play.sha256
    with unit_of_work():
        services.withdraw_offer(play.actors[LICENSOR], play.deal)
    play.edit(terms=make_terms(territory="长春市"))
    play.offer()
    answer = client.post(f"/deals/{play.deal.id}/accept", data={"sha256": stale}, headers=EN)
    assert answer.status_code == 409
    assert "Read version 2 before you answer" in text_of(answer)


def test_sending_a_payment_twice_records_it_once(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.PAYING)
    as_(client, play.actors[LICENSOR])
    path = f"/deals/{play.deal.id}/record-payment"
    payment = {"idempotency_key": "k", "fen": "1", "paid_on": clock.today().isoformat()}
    assert [client.post(path, data=payment).status_code for _ in (1, 2)] == [302, 302]
    assert client.post(path, data={**payment, "fen": "2"}).status_code == 409
    assert client.post(path, data={**payment, "idempotency_key": "not plain"}).status_code == 422
    db.session.rollback()
    assert queries.paid_fen(play.deal) == 100


def test_what_is_paid_of_what_fell_due_is_a_bar_that_says_its_share(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.PAYING)
    as_(client, play.actors[LICENSEE])

    def shown() -> list[str]:
        page = text_of(client.get(f"/deals/{play.deal.id}", headers=EN))
        return re.findall(r'aria-label="Share of what fell due that is paid: (\d+)%"', page)

    assert shown() == ["0"]
    play.pay(queries.allocation(play.deal).open_fen // 4)
    assert shown() == ["25"]


def test_a_payment_is_taken_back_from_its_line(app: Flask, client: FlaskClient) -> None:
    play, other = make_deal(DealState.PAYING), make_deal(DealState.PAYING)
    payment, foreign = play.pay(100), other.pay(100)
    as_(client, play.actors[LICENSOR])
    path = f"/deals/{play.deal.id}/payments/"
    assert client.post(f"{path}{foreign.id}/reverse", data={"memo_code": "correction"}).status_code == 404
    assert client.post(f"{path}{payment.id}/reverse", data={"memo_code": "deal_due"}).status_code == 422
    assert client.post(f"{path}{payment.id}/reverse", data={"memo_code": "entered_twice"}).status_code == 302
    assert "Taken back: Posting entered twice" in text_of(client.get(f"/deals/{play.deal.id}", headers=EN))
    answer = client.post(f"{path}{payment.id}/reverse", data={"memo_code": "entered_twice"}, headers=EN)
    assert answer.status_code == 409


def test_a_royalty_is_reported_on_the_page_and_joins_the_schedule(app: Flask, client: FlaskClient) -> None:
    from tests.deals.test_payments import paying_royalties

    play = paying_royalties()
    answer = take(client, play.actors[LICENSEE], play.deal.id, "report-royalty", base_fen="1000")
    assert answer.status_code == 302
    page = text_of(client.get(f"/deals/{play.deal.id}", headers=EN))
    assert "Royalty 1" in page
    assert "¥30.00" in page
    assert "7 royalty periods are still to be reported" in page


def test_the_trial_clock_counts_the_days(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.ON_TRIAL)
    left = (play.deal.trial_ends_on - clock.today()).days
    as_(client, play.actors[LICENSEE])
    assert f"还剩 {left} 天" in text_of(client.get(f"/deals/{play.deal.id}"))
    assert f"{left} days left" in text_of(client.get(f"/deals/{play.deal.id}", headers=EN))


def test_versions_are_shown_with_what_changed(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED)
    with unit_of_work():
        services.withdraw_offer(play.actors[LICENSOR], play.deal)
    play.edit(terms=make_terms(fee=LumpSum(5_000_000), ends_on=play.deal.draft.ends_on))
    play.offer()
    page = text_of(as_(client, play.actors[LICENSEE]).get(f"/deals/{play.deal.id}", headers=EN))
    assert "<del>¥120,000.00</del> → <ins>¥50,000.00</ins>" in page


def test_text_of_the_parties_is_shown_as_text(app: Flask, client: FlaskClient) -> None:
    hostile = "<script>alert(1)</script>"
    play = make_deal(DealState.OFFERED, terms=make_terms(territory=hostile), title=hostile)
    with unit_of_work():
        services.decline_offer(play.actors[LICENSEE], play.deal, reason=hostile)
    page = text_of(as_(client, play.actors[LICENSEE]).get(f"/deals/{play.deal.id}"))
    assert hostile not in page
    assert "&lt;script&gt;" in page


def test_a_deal_with_a_long_life_takes_at_most_twelve_reads(app: Flask, client: FlaskClient) -> None:
    play = make_deal(
        DealState.PAYING, broker=True, terms=make_terms(fee=Instalments((Instalment(0, 100), Instalment(1, 900))))
    )
    for number in range(5):
        play.pay(10, str(number))
    register(play)
    confirm_broker(play)
    counts, address = [], f"/deals/{play.deal.id}"
    for actor in play.actors.values():
        as_(client, actor).get("/deals")
        with counted() as statements:
            assert client.get(address).status_code == 200
        counts.append(len([one for one in statements if not one.startswith(("BEGIN", "PRAGMA", "ROLLBACK"))]))
    assert max(counts) <= 12, [one[-300:] for one in statements]
