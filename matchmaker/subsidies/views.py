"""Pages of the policy, of claims and of budgets."""

from __future__ import annotations

import uuid

from flask import Response, current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.accounts.roles import Role
from matchmaker.core import access, clock, workflow
from matchmaker.core.access import Actor, needs
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.downloads import download
from matchmaker.core.web.forms import Form, done
from matchmaker.deals import queries as deals
from matchmaker.subsidies import budget, policies, queries, rules, services
from matchmaker.subsidies import policy_views as _policy_views  # noqa: F401  (its views belong to this blueprint)
from matchmaker.subsidies.blueprint import blueprint
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.forms import BudgetForm, ClaimForm, DecisionForm, EvidenceForm, NewClaimForm, PaymentForm
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.permissions import CLAIMING_ROLES, Can
from matchmaker.subsidies.states import CLAIM, ClaimState

Answer = str | Response | BaseResponse | tuple[str, int]

_BUREAU = (Role.REVIEWER, Role.ADMINISTRATOR, Role.AUDITOR)


def _sees_claims(actor: Actor) -> bool:
    return actor.holds(*CLAIMING_ROLES, *_BUREAU)


navigation.item("subsidies.claims", N_("Claims"), 52, shown=_sees_claims)
navigation.item("subsidies.budgets", N_("Budgets"), 54, shown=lambda actor: access.may(actor, Can.BUDGET_VIEW))


# --- claims ---------------------------------------------------------------------------------------------------------


@blueprint.get("/claims")
@needs(Can.CLAIM_LIST)
def claims() -> Answer:
    """Reviewers begin with those that wait for them."""
    text, clause_id = paging.search_text(), paging.search_text("clause")
    chosen = request.args.get("state", ClaimState.SUBMITTED if g.actor.holds(Role.REVIEWER) else "")
    state = ClaimState(chosen) if chosen in set(ClaimState) else None
    found = queries.list_claims(g.actor, state=state, clause_id=clause_id, text=text)
    return render_template(
        "subsidies/claims.html",
        page=paging.paged(found, paging.page_number()),
        counts=queries.count_claims(g.actor),
        state=state,
        text=text,
        clause_id=clause_id,
        claimed=[clause for clause in policies.current().catalogue if clause.id in rules.CLAIMANT_PART],
        claimable=_claimable_clauses(),
    )


def _claimable_clauses() -> list[Clause]:
    """Clauses that the actor can begin a claim under."""
    found = queries.list_claimable_clauses(g.actor.organisation_kind)
    return found if access.may(g.actor, Can.CLAIM_CREATE) else []


@blueprint.route("/claims/new", methods=["GET", "POST"])
@needs(Can.CLAIM_CREATE)
def new_claim() -> Answer:
    """`?clause=<id>`, one that the actor's organisation can claim; the first of them if none is named."""
    possible = _claimable_clauses()
    wanted = request.args.get("clause") or (possible[0].id if possible else "")
    clause = next((clause for clause in possible if clause.id == wanted), None)
    if clause is None:
        raise NotFound()
    choice = queries.list_claimable_deals(g.actor, clause)
    form = NewClaimForm(choice)
    claim = form.run(lambda: _draft(form, clause)) if form.is_submitted() else None
    if claim is None:
        page = render_template("subsidies/new_claim.html", form=form, clause=clause, choice=choice)
        return page, 422 if form.has_errors else 200
    done(_("The draft is saved. Attach the evidence, look at the verdict, then submit it."))
    return redirect(url_for("subsidies.claim", id=claim.id))


def _draft(form: NewClaimForm, clause: Clause) -> Claim:
    deal = deals.find_deal(uuid.UUID(form.deal.data))
    assert deal is not None  # it is one of the choices
    return services.draft_claim(g.actor, deal, clause_id=clause.id, **form.entries())


@blueprint.get("/claims/<uuid:id>")
@needs(Can.CLAIM_VIEW, load=queries.find_claim)
def claim(claim: Claim) -> Answer:
    return _page(claim)


def _page(claim: Claim, **forms: Form) -> str:
    actions = workflow.open_actions(g.actor, claim, CLAIM)
    shown = {
        "evidence_form": EvidenceForm(formdata=None),
        "decision_form": DecisionForm(formdata=None, data={"approved_fen": claim.requested_fen}),
        "payment_form": PaymentForm(formdata=None),
        **forms,
    }
    return render_template(
        "subsidies/claim.html",
        claim=claim,
        clause=claim.clause,
        verdict=queries.verdict_on(claim),
        period_note=rules.period_note(claim.clause),
        actions=actions,
        barred=claim.state == ClaimState.SUBMITTED and g.actor.holds(Role.REVIEWER) and "approve" not in actions,
        budget=queries.find_budget(claim.programme, claim.year) if "approve" in actions else None,
        history=queries.list_history(claim),
        **shown,
    )


def _answer(claim: Claim, form: Form, sentence: str, **forms: Form) -> Answer:
    """Back to the page: with the refused form in its place, or anew."""
    if form.has_errors:
        return _page(claim, **forms), 422
    done(sentence)
    return redirect(url_for("subsidies.claim", id=claim.id))


