"""Pages of the policy: catalogue, clauses, targets, navigator; for the bureau dated values and the bad-credit list."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.accounts import queries as accounts
from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import access, clock
from matchmaker.core.access import needs, public
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import done
from matchmaker.subsidies import navigator as prospects
from matchmaker.subsidies import policies, policy_services, queries, rulebook, rules, words
from matchmaker.subsidies.blueprint import blueprint
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.clause_text import conditions_text, evidence_text
from matchmaker.subsidies.permissions import Can as ClaimCan
from matchmaker.subsidies.policy_forms import DecisionForm, DiscreditedForm, ValuesForm
from matchmaker.subsidies.policy_models import DiscreditedParty, PolicyChange
from matchmaker.subsidies.policy_permissions import Can

Answer = str | Response | BaseResponse | tuple[str, int]

navigation.item("subsidies.clauses", N_("Policy"), 50)
navigation.item("subsidies.navigator", N_("Navigator"), 51, lambda actor: actor.organisation_kind in prospects.KINDS)


@blueprint.context_processor
def _policy() -> dict[str, Any]:
    return {"policy": policies.current().catalogue}


for _filter in (
    conditions_text,
    evidence_text,
    words.words,
    words.fact_name,
    words.needed,
    words.step_value,
    prospects.places,
):
    blueprint.add_app_template_filter(_filter, _filter.__name__)
blueprint.add_app_template_global(words.fact_value, "fact_value")


# --- for everyone ---------------------------------------------------------------------------------------------------

RATES = ("recorded", "missing")


@blueprint.get("/policy")
@public("the policy is public")
def clauses() -> Answer:
    kind, text = request.args.get("kind", ""), paging.search_text()
    part, rate = request.args.get("part", ""), request.args.get("rate", "")
    catalogue = rulebook.catalogue_on(clock.today())
    found = queries.list_clauses(
        catalogue,
        text=text,
        kind=OrganisationKind(kind) if kind in set(OrganisationKind) else None,
        part=part,
        rate={"recorded": True, "missing": False}.get(rate),
    )
    return render_template(
        "subsidies/clauses.html",
        found=found,
        parts=[one for one in catalogue.parts if any(clause.part_id == one.id for clause in found)],
        all_parts=catalogue.parts,
        kinds=[kind for kind in OrganisationKind if kind != OrganisationKind.AUTHORITY],
        chosen={"kind": kind, "text": text, "part": part, "rate": rate},
    )


@blueprint.get("/policy/<clause_id>")
@public("the policy is public")
def clause(clause_id: str) -> Answer:
    in_time = rulebook.clause_in_time(clause_id)
    clause = in_time.on(clock.today())
    return render_template(
        "subsidies/clause.html",
        clause=clause,
        history=in_time.history(),
        today=clock.today(),
        part=clause.part,
        period_note=rules.period_note(clause),
        excluded=[policies.current().catalogue.clause(other) for other in clause.excludes],
        cases=[(case, case.judge()) for case in policies.shipped_cases() if case.clause.id == clause.id],
        claimable=_may_claim(clause),
    )


def _may_claim(clause: Clause) -> bool:
    claimable = {one.id for one in queries.list_claimable_clauses(g.actor.organisation_kind)}
    return access.may(g.actor, ClaimCan.CLAIM_CREATE) and clause.id in claimable


@blueprint.get("/policy/targets")
@public("the action plan is public")
def targets() -> Answer:
    return render_template("subsidies/targets.html", plan=policies.targets())


# --- the navigator --------------------------------------------------------------------------------------------------


@blueprint.get("/policy/navigator")
@needs(Can.NAVIGATOR_OWN)
def navigator() -> Answer:
    """What fits the organisation that the reader acts for."""
    organisation = accounts.find_organisation(g.actor.organisation_id) if g.actor.organisation_id else None
    if organisation is None or organisation.kind not in prospects.KINDS:
        raise NotFound()
    return _prospects(organisation)


@blueprint.get("/policy/navigator/<uuid:id>")
@needs(Can.NAVIGATOR_VIEW, load=accounts.find_organisation)
def navigator_of(organisation: Organisation) -> Answer:
    if organisation.kind not in prospects.KINDS:
        raise NotFound()
    return _prospects(organisation)


def _prospects(organisation: Organisation) -> Answer:
    own = organisation.id == g.actor.organisation_id
    return render_template(
        "subsidies/navigator.html",
        organisation=organisation,
        found=prospects.list_prospects(organisation, on=clock.today()),
        today=clock.today(),
        own=own,
        most_deals=prospects.MOST_DEALS,
        may_claim=own and access.may(g.actor, ClaimCan.CLAIM_CREATE),
    )


# --- values, by two persons of the bureau ---------------------------------------------------------------------------


@blueprint.get("/policy/values")
@needs(Can.POLICY_VIEW)
def policy_values() -> Answer:
    clause_id, waiting = paging.search_text("clause"), request.args.get("waiting") == "1"
    found = rulebook.list_changes(clause_id=clause_id, waiting=waiting)
    return render_template(
        "subsidies/policy_values.html",
        page=paging.paged(found, paging.page_number()),
        clause_id=clause_id,
        waiting=waiting,
        names={clause.id: clause for clause in policies.current().catalogue},
    )


@blueprint.route("/policy/values/new", methods=["GET", "POST"])
@needs(Can.POLICY_PROPOSE)
def propose_values() -> Answer:
    """`?clause=<id>` begins with the text of that clause; without it any clause can be chosen."""
    paying = [clause for clause in policies.current().catalogue if clause.pays]
    alone = [clause for clause in paying if clause.id == request.args.get("clause")]
    form = ValuesForm(alone or paying, rulebook.clause_on(alone[0].id, date.max) if alone else None)
    change = form.run(lambda: _propose(form)) if form.is_submitted() else None
    if change is not None:
        done(_("The values were proposed. They count once another person of the bureau has confirmed them."))
        return redirect(url_for("subsidies.policy_value", id=change.id))
    return render_template("subsidies/propose_values.html", form=form), 422 if form.has_errors else 200


def _propose(form: ValuesForm) -> PolicyChange:
    return policy_services.propose_values(
        g.actor,
        None,
        clause_id=form.clause_id.data,
        from_on=form.from_on.data or clock.today(),
        values=form.values(),
        source=form.source.data or "",
    )


@blueprint.get("/policy/values/<uuid:id>")
@needs(Can.POLICY_VIEW, load=rulebook.find_change)
def policy_value(change: PolicyChange) -> Answer:
    return _value_page(change, DecisionForm(formdata=None))


def _value_page(change: PolicyChange, form: DecisionForm) -> str:
    return render_template(
        "subsidies/policy_value.html",
        change=change,
        clause=rulebook.clause_without(change),
        values=dict(change.change.values),
        cases=rulebook.compare_cases(change),
        form=form,
        may_decide=access.may(g.actor, Can.POLICY_DECIDE, change),
    )


@blueprint.post("/policy/values/<uuid:id>/<any(confirm, refuse):action>")
@needs(Can.POLICY_DECIDE, load=rulebook.find_change)
def decide_values(change: PolicyChange, action: str) -> Answer:
    form = DecisionForm()
    confirmed = action == "confirm"
    form.run(lambda: policy_services.decide_change(g.actor, change, confirmed=confirmed, reason=form.reason.data or ""))
    if form.has_errors:
        return _value_page(change, form), 422
    done(_("The values were confirmed.") if confirmed else _("The proposal was refused."))
    return redirect(url_for("subsidies.policy_value", id=change.id))


# --- the bad-credit list --------------------------------------------------------------------------------------------


@blueprint.route("/policy/credit", methods=["GET", "POST"])
@needs(Can.CREDIT_VIEW)
def credit() -> Answer:
    form, text = DiscreditedForm(), paging.search_text()
    if form.is_submitted():
        access.require(g.actor, Can.CREDIT_KEEP)
        form.run(lambda: _list(form))
        if not form.has_errors:
            done(_("The entry was listed."))
            return redirect(url_for("subsidies.credit"))
    page = render_template(
        "subsidies/credit.html",
        form=form,
        page=paging.paged(rulebook.list_discredited(text=text), paging.page_number()),
        text=text,
        today=clock.today(),
        may_keep=access.may(g.actor, Can.CREDIT_KEEP),
    )
    return page, 422 if form.has_errors else 200


def _list(form: DiscreditedForm) -> DiscreditedParty:
    return policy_services.list_discredited(
        g.actor,
        None,
        credit_code=form.credit_code.data or "",
        name=form.name.data or "",
        listed_on=form.listed_on.data or clock.today(),
        source=form.source.data or "",
    )


@blueprint.post("/policy/credit/<uuid:id>/lift")
@needs(Can.CREDIT_KEEP, load=rulebook.find_discredited)
def lift_credit(entry: DiscreditedParty) -> Answer:
    """The entry ends today."""
    policy_services.lift_discredited(g.actor, entry, lifted_on=clock.today())
    done(_("The entry was lifted."))
    return redirect(url_for("subsidies.credit"))
