"""Pages of the policy, of claims and of budgets."""

from __future__ import annotations

from typing import Any

from flask import Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import access, clock
from matchmaker.core.access import needs, public
from matchmaker.core.errors import N_
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import done
from matchmaker.subsidies import (
    budget,
    claim_views,
    notice_views,
    policies,
    queries,
    review_views,
    round_views,
    rules,
)
from matchmaker.subsidies.blueprint import blueprint as blueprint  # the application registers it from here
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.forms import BudgetForm
from matchmaker.subsidies.permissions import Can

Answer = str | Response | BaseResponse | tuple[str, int]

_PARTS = (claim_views, review_views, notice_views, round_views)  # imported for the views they add to the blueprint

navigation.item("subsidies.clauses", N_("Policy"), 50)
navigation.item("subsidies.budgets", N_("Budgets"), 54, shown=lambda actor: access.may(actor, Can.BUDGET_VIEW))


@blueprint.context_processor
def _policy() -> dict[str, Any]:
    return {"policy": policies.current().catalogue}


# --- the policy -----------------------------------------------------------------------------------------------------


@blueprint.get("/policy")
@public("the policy is public")
def clauses() -> Answer:
    kind, text = request.args.get("kind", ""), paging.search_text()
    found = queries.list_clauses(text=text, kind=OrganisationKind(kind) if kind in set(OrganisationKind) else None)
    return render_template(
        "subsidies/clauses.html",
        found=found,
        parts=list(dict.fromkeys(clause.id.split("-")[0] for clause in found)),
        kinds=[kind for kind in OrganisationKind if kind != OrganisationKind.AUTHORITY],
        kind=kind,
        text=text,
    )


@blueprint.get("/policy/<clause_id>")
@public("the policy is public")
def clause(clause_id: str) -> Answer:
    clause = policies.current().catalogue.clause(clause_id)
    return render_template(
        "subsidies/clause.html",
        clause=clause,
        part=rules.CLAIMANT_PART.get(clause_id),
        period_note=rules.period_note(clause),
        claimable=_may_claim(clause),
    )


def _may_claim(clause: Clause) -> bool:
    return access.may(g.actor, Can.CLAIM_CREATE) and clause in queries.list_claimable_clauses(g.actor.organisation_kind)


@blueprint.get("/policy/targets")
@public("the action plan is public")
def targets() -> Answer:
    return render_template("subsidies/targets.html", plan=policies.targets())


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
