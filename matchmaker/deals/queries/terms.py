"""What the terms are judged against, what the rules say of them, and how versions differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from matchmaker.accounts.size_class import is_sme
from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.core.errors import InvalidMany
from matchmaker.deals import rules
from matchmaker.deals import terms as agreed
from matchmaker.deals.models import Deal, DealAchievement, TermsVersion
from matchmaker.deals.practice import practice
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import LICENCES, DealKind, Line, Terms

_LICENSED = tuple(set(DealState) - {DealState.DRAFT, DealState.OFFERED, DealState.ENDED})


def terms_in_force(deal: Deal) -> Terms | None:
    """The terms last offered, None before the first offer."""
    version = deal.version_on_offer
    return None if version is None else version.terms


def context(deal: Deal, terms: Terms) -> rules.Context:
    """What the terms are judged against: rights of the revisions, size of the licensee, other licences now."""
    size, existing = deal.licensee.classification, list(_existing(deal, from_on=terms.effective_on))
    return rules.Context(
        rights_expire_on=min((day for row in deal.achievements for day in _expiries(row)), default=None),
        licensee_is_sme=None if size is None else is_sme(size.size),
        existing_kinds=frozenset(one.licence for one in existing if one.kind in LICENCES),
        open_licence=any(one.kind is DealKind.OPEN_LICENCE for one in existing),
        trial_advised=practice().trial_advised,
        today=clock.today(),
    )


def _expiries(row: DealAchievement) -> Iterable[date]:
    return (date.fromisoformat(right["expires_on"]) for right in row.revision.body["rights"] if right["expires_on"])


def _existing(deal: Deal, *, from_on: date) -> Iterable[Terms]:
    """Terms of the other deals over the same rights, in force or being signed, that still run on this day."""
    achievements = [row.achievement_id for row in deal.achievements]
    others = select(DealAchievement.deal_id).where(DealAchievement.achievement_id.in_(achievements))
    query = (
        select(TermsVersion)
        .join(Deal, (Deal.id == TermsVersion.deal_id) & (Deal.number == TermsVersion.number))
        .where(Deal.id.in_(others), Deal.id != deal.id, Deal.state.in_(_LICENSED))
    )
    for version in db.session.scalars(query):
        terms = version.terms
        if terms.ends_on is None or terms.ends_on >= from_on:
            yield terms


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a draft: `faults` stand in the way of an offer, `warnings` do not."""

    faults: InvalidMany | None
    warnings: list[rules.TermsWarning]


def judge(deal: Deal, terms: Terms) -> Verdict:
    try:
        return Verdict(None, rules.validate(terms, context(deal, terms)))
    except InvalidMany as faults:
        return Verdict(faults, [])


Change = tuple[Line | None, Line | None]


def list_changes(deal: Deal) -> list[tuple[TermsVersion, list[Change]]]:
    """Versions, the latest first, each with the lines that differ from the one before: old and new, None for none."""
    before = [None, *deal.versions]
    return [
        (version, list_differences(old.terms, version.terms) if old is not None else [])
        for old, version in reversed(list(zip(before, deal.versions, strict=False)))
    ]


def list_differences(old: Terms, new: Terms) -> list[Change]:
    """The lines that differ: old and new, None for none."""
    before, after = _numbered(agreed.lines(old)), _numbered(agreed.lines(new))
    pairs = [(before.get(key), after.get(key)) for key in dict.fromkeys([*before, *after])]
    return [pair for pair in pairs if pair[0] != pair[1]]


def _numbered(lines: Iterable[Line]) -> dict[tuple[str, int], Line]:
    """Lines by label, those with the same label (instalments) told apart by their place."""
    seen: Counter[str] = Counter()
    found = {}
    for line in lines:
        seen[line.label] += 1
        found[line.label, seen[line.label]] = line
    return found
