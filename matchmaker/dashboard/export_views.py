"""Deals and claims as files: what a reader's list shows, all pages of it, as CSV or as a spreadsheet.

They are written in the request, row by row, to the disk where they are large; see docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, g, request
from flask_babel import gettext as _

from matchmaker.accounts.roles import Role
from matchmaker.core import clock, messages, sheets
from matchmaker.core.access import needs
from matchmaker.core.db import each
from matchmaker.core.web import paging
from matchmaker.core.web.downloads import table_of
from matchmaker.core.web.filters import in_language
from matchmaker.deals import queries as deals
from matchmaker.deals.models import Deal
from matchmaker.deals.permissions import Can as DealCan
from matchmaker.deals.states import DealState
from matchmaker.subsidies import queries as subsidies
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.permissions import Can as ClaimCan
from matchmaker.subsidies.states import ClaimState

blueprint = Blueprint("exports", __name__)


def _named(organisation: Any) -> str:
    return in_language(organisation.name, organisation.name_en) if organisation is not None else ""


@blueprint.get("/deals.<any(csv, xlsx):kind>")
@needs(DealCan.DEAL_LIST)
def deals_table(kind: str) -> Response:
    chosen = request.args.get("state", "")
    state = DealState(chosen) if chosen in set(DealState) else None
    heads = [
        _("Title"), _("State"), _("Kind"), _("Licensor"), _("Licensee"), _("Intermediary"),
        _("Begun on"), _("Signed on"), _("Trial to"),
    ]  # fmt: skip
    rows = map(_deal, each(deals.list_deals(g.actor, state=state, text=paging.search_text())))
    return table_of(kind, "deals", _("Deals"), heads, rows)


def _deal(deal: Deal) -> list[Any]:
    return [
        deal.title,
        messages.label(deal.state),
        messages.label(deal.kind),
        _named(deal.licensor),
        _named(deal.licensee),
        _named(deal.broker),
        clock.day_of(deal.created_at),
        deal.signed_on,
        deal.trial_ends_on,
    ]


@blueprint.get("/claims.<any(csv, xlsx):kind>")
@needs(ClaimCan.CLAIM_LIST)
def claims_table(kind: str) -> Response:
    chosen = request.args.get("state", ClaimState.SUBMITTED if g.actor.holds(Role.REVIEWER) else "")  # as on the page
    state = ClaimState(chosen) if chosen in set(ClaimState) else None
    heads = [
        _("Claim number"), _("Claimant"), _("Clause"), _("Project or deal"), _("State"), _("Sum claimed (yuan)"),
        _("Sum granted (yuan)"), _("Begun on"), _("Submitted on"), _("Due on"),
    ]  # fmt: skip
    query = subsidies.list_claims(
        g.actor,
        state=state,
        clause_id=request.args.get("clause", ""),
        text=paging.search_text(),
        mine=bool(request.args.get("mine")),
        late=bool(request.args.get("late")),
    )
    return table_of(kind, "claims", _("Claims"), heads, _claims(query))


def _claims(query: Any) -> Iterator[list[Any]]:
    for claim in each(query):
        yield _claim(claim)


def _claim(claim: Claim) -> list[Any]:
    return [
        claim.number or "",
        _named(claim.claimant),
        claim.clause_id,
        claim.subject,
        messages.label(claim.state),
        sheets.fen_cell(claim.requested_fen),
        sheets.fen_cell(claim.approved_fen),
        clock.day_of(claim.created_at),
        clock.day_of(claim.submitted_at) if claim.submitted_at is not None else None,
        claim.due_on,
    ]