@blueprint.route("/claims/<uuid:id>/edit", methods=["GET", "POST"])
@needs(Can.CLAIM_EDIT, load=queries.find_claim)
def edit_claim(claim: Claim) -> Answer:
    form = ClaimForm(obj=claim)
    if form.is_submitted():
        form.run(lambda: services.edit_claim(g.actor, claim, **form.entries()))
        if not form.has_errors:
            done(_("The draft was saved."))
            return redirect(url_for("subsidies.claim", id=claim.id))
    page = render_template("subsidies/edit_claim.html", form=form, claim=claim, clause=claim.clause)
    return page, 422 if form.has_errors else 200


@blueprint.post("/claims/<uuid:id>/submit")
@needs(Can.CLAIM_SUBMIT, load=queries.find_claim)
def submit_claim(claim: Claim) -> Answer:
    services.submit_claim(g.actor, claim)
    done(_("The claim is with the bureau. You can withdraw it until it is decided."))
    return redirect(url_for("subsidies.claim", id=claim.id))


@blueprint.post("/claims/<uuid:id>/withdraw")
@needs(Can.CLAIM_WITHDRAW, load=queries.find_claim)
def withdraw_claim(claim: Claim) -> Answer:
    services.withdraw_claim(g.actor, claim)
    done(_("The claim was withdrawn."))
    return redirect(url_for("subsidies.claim", id=claim.id))


@blueprint.post("/claims/<uuid:id>/<any(approve, return, reject):action>")
@needs(Can.CLAIM_REVIEW, load=queries.find_claim)
def decide_claim(claim: Claim, action: str) -> Answer:
    form = DecisionForm()
    form.run(lambda: _decide(claim, action, form))
    if action == "return" and not form.has_errors:
        done(_("The claim went back to the claimant for completion."))
        return redirect(url_for("subsidies.claims"))  # a draft is the claimant's own again
    return _answer(claim, form, _("Your decision on the claim was recorded."), decision_form=form)


def _decide(claim: Claim, action: str, form: DecisionForm) -> None:
    reason = form.reason.data or ""
    if action == "approve":
        services.approve_claim(g.actor, claim, approved_fen=int(form.approved_fen.data or 0), reason=reason)
    elif action == "return":
        services.return_claim(g.actor, claim, reason=reason)
    else:
        services.reject_claim(g.actor, claim, reason=reason)


@blueprint.post("/claims/<uuid:id>/pay")
@needs(Can.CLAIM_PAY, load=queries.find_claim)
def pay_claim(claim: Claim) -> Answer:
    form = PaymentForm()
    form.run(lambda: services.pay_claim(g.actor, claim, paid_on=form.paid_on.data or clock.today()))
    return _answer(claim, form, _("The payment was recorded."), payment_form=form)


# --- evidence -------------------------------------------------------------------------------------------------------


@blueprint.post("/claims/<uuid:id>/evidence")
@needs(Can.CLAIM_EDIT, load=queries.find_claim)
def add_evidence(claim: Claim) -> Answer:
    form, settings = EvidenceForm(), current_app.extensions["matchmaker.settings"]
    form.run(
        lambda: services.add_evidence(
            g.actor,
            claim,
            stream=form.file.data.stream,
            name=form.file.data.filename or "",
            root=settings.files_dir,
            limit_bytes=settings.upload_limit_bytes,
        )
    )
    return _answer(claim, form, _("The file was attached."), evidence_form=form)


@blueprint.get("/claims/<uuid:id>/evidence/<uuid:evidence_id>")
@needs(Can.CLAIM_VIEW, load=queries.find_claim)
def evidence(claim: Claim, evidence_id: uuid.UUID) -> Answer:
    """The file as a download, never shown in the page."""
    row = queries.find_evidence(claim, evidence_id)
    if row is None:
        raise NotFound()
    return download(row.file, row.name)


@blueprint.post("/claims/<uuid:id>/evidence/<uuid:evidence_id>/remove")
@needs(Can.CLAIM_EDIT, load=queries.find_claim)
def remove_evidence(claim: Claim, evidence_id: uuid.UUID) -> Answer:
    row = queries.find_evidence(claim, evidence_id)
    if row is None:
        raise NotFound()
    services.remove_evidence(g.actor, claim, evidence=row)
    done(_("The file was removed."))
    return redirect(url_for("subsidies.claim", id=claim.id))


# --- budgets --------------------------------------------------------------------------------------------------------


@blueprint.get("/budgets")
@needs(Can.BUDGET_VIEW)
def budgets() -> Answer:
    years = queries.list_budget_years()
    latest = years[0] if years else clock.today().year
    year = next((year for year in years if str(year) == request.args.get("year")), latest)
    names = {clause.id: clause for clause in policies.current().catalogue}
    return render_template(
        "subsidies/budgets.html", budgets=queries.list_budgets(year), names=names, years=years, year=year
    )


@blueprint.route("/budgets/set", methods=["GET", "POST"])
@needs(Can.BUDGET_SET)
def set_budget() -> Answer:
    paying = [clause for clause in policies.current().catalogue if clause.pays]
    year = request.args.get("year", clock.today().year, type=int)
    form = BudgetForm(paying, data={"year": year, "programme": request.args.get("programme", "")})
    if form.is_submitted():
        form.run(
            lambda: budget.set_total(
                g.actor,
                None,
                programme=form.programme.data,
                year=form.year.data or 0,
                total_fen=int(form.total_fen.data or 0),
            )
        )
        if not form.has_errors:
            done(_("The budget was set."))
            return redirect(url_for("subsidies.budgets", year=form.year.data))
    return render_template("subsidies/set_budget.html", form=form), 422 if form.has_errors else 200
