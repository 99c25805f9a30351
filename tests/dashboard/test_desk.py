"""What is on the desk: open amounts as the terms and the ledger have them, and an intermediary's board."""

from datetime import date, timedelta

from sqlalchemy import select

from matchmaker.accounts.models import Membership, User
from matchmaker.core import access, clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.web.filters import money
from matchmaker.dashboard import desk, open_amounts
from matchmaker.deals import queries as deals
from matchmaker.deals import services as deal_services
from matchmaker.deals.models import Deal
from matchmaker.deals.permissions import Can as DealCan
from matchmaker.deals.states import DealState
from matchmaker.demo.load import load_if_empty
from matchmaker.demo.world import PASSWORD
from tests.dashboard.test_views import counting
from tests.factories.accounts import actor


def member_of(organisation_id) -> Membership:
    return db.session.scalars(select(Membership).where(Membership.organisation_id == organisation_id)).first()


def paying_deal() -> Deal:
    deals_paid_for = db.session.query(Deal).filter(Deal.state == DealState.PAYING)
    return next(deal for deal in deals_paid_for if deals.outstanding_fen(deal))


def test_each_side_of_a_deal_reads_the_same_open_amounts(client):
    load_if_empty(report=lambda line: None)
    deal, late_on = paying_deal(), date(2030, 1, 15)
    for organisation_id, owed in ((deal.licensee_id, True), (deal.licensor_id, False)):
        everything = open_amounts.list_open_amounts(actor(member_of(organisation_id)), late_on)
        amounts = [one for one in everything if one.deal.id == deal.id]
        assert sum(one.open_fen for one in amounts) == deals.outstanding_fen(deal) > 0
        assert {one.owed for one in amounts} == {owed}
        assert sum(one.open_fen for one in amounts if one.days_late) == deals.overdue_fen(deal, late_on)
        assert not any(one.days_late and one.falls_due_in_month_of(late_on) for one in amounts)
        assert everything == sorted(everything, key=lambda one: one.due.due_on)
    due = amounts[0].due
    one = open_amounts.OpenAmount(amounts[0].deal, due, 100, owed=True, days_late=0)
    assert one.falls_due_in_month_of(due.due_on.replace(day=1))
    assert not one.falls_due_in_month_of(date(due.due_on.year - 1, 12, 31))
    payee = member_of(deal.licensor_id)
    total = sum(one.open_fen for one in open_amounts.list_open_amounts(actor(payee), clock.today()))
    client.post("/sign-in", data={"email": payee.user.email, "password": PASSWORD})
    with counting() as statements:
        page = client.get("/money").text
    assert len(statements) <= 12, statements
    assert f'<span class="nowrap">{money(total)}</span>' in page
    assert f"/deals/{deal.id}" in page
    assert client.get("/pipeline").status_code == 403


def test_the_board_holds_what_the_intermediary_brought_about_and_nothing_else(client, monkeypatch):
    load_if_empty(report=lambda line: None)
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


def test_what_was_computed_is_kept_until_the_deal_moves(app, monkeypatch):
    load_if_empty(report=lambda line: None)
    deal, today = paying_deal(), clock.today()
    reader = actor(member_of(deal.licensee_id))
    open_amounts._kept.clear()
    computed = []
    real = open_amounts._computed
    monkeypatch.setattr(open_amounts, "_computed", lambda keys, day: computed.append(set(keys)) or real(keys, day))

    def total(day=today):
        db.session.expire_all()
        found = open_amounts.list_open_amounts(reader, day)
        return sum(one.open_fen for one in found if one.deal.id == deal.id)

    before = total()
    assert total() == before
    assert len(computed) == 1
    people = db.session.scalars(select(Membership).where(Membership.organisation_id == deal.licensor_id))
    payee = next(one for one in map(actor, people) if access.may(one, DealCan.DEAL_RECORD_PAYMENT, deal))
    with unit_of_work():
        payment = deal_services.record_payment(
            payee, db.session.merge(deal), fen=100, paid_on=today, idempotency_key="open-amounts-1"
        )
    assert total() == before - 100
    assert computed[1:] == [{deal.id}]
    with unit_of_work():
        deal_services.reverse_payment(payee, db.session.merge(deal), payment=db.session.merge(payment))
    assert total() == before
    assert computed[2:] == [{deal.id}]
    total(today + timedelta(days=1))
    assert len(computed) == 4  # on a new day, all of them
    monkeypatch.setattr(open_amounts, "KEPT", 1)
    total()
    assert len(open_amounts._kept) == 1
