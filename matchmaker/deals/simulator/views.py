"""The simulator's pages. Anyone may reckon; only who may edit a deal can put the result into it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.core import access, clock
from matchmaker.core.access import needs, public
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.messages import register_labels
from matchmaker.core.money import round_half_up
from matchmaker.core.web import filters, navigation
from matchmaker.core.web.forms import Form, done
from matchmaker.deals import queries, services, simulate
from matchmaker.deals.models import Deal
from matchmaker.deals.permissions import Can
from matchmaker.deals.simulate import BEARER_LABELS, PLAN_LABELS, SCENARIO_LABELS, Plan, Scenario
from matchmaker.deals.simulator import chart
from matchmaker.deals.simulator.forms import GROUPS, SimulatorForm, from_price, from_terms, simulator_form
from matchmaker.deals.states import DealAction
from matchmaker.deals.terms import DealKind, Terms
from matchmaker.deals.views import counter_page
from matchmaker.introductions import queries as introductions
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.permissions import Can as IntroductionCan
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement
from matchmaker.listings.permissions import Can as ListingCan

for labels in (PLAN_LABELS, SCENARIO_LABELS, BEARER_LABELS):
    register_labels(labels)

blueprint = Blueprint("simulator", __name__)

navigation.item("simulator.simulator", N_("Simulator"), 44)

Answer = str | Response | BaseResponse | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Subject:
    """What the simulation is about, of what the reader may see: at most one of these."""

    deal: Deal | None = None
    introduction: Introduction | None = None
    achievement: Achievement | None = None

    @property
    def title(self) -> str:
        """Of the achievement, as the public reads it."""
        if self.introduction is not None:
            return str(self.introduction.achievement_revision.body["title"])
        if self.achievement is None:
            return ""
        revision = self.achievement.revision
        return self.achievement.title if revision is None else str(revision.body["title"])

    @property
    def terms(self) -> Terms | None:
        """Terms on the table: the draft while it is one, else what was offered."""
        if self.deal is None:
            return None
        return self.deal.draft if self.is_open else queries.terms_in_force(self.deal)

    @property
    def is_open(self) -> bool:
        """Whether the reader could edit the draft now."""
        return self.deal is not None and DealAction.EDIT in queries.open_steps(g.actor, self.deal)

    @property
    def is_to_answer(self) -> bool:
        """Whether the reader could answer the offer with other terms now."""
        return self.deal is not None and DealAction.COUNTER in queries.open_steps(g.actor, self.deal)

    def known(self) -> dict[str, str]:
        """Entries that the negotiation or the published price settles."""
        if self.terms is not None:
            return from_terms(self.terms)
        revision = self.achievement.revision if self.achievement is not None else None
        if self.introduction is not None:
            revision = self.introduction.achievement_revision
        body = {} if revision is None else revision.body
        price_fen = body.get("price_max_fen") or body.get("price_min_fen")
        return from_price(price_fen) if price_fen else {}


def _subject() -> Subject:
    """By `?deal=`, `?introduction=` or `?achievement=`. What the reader may not see is as if it were not there."""
    for name, find, permission in (
        ("deal", queries.find_deal, Can.DEAL_VIEW),
        ("introduction", introductions.find_introduction, IntroductionCan.INTRODUCTION_VIEW),
        ("achievement", listings.find_achievement, ListingCan.ACHIEVEMENT_VIEW),
    ):
        if name in request.args:
            row: Any = find(_uuid(request.args[name]))
            if row is None:
                raise access.unseen(g.actor, permission)
            access.require(g.actor, permission, row)
            return Subject(**{name: row})
    return Subject()


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound() from None


@blueprint.get("/simulator")
@public("reckoning with made-up figures shows nothing of anybody; what a deal or listing says is asked for by its rule")
def simulator() -> Answer:
    subject = _subject()
    form = _form(subject)
    chosen = request.args.get("scenario", "")
    scenario = Scenario(chosen) if chosen in set(Scenario) else Scenario.EXPECTED
    valid = form.validate()
    page = render_template(
        "deals/simulator/simulator.html",
        form=form,
        groups=GROUPS,
        subject=subject,
        scenario=scenario,
        scenarios=Scenario,
        share=_share(form),
        **(_results(form, subject, scenario) if valid else {}),
    )
    return page if valid else (page, 422)


def _form(subject: Subject) -> SimulatorForm:
    return simulator_form(subject.known(), request.args, clock.today())


def _share(form: SimulatorForm) -> dict[str, str]:
    """The entries as they stand in an address, with what they are about."""
    about = {name: request.args[name] for name in ("deal", "introduction", "achievement") if name in request.args}
    return {**about, **{field.name: field._value() for field in form if field.name != "csrf_token"}}


def _results(form: SimulatorForm, subject: Subject, scenario: Scenario) -> dict[str, Any]:
    world = form.world()
    made = [plan for plan in Plan if plan is not Plan.ON_THE_TABLE]
    plans: dict[Plan, Terms] = {plan: simulate.plan_terms(plan, form.prices(), world) for plan in made}
    if subject.terms is not None and simulate.can_be_played(subject.terms):
        plans[Plan.ON_THE_TABLE] = subject.terms
    compared = simulate.compare(plans, world)
    flows = [one.by_scenario[scenario].flow for one in compared]
    scale = chart.scale(flow for one in flows for flow in (one.licensor, one.licensee))
    return {
        "compared": compared,
        "scale": scale,
        "chart": chart,
        "tick": _tick,
        "near": _near,
        "best": _best(compared, scenario),
        "months": world.months,
        "offer": Form(formdata=None),
        "can_offer": subject.is_open or subject.is_to_answer or _may_begin(subject),
    }


def _may_begin(subject: Subject) -> bool:
    """Whether the reader could begin a deal from the introduction it is about."""
    introduced = subject.introduction is not None and subject.introduction.introduced_at is not None
    return introduced and access.may(g.actor, Can.DEAL_DRAFT)


def _best(compared: list[simulate.Compared], scenario: Scenario) -> dict[str, Plan]:
    """Which way to pay is worth most to each side."""
    here = [(one.plan, one.by_scenario[scenario]) for one in compared]
    return {
        "licensor": max(here, key=lambda pair: pair[1].licensor_value_fen)[0],
        "licensee": max(here, key=lambda pair: pair[1].licensee_value_fen)[0],
    }


def _tick(fen: int) -> str:
    """An amount at an axis, in the unit its legend names: ten thousand yuan in Chinese, thousand yuan in English."""
    return filters.number(fen / (10**6 if filters.chinese() else 10**5)).replace("-", "\u2212")


def _near(fen: int) -> str:
    """A present value to the hundred yuan: more digits than that nobody can know."""
    hundreds = round_half_up(Fraction(fen, 10_000))
    return filters.money(hundreds * 10_000)


@blueprint.post("/simulator/offer")
@needs(Can.DEAL_DRAFT)
def offer() -> Answer:
    """Put a way to pay into the draft of the deal in the address, or of a new one from the introduction there; of an
    offer that the reader is to answer, into the form of the counter-offer, which is not sent yet."""
    subject = _subject()
    form, chosen = _form(subject), request.form.get("plan", "")
    if chosen not in set(Plan) - {Plan.ON_THE_TABLE} or not form.validate():
        return redirect(f"{url_for('simulator.simulator')}?{urlencode(_share(form))}")
    terms = simulate.plan_terms(Plan(chosen), form.prices(), form.world(), like=subject.terms)
    if subject.deal is not None and subject.is_to_answer:
        return counter_page(subject.deal, terms)
    deal = subject.deal or _begun(subject.introduction)
    seen_version = request.form.get("version", type=int) if subject.deal is not None else None
    services.edit_terms(g.actor, deal, terms=terms, seen_version=seen_version)
    done(_("The simulated terms are in the draft. Check them, fill in the rest, then offer them."))
    return redirect(url_for("deals.edit_terms", id=deal.id))


def _begun(introduction: Introduction | None) -> Deal:
    if introduction is None:
        raise NotFound()
    return services.draft_deal(
        g.actor,
        None,
        kind=DealKind.PAY_LATER_LICENCE,
        achievements=[introduction.achievement],
        licensee=introduction.need_organisation,
        broker=introduction.broker,
        introduction=introduction,
    )
