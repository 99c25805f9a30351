"""What is on the desk: open amounts as the terms and the ledger have them, and an intermediary's board."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from matchmaker.accounts.models import Membership, User
from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.web.filters import money
from matchmaker.dashboard import desk, open_amounts
from matchmaker.deals import jobs
from matchmaker.deals import queries as deals
from matchmaker.deals.models import Deal
from matchmaker.deals.states import DealState, PartyRole
from matchmaker.deals.terms import Instalment, Instalments
from matchmaker.demo.world import PASSWORD
from matchmaker.introductions.services import agree_to_introduction
from matchmaker.introductions.states import Side
from tests.dashboard.test_views import counting
from tests.factories.accounts import actor, sign_in
from tests.factories.deals import LICENSEE, LICENSOR, make_deal, make_terms
from tests.factories.introductions import make_pair, request


def member_of(organisation_id) -> Membership:
    return db.session.scalars(select(Membership).where(Membership.organisation_id == organisation_id)).first()


def paying_deal() -> Deal:
    deals_paid_for = db.session.query(Deal).filter(Deal.state == DealState.PAYING)
    return next(deal for deal in deals_paid_for if deals.outstanding_fen(deal))


@pytest.mark.usefixtures("demonstration")
def test_each_side_of_a_deal_reads_the_same_open_amounts(client):
    deal, late_on = paying_deal(), date(2030, 1, 15)
    for organisation_id, owed in ((deal.licensee_id, True), (deal.licensor_id, False)):
        sides = open_amounts.sides_of(actor(member_of(organisation_id)), late_on, first=owed)
        assert sides[0].owed == owed
        amounts = [one for one in sides[0].amounts if one.deal_id == deal.id]
        assert sum(one.open_fen for one in amounts) == deals.outstanding_fen(deal) > 0
        assert sum(one.open_fen for one in amounts if one.days_late(late_on)) == deals.overdue_fen(deal, late_on)
        assert {one.days_late(late_on) for one in amounts} - {0} == {
            one.days_late for one in deals.overdue(deal, late_on)
        }
        assert not any(one.days_late(late_on) and one.falls_due_in_month_of(late_on) for one in amounts)
        assert sides[0].amounts == sorted(sides[0].amounts, key=lambda one: one.due_on)
    one = amounts[0]
    assert one.falls_due_in_month_of(one.due_on.replace(day=1))
    assert not one.falls_due_in_month_of(date(one.due_on.year - 1, 12, 31))
    payee = member_of(deal.licensor_id)
    total = sides_total(payee, deal, LICENSOR)
    client.post("/sign-in", data={"email": payee.user.email, "password": PASSWORD})
    with counting() as statements:
        page = client.get("/money").text
    assert len(statements) <= 12, statements
    assert f'<span class="nowrap">{money(total)}</span>' in page
    assert f"/deals/{deal.id}" in page
    assert client.get("/pipeline").status_code == 403


def sides_total(member: Membership, deal: Deal, side: PartyRole) -> int:
    """Open in all deals of an organisation on one side, deal by deal."""
    rows = db.session.query(Deal).filter(
        Deal.licensor_id == member.organisation_id if side == LICENSOR else Deal.licensee_id == member.organisation_id
    )
    return sum(deals.outstanding_fen(one) for one in rows)


def test_of_many_amounts_the_page_shows_the_first_and_sums_all(client, monkeypatch):
    monkeypatch.setattr(open_amounts, "MOST_AMOUNTS", 2)
    fee = Instalments((Instalment(0, 100_00), Instalment(1, 200_00), Instalment(2, 400_00)))
    play = make_deal(DealState.PAYING, terms=make_terms(fee=fee))
    user = db.session.get_one(User, play.actors[LICENSEE].user_id)
    sign_in(client, user)
    page = client.get("/money", headers={"Accept-Language": "en"}).text
    assert money(700_00) in page
    assert "The first 2 of 3 amounts. The sums above are over all of them." in page
    assert [amount in page for amount in ("¥100.00", "¥200.00", "¥400.00")] == [True, True, False]
    with clock.at(clock.noon(clock.today() + timedelta(days=40))):
        sign_in(client, user)
        page = client.get("/money", headers={"Accept-Language": "en"}).text
    assert "Overdue, 40 days" in page


def test_amounts_that_wait_for_the_worker_are_missing_and_the_page_says_so(client, app):
    play = make_deal(DealState.PAYING)
    stranger = make_deal(DealState.PAYING)
    with unit_of_work():
        db.session.execute(update(Deal).where(Deal.id == play.deal.id).values(amounts_basis=""))
    sign_in(client, db.session.get_one(User, play.actors[LICENSEE].user_id))
    page = client.get("/money", headers={"Accept-Language": "en"}).text
    assert "The amounts of 1 deal are being computed anew and are missing here." in page
    assert "No money is due." not in page
    assert f"/deals/{play.deal.id}" not in page
    assert "正在重新计算" in client.get("/money", headers={"Accept-Language": "zh-CN"}).text
    jobs.keep_amounts(app.extensions["matchmaker.settings"])
    page = client.get("/money", headers={"Accept-Language": "en"}).text
    assert "computed anew" not in page
    assert f"/deals/{play.deal.id}" in page
    assert f"/deals/{stranger.deal.id}" not in page


@pytest.mark.usefixtures("demonstration")
def test_the_board_holds_what_the_intermediary_brought_about_and_nothing_else(client, monkeypatch):
    user = db.session.query(User).filter(User.email == "manager@qiaoliang.example").one()
    manager = actor(db.session.scalars(select(Membership).where(Membership.user_id == user.id)).one())
    columns = desk.pipeline(manager)
    assert [column.code for column in columns] == ["lead", "introduced", "terms", "trial", "paying", "paid"]
    shown = {row.id for column in columns for row in column.rows if isinstance(row, Deal)}
    brokered = (Deal.broker_id == manager.organisation_id, Deal.state != DealState.ENDED)
    assert shown == {deal.id for deal in db.session.query(Deal).filter(*brokered)}
    assert len(shown) > 1
    assert sum(column.total for column in columns[2:]) == len(shown)
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    with counting() as statements:
        page = client.get("/pipeline").text
    assert len(statements) <= 12, statements
    assert all(f"/deals/{deal_id}" in page for deal_id in shown)
    assert client.get("/money").status_code == 403
    monkeypatch.setattr(desk, "MOST_SHOWN", 1)
    assert any(column.total > len(column.rows) == 1 for column in desk.pipeline(manager))


def test_the_board_names_an_anonymous_seeker_only_once_both_sides_agreed(client):
    pair = make_pair(anonymous=True)
    introduction = request(pair, by=Side.BROKER)
    sign_in(client, db.session.get_one(User, pair.broker.user_id))
    page = client.get("/pipeline", headers={"Accept-Language": "en"}).text
    assert "Demo University → Anonymous enterprise" in page
    assert "Demo Works" not in page
    for side in (pair.tto, pair.signatory):
        with unit_of_work():
            agree_to_introduction(side, introduction, undertakes=True)
    assert "Demo University → Demo Works" in client.get("/pipeline", headers={"Accept-Language": "en"}).text


@pytest.mark.usefixtures("demonstration")
def test_the_demonstration_is_written_as_it_is_computed(app):
    assert deals.list_unwritten() == []
    assert len(deals.list_written()) > 1
    assert list(jobs.verify_amounts()) == []
