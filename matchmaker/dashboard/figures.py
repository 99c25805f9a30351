"""The figures of the dashboard: each with its definition, its rows and what leads to them.

Of single organisations only counts are shown: a sum could give away the price of a deal.

A figure is a table first; the chart beside it and the CSV are made from the same rows.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import clock, taxonomy
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.core.web.filters import in_language
from matchmaker.dashboard import queries
from matchmaker.deals.models import Deal, DealAchievement, Payment
from matchmaker.introductions.models import Introduction
from matchmaker.listings.models import Achievement, ListingState, Need

MOST_ROWS = 20
MONTHS = 12
FEN_PER_WAN = 1_000_000

Link = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """A name in the reader's language, a value for each column (None: not known), and the page with the rows behind."""

    name: str
    values: tuple[int | float | None, ...]
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """`title`, `definition`, `unit` and `columns` are catalogue keys; `chart`: bar or line, `across` for lying bars."""

    code: str
    title: str
    definition: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
    chart: str = "bar"
    across: bool = False
    stacked: bool = False
    unit: str = ""


def funnel() -> Figure:
    """From posted to paid, with the share of the stage before."""
    stages = queries.funnel()
    before: list[int | None] = [None, *(stage.count for stage in stages[:-1])]
    rows = [
        Row(
            stage.name,
            (stage.count, round(100 * stage.count / previous, 1) if previous else None),
            (_PAGES[stage.code], {}) if stage.code in _PAGES else None,
        )
        for stage, previous in zip(stages, before, strict=True)
    ]
    return Figure(
        "funnel",
        N_("From posted to paid"),
        N_(
            "Matched is what matches now; each other stage counts what ever reached it. "
            "The share is that of the stage before."
        ),
        (N_("Count"), N_("Share of the stage before, in percent")),
        rows,
    )


_PAGES = {
    "posted": "matching.search_achievements",
    "introduced": "introductions.introductions",
    "signed": "deals.deals",
}


def times() -> Figure:
    """Median days from stage to stage."""
    met = select(Achievement.published_at, Introduction.introduced_at).join(Introduction.achievement)
    met = met.where(Introduction.introduced_at.is_not(None))
    first_paid = select(Payment.deal_id, func.min(Payment.paid_on).label("on")).where(Payment.stands)
    first = first_paid.group_by(Payment.deal_id).subquery()
    signed = select(Introduction.introduced_at, Deal.signed_on, Deal.payment_starts_on, first.c.on)
    signed = signed.select_from(Deal).outerjoin(Deal.introduction).outerjoin(first, first.c.deal_id == Deal.id)
    deals = db.session.execute(signed.where(Deal.signed_on.is_not(None))).all()
    steps = (
        (N_("Published to introduced"), db.session.execute(met)),
        (N_("Introduced to signed"), [deal[0:2] for deal in deals]),
        (N_("Signed to payment begun (the trial)"), [deal[1:3] for deal in deals]),
        (N_("Payment begun to first received"), [deal[2:4] for deal in deals]),
    )
    rows = [Row(name, _median(pairs)) for name, pairs in steps]
    return Figure(
        "times",
        N_("Time in each stage"),
        N_("Median days between two stages, over all that reached the second; published means the latest publication."),
        (N_("Median days"), N_("Cases")),
        rows,
        across=True,
    )


def _median(pairs: Iterable[Any]) -> tuple[float | None, int]:
    days = [max(0, (_day(end) - _day(start)).days) for start, end in pairs if start is not None and end is not None]
    return (float(statistics.median(days)) if days else None), len(days)


def _day(value: Any) -> date:
    return clock.day_of(value) if hasattr(value, "hour") else value


