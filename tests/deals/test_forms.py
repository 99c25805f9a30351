"""The form of the terms: every trigger and fee, what is marked where, what is kept and what is saved."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.deals.forms import terms_form
from matchmaker.deals.forms.entries import entries_of
from matchmaker.deals.models import Deal
from matchmaker.deals.royalty import REPORT_DAYS
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import (
    Deferral,
    EntryFeeRoyalty,
    Instalment,
    Instalments,
    LumpSum,
    Milestone,
    OnDate,
    RoyaltyBase,
)
from tests.deals.pages import EN, as_, text_of
from tests.factories.accounts import LARGE, make_actor, make_organisation
from tests.factories.deals import LICENSEE, LICENSOR, make_deal, make_terms


def entries(**changes: Any) -> dict[str, Any]:
    today = clock.today()
    return {
        "rows": "4",
        "kind": "pay_later_licence",
        "licence": "ordinary",
        "territory": "吉林省",
        "field_of_use": "轨道车辆轴承",
        "effective_on": today.isoformat(),
        "trial_months": "12",
        "ends_on": (today + timedelta(days=2000)).isoformat(),
        "trigger": "first_revenue",
        "fee": "lump_sum",
        "lump_fen": "120000",
        "grace_days": "30",
        "pricing": "listing",
        **changes,
    }


def post_terms(client: FlaskClient, deal: Deal, **changes: Any) -> Any:
    return client.post(f"/deals/{deal.id}/terms", data=entries(version=deal.version, **changes), headers=EN)


@pytest.mark.parametrize(
    ("changes", "trigger", "fee"),
    [
        ({}, None, LumpSum(12_000_000)),
        ({"trigger": "milestone", "trigger_text": "样机验收"}, Milestone("样机验收"), LumpSum(12_000_000)),
        ({"trigger": "on_date", "trigger_on": "2028-02-29"}, "2028-02-29", LumpSum(12_000_000)),
        (
            {"fee": "deferral", "deferral_fen": "1,000.50", "deferral_months": "6", "lump_fen": "nonsense"},
            None,
            Deferral(100_050, 6),
        ),
        (
            {"fee": "instalments", "part_1_months": "0", "part_1_fen": "1", "part_3_months": "6", "part_3_fen": "2"},
            None,
            Instalments((Instalment(0, 100), Instalment(6, 200))),
        ),
    ],
)
def test_the_form_says_every_trigger_and_fee(
    app: Flask, client: FlaskClient, changes: Any, trigger: Any, fee: Any
) -> None:
    deal = make_deal().deal
    as_(client, make_actor(OrganisationKind.UNIVERSITY, organisation=deal.licensor))
    assert post_terms(client, deal, **changes).location == f"/deals/{deal.id}"
    draft = db.session.get_one(Deal, deal.id).draft
    assert draft.fee == fee
    if trigger is not None:
        assert draft.trigger == (OnDate(clock.date.fromisoformat(trigger)) if isinstance(trigger, str) else trigger)


def test_a_royalty_is_entered_in_percent_and_shown_again_as_entered(app: Flask, client: FlaskClient) -> None:
    play = make_deal()
    as_(client, play.actors[LICENSOR])
    royalty = {"fee": "entry_fee_royalty", "entry_fen": "0", "rate": "2.5", "base": "profit", "period_months": "3"}
    post_terms(client, play.deal, **royalty)
    fee = db.session.get_one(Deal, play.deal.id).draft.fee
    assert isinstance(fee, EntryFeeRoyalty)
    assert (str(fee.rate), fee.base, fee.minimum_fen, fee.cap_fen) == ("1/40", "profit", 0, None)
    page = text_of(client.get(f"/deals/{play.deal.id}/terms"))
    assert re.search(r'name="rate"[^>]*value="2.5"', page)
    assert "2.5%" in text_of(client.get(f"/deals/{play.deal.id}"))


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"lump_fen": ""}, "lump_fen", "Please fill this in."),
        ({"trigger": "on_date"}, "trigger_on", "Please fill this in."),
        ({"fee": "entry_fee_royalty", "rate": "a lot"}, "rate", "Write a percentage"),
        ({"fee": "instalments", "part_2_months": "3"}, "part_2_fen", "An instalment needs both"),
        ({"trial_months": "-1"}, "trial_months", "Number must be between"),
        ({"effective_on": ""}, "effective_on", "Please fill this in."),
    ],
)
def test_an_entry_that_cannot_be_read_is_marked_at_its_field(
    app: Flask, client: FlaskClient, changes: Any, field: str, sentence: str
) -> None:
    play = make_deal()
    as_(client, play.actors[LICENSOR])
    answer = post_terms(client, play.deal, **changes)
    assert answer.status_code == 422
    assert re.search(rf'id="field-{field}-wrong">{sentence}', text_of(answer))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (
            {"fee": "instalments", "part_2_months": "6", "part_2_fen": "1", "part_4_months": "6", "part_4_fen": "1"},
            "part_4_months",
        ),
        ({"trigger": "on_date", "trigger_on": "2026-01-01"}, "trigger_on"),
        ({"lump_fen": "0"}, "lump_fen"),
        (
            {"fee": "entry_fee_royalty", "entry_fen": "0", "rate": "3", "base": "sales", "period_months": "13"},
            "period_months",
        ),
    ],
)
def test_what_stands_in_the_way_of_an_offer_is_saved_and_then_marked(
    app: Flask, client: FlaskClient, changes: Any, field: str
) -> None:
    play = make_deal()
    as_(client, play.actors[LICENSOR])
    answer = post_terms(client, play.deal, **changes)
    assert answer.location == f"/deals/{play.deal.id}/terms"
    page = client.get(answer.location, headers=EN)
    assert page.status_code == 200
    # the form closes the gaps between instalments when it is shown again
    assert f'id="field-{field.replace("part_4", "part_2")}-wrong"' in text_of(page)
    deal_page = text_of(client.get(f"/deals/{play.deal.id}", headers=EN))
    assert "These terms cannot be offered yet" in deal_page
    assert "Offer these terms" not in deal_page
    db.session.rollback()
    version = db.session.get_one(Deal, play.deal.id).version
    assert client.post(f"/deals/{play.deal.id}/offer", data={"version": version}).status_code == 422


def test_more_lines_are_added_without_losing_or_saving_anything(app: Flask, client: FlaskClient) -> None:
    play = make_deal()
    version = play.deal.version
    as_(client, play.actors[LICENSOR])
    page = text_of(post_terms(client, play.deal, fee="instalments", part_4_months="9", part_4_fen="77", more="1"))
    assert 'name="part_10_months"' in page
    assert re.search(r'name="part_4_fen"[^>]*value="77"', page)
    db.session.rollback()
    assert db.session.get_one(Deal, play.deal.id).version == version


def test_a_large_or_unmeasured_licensee_is_explained_with_the_way_out(app: Flask, client: FlaskClient) -> None:
    for figures, sentence in (
        (LARGE, "the licensee is a large one"),
        ({"employees": None, "revenue_fen": None}, "the licensee&#39;s size is not known"),
    ):
        enterprise = make_organisation(**figures)
        signatory = make_actor(OrganisationKind.ENTERPRISE, organisation=enterprise)
        actors = {LICENSOR: make_actor(OrganisationKind.UNIVERSITY), LICENSEE: signatory}
        play = make_deal(actors=actors, drafted_by=LICENSEE)
        page = text_of(as_(client, signatory).get(f"/deals/{play.deal.id}", headers=EN))
        assert sentence in page
        assert f'href="/organisations/{enterprise.id}/edit"' in page


def test_of_two_editors_the_second_is_told_and_keeps_what_was_typed(app: Flask, client: FlaskClient) -> None:
    play = make_deal()
    as_(client, play.actors[LICENSOR])
    path, stale = f"/deals/{play.deal.id}/terms", entries(version=play.deal.version, territory="吉林市")
    post_terms(client, play.deal, territory="长春市")
    answer = client.post(path, data=stale, headers=EN)
    assert answer.status_code == 409
    page = text_of(answer)
    assert "Someone saved this draft after you had opened it." in page
    assert "吉林市" in page
    db.session.expire_all()
    deal = db.session.get_one(Deal, play.deal.id)
    assert deal.draft.territory == "长春市"
    shown = re.search(r'name="version"[^>]*value="(\d+)"', page)
    assert shown is not None
    assert client.post(path, data={**stale, "version": shown[1]}).status_code == 302
    db.session.expire_all()
    assert db.session.get_one(Deal, play.deal.id).draft.territory == "吉林市"


def test_terms_on_offer_are_not_edited(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED)
    assert as_(client, play.actors[LICENSOR]).get(f"/deals/{play.deal.id}/terms").status_code == 409


def test_unusual_terms_are_shown_with_their_source_before_the_offer(app: Flask, client: FlaskClient) -> None:
    play = make_deal(terms=make_terms(trial_months=37))
    page = text_of(as_(client, play.actors[LICENSOR]).get(f"/deals/{play.deal.id}", headers=EN))
    assert "The trial is longer than 36 months." in page
    assert "Source: Advice of this platform" in page
    assert "Offer these terms" in page


# --- groups ---------------------------------------------------------------------------------------------------------


def unfolded(page: Any) -> set[str]:
    """Titles of the groups of entries that stand open."""
    return set(re.findall(r"<details[^>]* open[^>]*><summary>([^<]*)</summary>", page.get_data(as_text=True)))


def test_only_what_belongs_to_the_choices_stands_open_in_the_usual_case(app: Flask, client: FlaskClient) -> None:
    play = make_deal()
    page = as_(client, play.actors[LICENSOR]).get(f"/deals/{play.deal.id}/terms", headers=EN)
    assert unfolded(page) == {"Only for a lump sum when payment starts"}


def test_groups_with_entries_or_faults_stand_open(app: Flask, client: FlaskClient) -> None:
    play = make_deal()
    as_(client, play.actors[LICENSOR])
    entered = {"penalty_rate": "0.05", "forum": "court", "forum_place": "长春市", "trigger": "on_date"}
    answer = post_terms(client, play.deal, **entered, guarantee_name="x" * 300)
    assert answer.status_code == 422
    assert unfolded(answer) == {
        "Only if payment starts on a day fixed in advance",
        "Only for a lump sum when payment starts",
        "Rest days, penalty and cure",
        "Guarantor or insurer",
        "Warranty, infringement, disputes, other terms",
    }


def test_a_royalty_that_is_yet_to_be_entered_is_due_with_its_report() -> None:
    assert entries_of(make_terms(fee=LumpSum(1)))["pay_days"] == REPORT_DAYS
    royalty = EntryFeeRoyalty(0, Fraction(3, 100), RoyaltyBase.SALES)
    assert entries_of(make_terms(fee=royalty))["pay_days"] is None, "what was agreed stays as it is"


def test_every_entry_of_the_form_is_on_the_page(app: Flask, client: FlaskClient) -> None:
    play = make_deal(broker=True)
    page = text_of(as_(client, play.actors[LICENSOR]).get(f"/deals/{play.deal.id}/terms", headers=EN))
    form = terms_form(play.deal, rows=4, formdata=None)
    names = {field.name for field in form if field.type != "CSRFTokenField"}
    assert {name for name in names if f'name="{name}"' not in page} == set()
