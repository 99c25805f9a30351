"""What a contract is about, gathered from the frozen version and the revisions it names."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import select

from matchmaker.accounts.models import Organisation
from matchmaker.core import taxonomy
from matchmaker.core.db import db
from matchmaker.deals.models import Deal, TermsVersion
from matchmaker.deals.papers.clauses import Matter, Party, Result, Right
from matchmaker.deals.papers.paper import Text
from matchmaker.deals.papers.wording import CHINESE, Wording
from matchmaker.deals.states import PartyRole
from matchmaker.listings.models import Revision


def matter_of(deal: Deal, version: TermsVersion, wording: Wording) -> Matter:
    """Parties and achievements as the version froze them. At most two reads."""
    return Matter(
        deal=str(deal.id),
        title=version.body.get("title", deal.title),
        number=version.number,
        sha256=version.sha256,
        parties={role: _party(named, wording) for role, named in _names(version).items()},
        results=_results(version),
    )


def _names(version: TermsVersion) -> dict[PartyRole, dict[str, Any]]:
    """Names in the order of the contract; of the organisations as they are today, where the version froze none."""
    frozen = version.body.get("names")
    if frozen is None:
        ids = {side: uuid.UUID(party_id) for side, party_id in version.body["parties"].items()}
        rows = {
            row.id: row for row in db.session.scalars(select(Organisation).where(Organisation.id.in_(ids.values())))
        }
        fields = ("name", "name_en", "credit_code", "district")
        frozen = {side: {field: getattr(rows[id_], field) for field in fields} for side, id_ in ids.items()}
    return {role: frozen[role] for role in PartyRole if role in frozen}


def _party(named: dict[str, Any], wording: Wording) -> Party:
    district = taxonomy.terms("districts").get(named["district"])
    names = _each(wording, named["name"], named["name_en"] or named["name"])
    place = (named["district"],) * 2 if district is None else (district.zh, district.en)
    return Party(names, named["credit_code"], _each(wording, *place))


def _each(wording: Wording, chinese: str, english: str) -> Text:
    return tuple(chinese if language == CHINESE else english for language in wording.languages)


def _results(version: TermsVersion) -> tuple[Result, ...]:
    named = [(uuid.UUID(row["achievement"]), row["revision"]) for row in version.body["achievements"]]
    query = select(Revision).where(Revision.achievement_id.in_([achievement for achievement, _ in named]))
    found = {(row.achievement_id, row.number): row for row in db.session.scalars(query)}
    return tuple(
        Result(row["title"], number, tuple(_right(right) for right in found[achievement, number].body["rights"]))
        for row, (achievement, number) in zip(version.body["achievements"], named, strict=True)
    )


def _right(right: dict[str, Any]) -> Right:
    expires_on = right.get("expires_on")
    return Right(
        right["kind"],
        right.get("number") or "",
        right["status"],
        date.fromisoformat(expires_on) if expires_on else None,
    )
