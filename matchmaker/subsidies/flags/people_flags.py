"""Parties that belong together, inventors inside the licensee, and intermediaries who came late. Pure.

Source: DOMAIN.md 2.1 (to 非关联 firms only), 2.2 (成都: the intermediary is a third party), RELIABILITY B3.
A name alone proves nothing: one that several people bear does not count, and for a link two such signs are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import combinations
from types import MappingProxyType

from matchmaker.core.errors import N_
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies.flags.records import Context, Flag, FlagCode, Party, Record
from matchmaker.subsidies.folding import fold


class Link(StrEnum):
    CREDIT_CODE = "credit_code"
    PERSON = "person"
    ADDRESS = "address"
    PHONE = "phone"
    OWNER = "owner"
    REPRESENTATIVE = "representative"


LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {
        Link.CREDIT_CODE: N_("credit code"),
        Link.PERSON: N_("member on this platform"),
        Link.ADDRESS: N_("address"),
        Link.PHONE: N_("telephone"),
        Link.OWNER: N_("owner"),
        Link.REPRESENTATIVE: N_("legal representative"),
    }
)

RELATED = N_("%(one)s and %(other)s share: %(links)s.")
INVENTOR = N_("%(inventor)s, who made the achievement, stands in the licensee as member, owner or representative.")
LATE = N_("The intermediary was recorded on %(recorded_on)s, after the signature on %(signed_on)s.")
INTRODUCED_LATE = N_(
    "The intermediary introduced the sides on %(introduced_on)s, after the signature on %(signed_on)s."
)
UNCONFIRMED = N_("Nobody of %(sides)s has confirmed that the intermediary brought the deal about.")

_CODE_LENGTH = 18
_SHORTEST_PHONE = 7


def linked(left: Party, right: Party, context: Context) -> tuple[Link, ...]:
    """What two organisations share, if it is enough to say that they belong together; else nothing."""
    strong = [link for link, found in _strong(left, right) if found]
    weak = [link for link, found in _by_name(left, right, context) if found]
    return (*strong, *weak) if strong or len(weak) > 1 else ()


def _strong(left: Party, right: Party) -> Iterator[tuple[Link, bool]]:
    codes = (fold(left.credit_code), fold(right.credit_code))
    yield Link.CREDIT_CODE, bool(codes[0]) and codes[0] == codes[1]
    yield Link.PERSON, bool(left.people & right.people)
    yield Link.ADDRESS, bool(fold(left.address)) and fold(left.address) == fold(right.address)
    phones = (_phone(left.phone), _phone(right.phone))
    yield Link.PHONE, len(phones[0]) >= _SHORTEST_PHONE and phones[0] == phones[1]
    owners = ({fold(owner) for owner in left.owners}, {fold(owner) for owner in right.owners})
    by_code = {owner for owner in owners[0] & owners[1] if len(owner) == _CODE_LENGTH and owner.isascii()}
    yield Link.OWNER, bool(by_code) or codes[0] in owners[1] or codes[1] in owners[0]


def _by_name(left: Party, right: Party, context: Context) -> Iterator[tuple[Link, bool]]:
    names = [({fold(n) for n in party.owners}, fold(party.representative)) for party in (left, right)]
    (owners, chief), (other_owners, other_chief) = names

    def counts(name: str) -> bool:
        return bool(name) and name not in context.common_names

    yield Link.REPRESENTATIVE, counts(chief) and chief == other_chief
    shared = (owners & other_owners) | ({chief} & other_owners) | ({other_chief} & owners)
    yield Link.OWNER, any(counts(name) for name in shared)


def _phone(text: str) -> str:
    digits = "".join(character for character in fold(text) if character.isdigit())
    return digits.removeprefix("0086").removeprefix("86") if len(digits) > 11 else digits


def related_parties(record: Record, others: Iterable[Record], context: Context) -> Iterator[Flag]:
    for left, right in combinations(record.organisations(), 2):
        if links := linked(left, right, context):
            facts = {"one": left.name, "other": right.name, "links": links}
            yield Flag(FlagCode.RELATED_PARTIES, f"{left.id}:{right.id}", RELATED, facts, (left.id, right.id))


def inventor_inside(record: Record, others: Iterable[Record], context: Context) -> Iterator[Flag]:
    licensee = record.parties.get(PartyRole.LICENSEE)
    if licensee is None:
        return
    names = {fold(name) for name in (*licensee.owners, licensee.representative)} - {""} - set(context.common_names)
    for inventor in record.inventors:
        if inventor.id in licensee.people or fold(inventor.name) in names:
            facts = {"inventor": inventor.name}
            key = inventor.id or fold(inventor.name)
            yield Flag(FlagCode.INVENTOR_INSIDE, key, INVENTOR, facts, (key, licensee.id))


def late_broker(record: Record, others: Iterable[Record], context: Context) -> Iterator[Flag]:
    if PartyRole.BROKER not in record.parties or record.signed_on is None:
        return
    row, facts = (record.deal_id or record.number,), {"signed_on": record.signed_on.isoformat()}
    if record.broker_recorded_on is not None and record.broker_recorded_on > record.signed_on:
        facts["recorded_on"] = record.broker_recorded_on.isoformat()
        yield Flag(FlagCode.LATE_BROKER, "recorded", LATE, facts, row)
    elif record.introduced_on is not None and record.introduced_on > record.signed_on:
        facts["introduced_on"] = record.introduced_on.isoformat()
        yield Flag(FlagCode.LATE_BROKER, "introduced", INTRODUCED_LATE, facts, row)


def unconfirmed_broker(record: Record, others: Iterable[Record], context: Context) -> Iterator[Flag]:
    if record.confirmed_by is None or PartyRole.BROKER not in record.parties:
        return
    silent = tuple(side for side in (PartyRole.LICENSOR, PartyRole.LICENSEE) if side not in record.confirmed_by)
    if silent:
        row = record.deal_id or record.number
        yield Flag(FlagCode.UNCONFIRMED_BROKER, ":".join(silent), UNCONFIRMED, {"sides": silent}, (row,))
