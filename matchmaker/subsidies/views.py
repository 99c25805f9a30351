"""Pages of budgets; and all the views of the feature, which stand in several modules."""

from __future__ import annotations

from flask import Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.core import access, clock
from matchmaker.core.access import needs
from matchmaker.core.errors import N_
from matchmaker.core.web import navigation
from matchmaker.core.web.forms import done
from matchmaker.subsidies import (
    budget,
    claim_views,
    notice_views,
    policies,
    policy_views,
    queries,
    review_views,
    round_views,
)
from matchmaker.subsidies.blueprint import blueprint as blueprint  # the application registers it from here
from matchmaker.subsidies.forms import BudgetForm
from matchmaker.subsidies.permissions import Can

Answer = str | Response | BaseResponse | tuple[str, int]

_PARTS = (
    claim_views,
    review_views,
    notice_views,
    round_views,
    policy_views,
)  # imported for the views they add to the blueprint

navigation.item(
    "subsidies.budgets",
    N_("Budgets"),
    54,
    shown=lambda actor: access.may(actor, Can.BUDGET_VIEW),
    group=navigation.Group.ADMINISTER,
)


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
