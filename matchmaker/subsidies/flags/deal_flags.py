"""One transaction claimed in parts, or again with another date, and deals that run in a circle. Pure.

Ordinary licences of one achievement to several independent firms are no split, nor are different achievements for one
customer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from matchmaker.core.errors import N_
from matchmaker.core.money import FEN_PER_WAN
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies.flags.people_flags import linked
from matchmaker.subsidies.flags.records import Context, Flag, FlagCode, Record, Words
from matchmaker.subsidies.folding import fold

SPLIT = N_("With claim %(claim)s: the same technology between the same sides, signed %(days)s days apart.")
SPLIT_LINKED = N_(
    "With claim %(claim)s: the same technology to licensees that belong together, signed %(days)s days apart."
)
PIECES = N_("With %(claims)s it comes to the round sum of %(sum_fen)s, which none of the parts is.")
REPEAT = N_("Claim %(claim)s is for the same technology, sides and sum, signed %(days)s days apart.")
NUDGED = N_("Claim %(claim)s is between the same sides for almost the same sum, signed %(days)s days apart.")
CIRCULAR = N_(
    "Claims %(claims)s and this one form a circle: what one side licenses comes back to it for a similar sum."
)

SPLIT_DAYS, REPEAT_DAYS, CIRCLE_DAYS = 60, 180, 365
ALIKE, SAME_WORDS = 0.82, 0.97
SIMILAR_SUM = 0.25


@lru_cache
def _pattern(parts: tuple[str, ...], plain: bool) -> re.Pattern[str]:
    texts = [re.escape(part) if plain else part for part in parts]
    return re.compile("|".join(texts) if texts else "(?!)")


def core_of(title: str, words: Words) -> str:
    """A title without what says nothing of the technology: words of the form, numbers of parts."""
    plain = _pattern(words.boilerplate, True).sub("", fold(title))
    return _pattern(words.parts, False).sub("", plain)


def same_technology(left: Record, right: Record, words: Words) -> bool:
    """By the achievements where both name some; else by what the titles say."""
    if left.achievements and right.achievements:
        return bool(left.achievements & right.achievements) or _alike(left, right, words, SAME_WORDS)
    return _alike(left, right, words, ALIKE)


def _alike(left: Record, right: Record, words: Words, least: float) -> bool:
    first, second = core_of(left.title, words), core_of(right.title, words)
    return len(first) > 3 and SequenceMatcher(None, first, second, autojunk=False).ratio() >= least


def _days_apart(left: Record, right: Record) -> int | None:
    if left.signed_on is None or right.signed_on is None:
        return None
    return abs((left.signed_on - right.signed_on).days)


def splits_and_repeats(record: Record, others: Iterable[Record], context: Context) -> Iterator[Flag]:
    others = [other for other in others if other.id != record.id]
    yield from _pieces(record, others, context)
    for other in others:
        days = _days_apart(record, other)
        one_deal = record.deal_id is not None and record.deal_id == other.deal_id
        if one_deal or days is None or days > REPEAT_DAYS or record.clause_id != other.clause_id:
            continue
        same_sides = record.pair is not None and record.pair == other.pair
        facts, key = {"claim": other.number, "days": days}, other.id
        related = same_sides or _linked_licensees(record, other, context)
        same = same_technology(record, other, context.words)
        if related and same and not _at_a_standard_price(record, other, others, context.words):
            if same_sides and days and _same_sum(record, other):
                yield Flag(FlagCode.REPEAT, key, REPEAT, facts, (other.number,))
            elif days <= SPLIT_DAYS:
                yield Flag(FlagCode.SPLIT, key, SPLIT if same_sides else SPLIT_LINKED, facts, (other.number,))
        elif same_sides and _nudged(record, other):
            yield Flag(FlagCode.REPEAT, key, NUDGED, facts, (other.number,))


def _at_a_standard_price(left: Record, right: Record, others: Iterable[Record], words: Words) -> bool:
    """Whether two achievements of one name are licensed at a sum that these sides also agreed on for others: a customer
    under a frame contract.
    """
    if not left.achievements or not right.achievements or left.achievements & right.achievements:
        return False
    return any(
        third.id != right.id
        and third.pair == left.pair == right.pair
        and third.achievements.isdisjoint(left.achievements | right.achievements)
        and _sums(left, third)[0] == _sums(left, third)[1]
        and not same_technology(left, third, words)
        for third in others
    )


def _pieces(record: Record, others: Sequence[Record], context: Context) -> Iterator[Flag]:
    """Parts under whatever names that are not whole ten thousands, but are so together: two, or all of these sides."""

    def is_part(other: Record) -> bool:
        days, one_deal = _days_apart(record, other), record.deal_id is not None and record.deal_id == other.deal_id
        if one_deal or days is None or days > SPLIT_DAYS or record.clause_id != other.clause_id or _is_whole(other):
            return False
        return (record.pair is not None and record.pair == other.pair) or _linked_licensees(record, other, context)

    if _is_whole(record):
        return
    parts = [other for other in others if is_part(other)]
    groups = [(part,) for part in parts] + ([tuple(parts)] if len(parts) > 1 else [])
    for group in groups:
        together = sum(_price(one) for one in (record, *group))
        off = (together + len(group)) % FEN_PER_WAN  # to the fen, but for what rounding each part cost
        if off <= 2 * len(group):
            numbers, key = tuple(one.number for one in group), ":".join(sorted(one.id for one in group))
            facts = {"claims": numbers, "sum_fen": together}
            yield Flag(FlagCode.SPLIT, f"sum:{key}", PIECES, facts, numbers)


def _price(record: Record) -> int:
    return record.price_fen or record.sum_fen


def _is_whole(record: Record) -> bool:
    return _price(record) % FEN_PER_WAN == 0


def _linked_licensees(left: Record, right: Record, context: Context) -> bool:
    if left.pair is None or right.pair is None or left.pair[0] != right.pair[0]:
        return False
    parties = (left.parties[PartyRole.LICENSEE], right.parties[PartyRole.LICENSEE])
    return parties[0].id != parties[1].id and bool(linked(*parties, context))


def _sums(left: Record, right: Record) -> list[int]:
    return sorted(_price(record) for record in (left, right))


def _same_sum(left: Record, right: Record) -> bool:
    low, high = _sums(left, right)
    return low > 0 and high * 100 <= low * 101


def _nudged(left: Record, right: Record) -> bool:
    """Whether the sums differ by less than a thousandth: a standard price is the same to the fen, a hidden repeat is
    not.
    """
    low, high = _sums(left, right)
    return 0 < low < high and high * 1000 <= low * 1001


def circles(record: Record, others: Iterable[Record], context: Context) -> Iterator[Flag]:
    """Of two or three deals: each licensee is the next licensor, within a year, for sums within a quarter of each
    other.
    """
    edges = [other for other in others if other.pair is not None and _near(record, other)]
    if record.pair is None:
        return
    start, end = record.pair
    for second in edges:
        if second.pair is None or second.pair[0] != end:
            continue
        if second.pair[1] == start:
            yield _circle((second,))
        for third in edges:
            if third.pair == (second.pair[1], start) and _near(second, third):
                yield _circle((second, third))


def _near(left: Record, right: Record) -> bool:
    days, prices = _days_apart(left, right), (left.price_fen or 0, right.price_fen or 0)
    return (
        days is not None and days <= CIRCLE_DAYS and min(prices) > 0 and min(prices) >= max(prices) * (1 - SIMILAR_SUM)
    )


def _circle(others: tuple[Record, ...]) -> Flag:
    numbers = tuple(other.number for other in others)
    return Flag(FlagCode.CIRCULAR, ":".join(other.id for other in others), CIRCULAR, {"claims": numbers}, numbers)
