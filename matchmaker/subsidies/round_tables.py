"""A round as the table that the bureau passes around: as a spreadsheet and as a PDF."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response
from flask_babel import gettext as _

from matchmaker.core import clock, messages, sheets, typeset
from matchmaker.core.web import filters
from matchmaker.core.web.downloads import made, xlsx_of
from matchmaker.subsidies import policies
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.round_queries import Round

MOST_PRINTED = 2_000
"""Rows of the PDF, which is made in memory: some 0.2 MB a row."""

_WIDTHS = (6, 14, 32, 22, 12, 40, 16, 8, 16, 16, 14)


def title(round_: Round) -> str:
    names = {clause.id: filters.in_language(clause.name_zh, clause.name_en) for clause in policies.current().catalogue}
    name = f"{round_.programme} {names.get(round_.programme, '')}".strip()
    return str(_("Claims of %(programme)s in %(year)s", programme=name, year=round_.year))


def headings() -> list[str]:
    return [
        _("No."),
        _("Claim number"),
        _("Claimant"),
        _("Credit code"),
        _("Clause"),
        _("Project or deal"),
        _("Sum claimed (yuan)"),
        _("Score"),
        _("Sum proposed (yuan)"),
        _("State"),
        _("Submitted on"),
    ]


def spreadsheet(name: str, round_: Round, claims: Iterable[Claim]) -> Response:
    rows = (_row(number, claim) for number, claim in enumerate(claims, start=1))
    return xlsx_of(name, title(round_), headings(), rows, _WIDTHS)


def _row(number: int, claim: Claim) -> list[Any]:
    return [
        number,
        claim.number,
        claim.claimant.name,
        claim.claimant.credit_code,
        claim.clause_id,
        claim.subject,
        sheets.fen_cell(claim.requested_fen),
        claim.review_score,
        sheets.fen_cell(claim.proposed_fen),
        messages.label(claim.state),
        clock.day_of(claim.submitted_at) if claim.submitted_at is not None else None,
    ]


def document(name: str, round_: Round, claims: Iterable[Claim]) -> Response:
    """The same as a PDF, with the budget below the title; `claims` up to `MOST_PRINTED`, and one more if there is."""
    budget = round_.budget
    sums: list[list[str]] = []
    if budget is not None:
        sums = [
            [_("Total budget"), filters.exact_money(budget.total_fen)],
            [_("Reserved"), filters.exact_money(budget.reserved_fen)],
            [_("Granted"), filters.exact_money(budget.used_fen)],
            [_("Left"), filters.exact_money(budget.free_fen)],
        ]
    rows = [_texts(number, claim) for number, claim in enumerate(claims, start=1)]
    left_out = _("Only the first %(count)s are printed; the spreadsheet has all of them.", count=MOST_PRINTED)
    data = {
        "title": title(round_),
        "language": "zh" if filters.chinese() else "en",
        "made_on": _("Made on %(day)s", day=filters.day(clock.today())),
        "sums": sums,
        "headings": headings(),
        "rows": rows[:MOST_PRINTED],
        "note": left_out if len(rows) > MOST_PRINTED else "",
    }
    content = typeset.pdf("claim_round.typ", data, at=clock.now())
    return made(name, "application/pdf", lambda target: target.write(content))


def _texts(number: int, claim: Claim) -> list[str]:
    row = _row(number, claim)
    row[6], row[8] = filters.exact_money(claim.requested_fen), filters.exact_money(claim.proposed_fen)
    row[10] = filters.day(row[10])
    return ["" if value is None else str(value) for value in row]
