"""What the detectors look at: a claim with its deal, parties and papers, as plain data. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from matchmaker.core.errors import N_
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies.folding import fold
from matchmaker.subsidies.papers import PaperKind


class FlagCode(StrEnum):
    SAME_PAPER = "same_paper"
    NEAR_PAPER = "near_paper"
    EXCLUDING_CLAUSE = "excluding_clause"
    SPLIT = "split"
    REPEAT = "repeat"
    RELATED_PARTIES = "related_parties"
    CIRCULAR = "circular"
    LATE_BROKER = "late_broker"
    UNCONFIRMED_BROKER = "unconfirmed_broker"
    INVENTOR_INSIDE = "inventor_inside"
    SUM_PATTERN = "sum_pattern"


LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {
        FlagCode.SAME_PAPER: N_("Paper used elsewhere"),
        FlagCode.NEAR_PAPER: N_("Paper almost the same as another"),
        FlagCode.EXCLUDING_CLAUSE: N_("Claimed under excluding clauses"),
        FlagCode.SPLIT: N_("One transaction in several parts"),
        FlagCode.REPEAT: N_("Repeat with another date"),
        FlagCode.RELATED_PARTIES: N_("Related parties"),
        FlagCode.CIRCULAR: N_("Circular deals"),
        FlagCode.LATE_BROKER: N_("Intermediary recorded after signing"),
        FlagCode.UNCONFIRMED_BROKER: N_("Intermediary not confirmed"),
        FlagCode.INVENTOR_INSIDE: N_("Inventor inside the licensee"),
        FlagCode.SUM_PATTERN: N_("Pattern of sums"),
    }
)


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation. `people` are ids of persons, `owners` names or credit codes; empty where not known."""

    id: str
    credit_code: str
    name: str = ""
    address: str = ""
    phone: str = ""
    representative: str = ""
    owners: tuple[str, ...] = ()
    people: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Paper:
    kind: PaperKind
    number: str
    fen: int | None = None
    dated_on: date | None = None

    @property
    def folded(self) -> str:
        return fold(self.number)


@dataclass(frozen=True, slots=True)
class Inventor:
    """Who made an achievement; `id` is empty for someone who is named and does not use the platform."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Record:
    """A claim. `confirmed_by` holds the sides that confirmed the broker; None where nobody asks for that."""

    id: str
    number: str
    clause_id: str
    claimant: Party
    parties: Mapping[PartyRole, Party] = field(default_factory=dict)
    deal_id: str | None = None
    title: str = ""
    achievements: frozenset[str] = frozenset()
    inventors: tuple[Inventor, ...] = ()
    sum_fen: int = 0
    cap_fen: int | None = None
    price_fen: int | None = None
    signed_on: date | None = None
    introduced_on: date | None = None
    broker_recorded_on: date | None = None
    confirmed_by: frozenset[PartyRole] | None = None
    papers: tuple[Paper, ...] = ()
    claimed_on: date | None = None

    @property
    def pair(self) -> tuple[str, str] | None:
        """Credit codes of licensor and licensee, folded; None for a claim without a deal."""
        licensor, licensee = self.parties.get(PartyRole.LICENSOR), self.parties.get(PartyRole.LICENSEE)
        return (
            None if licensor is None or licensee is None else (fold(licensor.credit_code), fold(licensee.credit_code))
        )

    def organisations(self) -> Iterator[Party]:
        """Claimant and parties, each once."""
        seen: set[str] = set()
        for party in (self.claimant, *self.parties.values()):
            if party.id not in seen:
                seen.add(party.id)
                yield party


@dataclass(frozen=True, slots=True)
class Words:
    """What a title can hold that says nothing of the technology: words of the form, and patterns that number parts."""

    boilerplate: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What holds for all claims: clauses that exclude each other, names that several people bear, empty words."""

    exclusions: frozenset[frozenset[str]] = frozenset()
    common_names: Collection[str] = frozenset()
    words: Words = field(default_factory=lambda: Words())


@dataclass(frozen=True, slots=True)
class Flag:
    """One finding. `reason` is a catalogue key that may use `facts`; `rests_on` are numbers of claims or ids of rows.

    `key` tells findings of one code apart, so that looking again raises nothing twice.
    """

    code: FlagCode
    key: str
    reason: str
    facts: Mapping[str, Any]
    rests_on: tuple[str, ...]