def months() -> Figure:
    """Money received for deals, by month."""
    today = clock.today()
    last = today.year * 12 + today.month - 1
    first = date((last - MONTHS + 1) // 12, (last - MONTHS + 1) % 12 + 1, 1)
    query = select(Payment.paid_on, Payment.fen).where(Payment.stands, Payment.paid_on >= first)
    sums = {f"{month // 12}-{month % 12 + 1:02}": 0 for month in range(last - MONTHS + 1, last + 1)}
    for paid_on, fen in db.session.execute(query):
        if f"{paid_on:%Y-%m}" in sums:
            sums[f"{paid_on:%Y-%m}"] += fen
    return Figure(
        "months",
        N_("Money received, by month"),
        N_(
            "What licensors recorded as received in the last twelve months and did not take back; in ten thousand yuan."
        ),
        (N_("Ten thousand yuan"),),
        [Row(month, (fen / FEN_PER_WAN,)) for month, fen in sums.items()],
        chart="line",
    )


def fields() -> Figure:
    return _by_code("fields", "field", N_("By technical field"))


def districts() -> Figure:
    return _by_code("districts", "district", N_("By district"))


def _by_code(kind: str, column: str, title: str) -> Figure:
    """Published achievements and needs, and signed deals by their first achievement."""
    counts = _counts_by(column)
    rows = [
        Row(term.name, tuple(found.get(code, 0) for found in counts), ("matching.search_achievements", {column: code}))
        for code, term in taxonomy.terms(kind).items()
    ]
    shown = sorted((row for row in rows if any(row.values)), key=lambda row: -sum(value or 0 for value in row.values))
    return Figure(
        kind,
        title,
        N_("Entries published now, and deals ever signed, by what their (first) achievement states."),
        (N_("Achievements"), N_("Needs"), N_("Deals signed")),
        shown,
        across=True,
        stacked=True,
    )


def _counts_by(column: str) -> list[dict[str, int]]:
    """How many achievements, needs and deals there are of each code, in one read."""
    of_achievement = getattr(Achievement, column)
    first = (DealAchievement.deal_id == Deal.id) & (DealAchievement.position == 0)
    deals = (
        select(literal(2), of_achievement, func.count())
        .select_from(Deal)
        .join(DealAchievement, first)
        .join(Achievement, Achievement.id == DealAchievement.achievement_id)
        .where(Deal.signed_on.is_not(None))
        .group_by(of_achievement)
    )
    found: list[dict[str, int]] = [{}, {}, {}]
    published = (_published(Achievement, column, 0), _published(Need, column, 1))
    for place, code, count in db.session.execute(union_all(*published, deals)):
        found[place][str(code)] = count
    return found


def _published(model: Any, column: str, place: int) -> Select[Any]:
    key = getattr(model, column)
    return (
        select(literal(place), key, func.count())
        .where(model.state == ListingState.PUBLISHED, key.is_not(None))
        .group_by(key)
    )


def universities() -> Figure:
    counts = (
        _of(Achievement.organisation_id, Achievement.id, Achievement.state == ListingState.PUBLISHED),
        _of(Introduction.achievement_organisation_id, Introduction.id, Introduction.introduced_at.is_not(None)),
        _of(Deal.licensor_id, Deal.id, Deal.signed_on.is_not(None)),
    )
    return _by_organisation(
        "universities",
        N_("By university or institute"),
        N_("Achievements published now, introductions that took place and deals ever signed as licensor."),
        (N_("Achievements"), N_("Introductions"), N_("Deals signed")),
        OrganisationKind.UNIVERSITY,
        counts,
    )


def intermediaries() -> Figure:
    counts = (
        _of(Introduction.broker_id, Introduction.id, Introduction.introduced_at.is_not(None)),
        _of(Deal.broker_id, Deal.id, Deal.signed_on.is_not(None)),
    )
    return _by_organisation(
        "intermediaries",
        N_("By intermediary"),
        N_("Introductions that took place and deals ever signed with this intermediary as broker."),
        (N_("Introductions"), N_("Deals signed")),
        OrganisationKind.INTERMEDIARY,
        counts,
    )


def _of(organisation: Any, counted: Any, condition: Any) -> Any:
    """How many rows of a kind each organisation has, to be joined."""
    query = select(organisation.label("organisation_id"), func.count(counted).label("number"))
    return query.where(condition).group_by(organisation).subquery()


def _by_organisation(
    code: str, title: str, definition: str, columns: tuple[str, ...], kind: OrganisationKind, counts: Sequence[Any]
) -> Figure:
    values = [func.coalesce(part.c.number, 0) for part in counts]
    query = select(Organisation.id, Organisation.name, Organisation.name_en, *values).select_from(Organisation)
    for part in counts:
        query = query.outerjoin(part, part.c.organisation_id == Organisation.id)
    total = sum(values[1:], values[0])
    query = query.where(Organisation.kind == kind, total > 0).order_by(total.desc(), Organisation.name).limit(MOST_ROWS)
    rows = [
        Row(in_language(name, name_en), tuple(numbers), ("accounts.organisation", {"id": organisation_id}))
        for organisation_id, name, name_en, *numbers in db.session.execute(query)
    ]
    return Figure(code, title, definition, columns, rows, across=True, stacked=True)


FIGURES: Mapping[str, Callable[[], Figure]] = {
    figure.__name__: figure for figure in (funnel, times, months, fields, districts, universities, intermediaries)
}
"""All figures by their code, in the order of the page."""

OF_THE_BUREAU = frozenset({"months"})
"""Figures for the bureau alone: in a quiet month, a sum is one payment of one deal."""


def open_to(actor: Actor) -> list[str]:
    """Codes of the figures that the actor may see, in the order of the page."""
    return [code for code in FIGURES if code not in OF_THE_BUREAU or reads_exactly(actor)]


def reads_exactly(actor: Actor) -> bool:
    """The bureau reads sums of money as they are; others only so far as no deal's price follows from them."""
    return actor.organisation_kind == OrganisationKind.AUTHORITY
