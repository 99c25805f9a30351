"""What a verdict can rest on: typed facts about claimant, deal and project. Pure.

A fact that is missing, null or of the wrong type is unknown, which is neither true nor false: a condition on it is
"not shown yet". Facts recorded on the platform are gathered (`gather`); those with the place `claim` are stated by the
claimant and proved by evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from matchmaker.accounts.roles import OrganisationKind, RecognitionKind
from matchmaker.accounts.size_class import SizeClass
from matchmaker.core.errors import N_
from matchmaker.core.money import LIMIT_FEN
from matchmaker.deals.states import PartyRole

Value = bool | int | date | str | tuple[str, ...]

LONGEST_TEXT = 200
MOST_TEXTS = 100


class FactType(StrEnum):
    FLAG = "flag"
    COUNT = "count"
    FEN = "fen"
    DAY = "day"
    TEXT = "text"
    CHOICE = "choice"
    TEXTS = "texts"


class Place(StrEnum):
    """Where a fact is recorded, which is where it can be completed or put right."""

    PROFILE = "profile"
    RECOGNITIONS = "recognitions"
    DEAL = "deal"
    INTRODUCTION = "introduction"
    CLAIM = "claim"
    BUREAU = "bureau"


class PlatformLevel(StrEnum):
    """The four national innovation platforms of clause P1-2."""

    KEY_LABORATORY = "key_laboratory"
    INNOVATION_CENTRE = "innovation_centre"
    ENGINEERING_CENTRE = "engineering_centre"
    ENTERPRISE_CENTRE = "enterprise_centre"


LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {
        PlatformLevel.KEY_LABORATORY: N_("National key laboratory"),
        PlatformLevel.INNOVATION_CENTRE: N_("National technology innovation centre"),
        PlatformLevel.ENGINEERING_CENTRE: N_("National engineering research centre"),
        PlatformLevel.ENTERPRISE_CENTRE: N_("National enterprise technology centre"),
        Place.PROFILE: N_("the organisation's profile"),
        Place.RECOGNITIONS: N_("the organisation's recognitions"),
        Place.DEAL: N_("the deal"),
        Place.INTRODUCTION: N_("the introduction"),
        Place.CLAIM: N_("the claim"),
        Place.BUREAU: N_("the science bureau"),
    }
)


_Options = type[StrEnum] | None  # inside the class, `type` is the field


@dataclass(frozen=True, slots=True)
class Fact:
    """`label` is a catalogue key; `options` are the members a choice (or a set of texts) is taken from."""

    name: str
    type: FactType
    place: Place
    label: str
    options: _Options = None


_T, _P = FactType, Place

_ALL = (
    # the claim itself
    Fact("claimed_on", _T.DAY, _P.CLAIM, N_("Day of the claim")),
    Fact("clause_from", _T.DAY, _P.BUREAU, N_("First day of the clause")),
    # the claimant
    Fact("claimant_kind", _T.CHOICE, _P.PROFILE, N_("Kind of organisation"), OrganisationKind),
    Fact("claimant_verified", _T.FLAG, _P.BUREAU, N_("Organisation verified by the bureau")),
    Fact("claimant_local", _T.FLAG, _P.PROFILE, N_("Organisation in Changchun")),
    Fact("claimant_size", _T.CHOICE, _P.PROFILE, N_("Size class of the enterprise"), SizeClass),
    Fact("claimant_discredited", _T.FLAG, _P.BUREAU, N_("On the bad-credit list")),
    Fact("transfer_office", _T.FLAG, _P.PROFILE, N_("Has a technology-transfer officer")),
    Fact("recognitions", _T.TEXTS, _P.RECOGNITIONS, N_("Recognitions in force"), RecognitionKind),
    Fact("high_tech_first_on", _T.DAY, _P.RECOGNITIONS, N_("First recognised as high-tech")),
    Fact("high_tech_renewed_on", _T.DAY, _P.RECOGNITIONS, N_("Latest renewal as high-tech")),
    Fact("srdi_national_first_on", _T.DAY, _P.RECOGNITIONS, N_("First recognised as specialised, national level")),
    Fact("srdi_provincial_first_on", _T.DAY, _P.RECOGNITIONS, N_("First recognised as specialised, provincial level")),
    Fact("srdi_municipal_first_on", _T.DAY, _P.RECOGNITIONS, N_("First recognised as specialised, municipal level")),
    # the deal
    Fact("deal_part", _T.CHOICE, _P.DEAL, N_("Part in the deal"), PartyRole),
    Fact("signed", _T.FLAG, _P.DEAL, N_("Signed by every party")),
    Fact("signed_on", _T.DAY, _P.DEAL, N_("Signed on")),
    Fact("free_until", _T.DAY, _P.DEAL, N_("End of the free period")),
    Fact("contract_registered", _T.FLAG, _P.DEAL, N_("Technical contract registered")),
    Fact("registered_on", _T.DAY, _P.DEAL, N_("Contract registered on")),
    Fact("approved_fen", _T.FEN, _P.DEAL, N_("Approved technology transaction sum")),
    Fact("invoices_fen", _T.FEN, _P.CLAIM, N_("Sum of the invoices")),
    Fact("receipts_fen", _T.FEN, _P.DEAL, N_("Sum received until now")),
    Fact("receipts_year_fen", _T.FEN, _P.DEAL, N_("Sum received in the year of the claim")),
    Fact("receipt_reused", _T.FLAG, _P.DEAL, N_("A receipt already counts in another claim")),
    Fact("broker_confirmed", _T.FLAG, _P.DEAL, N_("Both sides confirmed the intermediary")),
    Fact("introduced_on", _T.DAY, _P.INTRODUCTION, N_("Introduced by the claimant")),
    Fact("service_shown", _T.FLAG, _P.CLAIM, N_("An agreement shows the service before the signing")),
    Fact("parties_related", _T.FLAG, _P.DEAL, N_("Parties are related")),
    Fact("licensor_local", _T.FLAG, _P.DEAL, N_("Licensor in Changchun")),
    Fact("licensee_local", _T.FLAG, _P.DEAL, N_("Licensee in Changchun")),
    Fact("licensee_size", _T.CHOICE, _P.DEAL, N_("Size class of the licensee"), SizeClass),
    Fact("rival_claim", _T.TEXT, _P.CLAIM, N_("Another claim under this clause for the same deal")),
    Fact("claims_elsewhere", _T.TEXTS, _P.CLAIM, N_("Clauses under which a claim stands for the same deal")),
    # what the claimant states
    Fact("promotion_centre", _T.FLAG, _P.CLAIM, N_("Is a promotion centre for new quality productive forces")),
    Fact("platform_level", _T.CHOICE, _P.CLAIM, N_("National platform"), PlatformLevel),
    Fact("platform_approved_on", _T.DAY, _P.CLAIM, N_("National platform approved on")),
    Fact("national_key_laboratory", _T.FLAG, _P.CLAIM, N_("Hosts a national key laboratory")),
    Fact("project_title", _T.TEXT, _P.CLAIM, N_("Title of the project")),
    Fact("basic_research", _T.FLAG, _P.CLAIM, N_("Project of basic research")),
    Fact("key_technology", _T.FLAG, _P.CLAIM, N_("Project solves a key technology of an industry")),
    Fact("major_project", _T.FLAG, _P.CLAIM, N_("Listed as a major project")),
    Fact("challenge_posted_on", _T.DAY, _P.CLAIM, N_("Open challenge posted on")),
    Fact("fund_invested", _T.FLAG, _P.CLAIM, N_("A fund invests in the project")),
    Fact("concept_centre", _T.FLAG, _P.CLAIM, N_("Builds a proof-of-concept centre")),
    Fact("concept_project", _T.FLAG, _P.CLAIM, N_("Project selected by a proof-of-concept centre")),
    Fact("pilot_project", _T.FLAG, _P.CLAIM, N_("Selected for pilot-scale development")),
    Fact("pilot_base", _T.FLAG, _P.CLAIM, N_("Is a municipal pilot base")),
    Fact("incubator", _T.FLAG, _P.CLAIM, N_("Runs an incubator of technology enterprises")),
    Fact("park_name", _T.TEXT, _P.CLAIM, N_("Name of the technology park")),
    Fact("park_with_district", _T.FLAG, _P.CLAIM, N_("Park built together with a district or development zone")),
    Fact("rd_spending_fen", _T.FEN, _P.CLAIM, N_("Spending on research and development, last year")),
    Fact("rd_spending_before_fen", _T.FEN, _P.CLAIM, N_("Spending on research and development, the year before")),
    Fact("investment_alliance", _T.FLAG, _P.CLAIM, N_("Is a technology-transfer investment alliance")),
    Fact("alliance_member", _T.FLAG, _P.CLAIM, N_("Member of a technology-transfer investment alliance")),
    Fact("key_investment", _T.FLAG, _P.CLAIM, N_("Invested in a key technology-transfer project")),
    Fact("industry_professors", _T.COUNT, _P.CLAIM, N_("Industry professors appointed")),
)

FACTS: Mapping[str, Fact] = MappingProxyType({fact.name: fact for fact in _ALL})


def fits(fact: Fact, value: Any) -> bool:
    """Whether a value is one that the fact can have."""
    match fact.type:
        case FactType.FLAG:
            return isinstance(value, bool)
        case FactType.COUNT | FactType.FEN:
            return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LIMIT_FEN
        case FactType.DAY:
            return isinstance(value, date) and not isinstance(value, datetime)
        case FactType.TEXT:
            return _is_text(value)
        case FactType.CHOICE:
            return _is_text(value) and fact.options is not None and value in set(fact.options)
    texts = isinstance(value, tuple) and len(value) <= MOST_TEXTS and all(_is_text(one) for one in value)
    return texts and (fact.options is None or set(value) <= set(fact.options))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT


def value_of(facts: Mapping[str, Any], name: str) -> Value | None:
    """The value of a fact, None where it is unknown. Never raises for a mapping of anything."""
    fact, value = FACTS.get(name), facts.get(name)
    return value if fact is not None and fits(fact, value) else None


def freeze(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Known facts as plain data, in the order of their names."""
    known = {name: value_of(facts, name) for name in sorted(FACTS)}
    return {name: _plain(value) for name, value in known.items() if value is not None}


def _plain(value: Value) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return sorted(str(one) for one in value)
    return str(value) if isinstance(value, str) else value


def thaw(plain: Mapping[str, Any]) -> dict[str, Value]:
    """The facts that were frozen. What is no fact, or no value of its fact, is left out: it is unknown."""
    facts: dict[str, Value] = {}
    for name, value in plain.items():
        known = FACTS.get(name)
        read = None if known is None else _thawed(known, value)
        if read is not None:
            facts[name] = read
    return facts


def _thawed(fact: Fact, value: Any) -> Value | None:
    read: Any = value
    if fact.type is FactType.DAY and isinstance(value, str):
        try:
            read = date.fromisoformat(value)
        except ValueError:
            return None
    elif fact.type is FactType.TEXTS and isinstance(value, list | tuple):
        read = tuple(value)
    return read if fits(fact, read) else None
