"""The batch view: a programme's round with its ranking, its budget, its tables, and notices for all at once."""

from __future__ import annotations

from flask import Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.accounts.roles import Role
from matchmaker.core import access, clock
from matchmaker.core.access import needs
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import done
from matchmaker.subsidies import notice_services, policies, round_queries, round_tables
from matchmaker.subsidies.blueprint import blueprint
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.round_queries import Round
from matchmaker.subsidies.states import ClaimState

Answer = str | Response | BaseResponse | tuple[str, int]

MOST_AT_ONCE = 200
"""How many notices one press publishes: each is a step of its own with its event."""

navigation.item(
    "subsidies.rounds",
    N_("Rounds"),
    55,
    shown=lambda actor: access.may(actor, Can.ROUND_VIEW),
    group=navigation.Group.ADMINISTER,
)


@blueprint.get("/rounds")
@needs(Can.ROUND_VIEW)
def rounds() -> Answer:
    names = {clause.id: clause for clause in policies.current().catalogue}
    return render_template("subsidies/rounds.html", rounds=round_queries.list_rounds(), names=names)


def _round(programme: str, year: int) -> Round:
    found = round_queries.find_round(programme, year)
    if found is None:
        raise NotFound()
    return found


def _state() -> ClaimState | None:
    chosen = request.args.get("state", "")
    return ClaimState(chosen) if chosen in set(round_queries.HANDED_IN) else None


@blueprint.get("/rounds/<programme>/<int:year>")
@needs(Can.ROUND_VIEW)
def round_(programme: str, year: int) -> Answer:
    """Claims with a score by rank; with `?state=`, those in one state."""
    found, state = _round(programme, year), _state()
    return render_template(
        "subsidies/round.html",
        round=found,
        title=round_tables.title(found),
        state=state,
        today=clock.today(),
        page=paging.paged(round_queries.list_round(programme, year, state=state), paging.page_number(), size=50),
        publishable=found.counts[ClaimState.PROPOSED] if g.actor.holds(Role.REVIEWER) else 0,
    )


@blueprint.post("/rounds/<programme>/<int:year>/publish")
@needs(Can.ROUND_VIEW)
def publish_round(programme: str, year: int) -> Answer:
    """Notices for all proposed sums of the round that the actor may publish, up to `MOST_AT_ONCE`."""
    found = round_queries.list_publishable(g.actor, programme, year, limit=MOST_AT_ONCE)
    for claim in found:
        notice_services.publish_notice(g.actor, claim)
    done(_("%(count)s notices were published.", count=len(found)))
    return redirect(url_for("subsidies.round_", programme=programme, year=year))


@blueprint.get("/rounds/<programme>/<int:year>/table.<any(xlsx, pdf):form>")
@needs(Can.ROUND_VIEW)
def round_table(programme: str, year: int, form: str) -> Answer:
    """The round (or one of its states) in the bureau's form."""
    found = _round(programme, year)
    name, printed = f"{programme}-{year}.{form}", form == "pdf"
    most = round_tables.MOST_PRINTED + 1 if printed else None
    claims = round_queries.export_rows(programme, year, state=_state(), most=most)
    return (round_tables.document if printed else round_tables.spreadsheet)(name, found, claims)
