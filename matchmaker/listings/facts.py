"""What an achievement or a need says, as values, and which of it is wrong or still missing. Pure.

`faults` is asked at every save, so that nothing false is kept; `gaps` only when a listing is handed in for
publication, so that a draft may be incomplete. Both return every finding at once, each at its field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Self

from matchmaker.core import money
from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.listings.kinds import Language, Mode, RightKind, RightStatus

LONGEST_TITLE = 200
LONGEST_TEXT = 20_000
LEAST_TEXT = 30
MOST_KEYWORDS, LONGEST_KEYWORD = 12, 40
MOST_INDUSTRIES = 5
MOST_ROWS, LONGEST_CELL = 50, 80


# --- errors ---------------------------------------------------------------------------------------------------------


class TitleMissing(Invalid):
    code = "listings.title_missing"
    phrase = N_("Give it a title: it is what others see first.")


class TextTooLong(Invalid):
    code = "listings.text_too_long"
    phrase = N_("This text has %(length)s characters; at most %(most)s are kept.")


class TextTooShort(Invalid):
    code = "listings.text_too_short"
    phrase = N_("Write at least %(least)s characters here before you hand it in: readers judge by this text.")


class CodeUnknown(Invalid):
    code = "listings.code_unknown"
    phrase = N_("“%(text)s” is not in the list to choose from.")


class LevelInvalid(Invalid):
    code = "listings.level_invalid"
    phrase = N_("A technology readiness level is a whole number from 1 to 9.")


class KeywordTooLong(Invalid):
    code = "listings.keyword_too_long"
    phrase = N_("The keyword “%(text)s” is longer than %(most)s characters. Separate keywords by commas.")


class ListTooLong(Invalid):
    code = "listings.list_too_long"
    phrase = N_("At most %(most)s entries are kept here.")


class ModesMissing(Invalid):
    code = "listings.modes_missing"
    phrase = N_("Choose at least one way in which it may change hands.")


class AmountNegative(Invalid):
    code = "listings.amount_negative"
    phrase = N_("An amount cannot be negative.")


class RangeReversed(Invalid):
    code = "listings.range_reversed"
    phrase = N_("The upper amount is below the lower one.")


class RightIncomplete(Invalid):
    code = "listings.right_incomplete"
    phrase = N_("Right %(row)s: kind and status are needed, and a number for everything but know-how.")


class RightExpiryInvalid(Invalid):
    code = "listings.right_expiry_invalid"
    phrase = N_("Right %(row)s: “%(text)s” is not a day. Write it as 2041-05-01.")


class CompleterNameless(Invalid):
    code = "listings.completer_nameless"
    phrase = N_("Completer %(row)s: the name is missing.")


class ShareInvalid(Invalid):
    code = "listings.share_invalid"
    phrase = N_("Completer %(row)s: a share is a whole percentage from 1 to 100.")


class SharesNotWhole(Invalid):
    code = "listings.shares_not_whole"
    phrase = N_("The shares of the completers add up to %(total)s%%; they must make 100%%, or be left out altogether.")


class DeadlinePast(Invalid):
    code = "listings.deadline_past"
    phrase = N_("The deadline %(deadline_on)s has passed. Choose a later day or leave it open.")


class NothingToHandIn(Conflict):
    code = "listings.nothing_to_hand_in"
    phrase = N_("There is no change to hand in. Edit the listing first.")


class NothingInReview(Conflict):
    code = "listings.nothing_in_review"
    phrase = N_("No change of this listing is waiting for review.")


class OrganisationNotVerified(Conflict):
    code = "listings.organisation_not_verified"
    phrase = N_("The science bureau has not verified this organisation yet. Publishing opens as soon as it has.")


# --- values ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Right:
    """An intellectual-property right, or know-how, which has no number."""

    kind: RightKind | None
    number: str
    status: RightStatus | None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Completer:
    """Someone who made the achievement, with the agreed share in whole percent, or None where none is agreed."""

    name: str
    share: int | None = None


@dataclass(frozen=True, slots=True)
class Codes:
    """The code lists a listing may choose from."""

    fields: Collection[str]
    industries: Collection[str]
    districts: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    title: str
    keywords: tuple[str, ...] = ()
    field: str | None = None
    industries: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = ()
    district: str | None = None
    language: Language = Language.CHINESE
    confidential: str = ""

    def plain(self) -> dict[str, Any]:
        """JSON-able form, from which `of_plain` makes the equal value again."""
        return {entry.name: _plain(getattr(self, entry.name)) for entry in fields(self)}

    def public(self) -> dict[str, Any]:
        """The plain form without what is confidential: the only form that is ever frozen into a revision."""
        return {name: value for name, value in self.plain().items() if name != "confidential"}

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Reads plain data of ours; keys of no field are passed over, missing ones take their default."""
        known = {entry.name for entry in fields(cls)} & plain.keys()
        return cls(**{name: READ.get(name, _same)(plain[name]) for name in known})


@dataclass(frozen=True, slots=True, kw_only=True)
class AchievementFacts(_Facts):
    summary: str = ""
    advantages: str = ""
    applications: str = ""
    trl: int | None = None
    rights: tuple[Right, ...] = ()
    completers: tuple[Completer, ...] = ()
    price_min_fen: int | None = None
    price_max_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedFacts(_Facts):
    problem: str = ""
    targets: str = ""
    background: str = ""
    min_trl: int | None = None
    budget_min_fen: int | None = None
    budget_max_fen: int | None = None
    deadline_on: date | None = None
    anonymous: bool = False


Facts = AchievementFacts | NeedFacts


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Right | Completer):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value


def _same(value: Any) -> Any:
    return value


def _day(value: Any) -> date | None:
    return value if value is None or isinstance(value, date) else date.fromisoformat(value)


def _right(plain: Mapping[str, Any]) -> Right:
    kind, status = plain.get("kind"), plain.get("status")
    return Right(
        kind=RightKind(kind) if kind else None,
        number=plain.get("number") or "",
        status=RightStatus(status) if status else None,
        expires_on=_day(plain.get("expires_on")),
    )


READ: Mapping[str, Callable[[Any], Any]] = {
    "keywords": tuple,
    "industries": tuple,
    "modes": lambda modes: tuple(Mode(mode) for mode in modes),
    "language": Language,
    "rights": lambda rows: tuple(_right(row) for row in rows),
    "completers": lambda rows: tuple(Completer(row["name"], row.get("share")) for row in rows),
    "deadline_on": _day,
}
"""How the plain form of a field becomes its value; fields not named are their own plain form."""

_SEPARATORS = re.compile(r"[,;，；、\n]+")


def keywords_of(text: str) -> tuple[str, ...]:
    """Keywords written in one line, in their order, each once."""
    kept: dict[str, str] = {}
    for word in _SEPARATORS.split(text):
        kept.setdefault(word.strip().casefold(), " ".join(word.split()))
    return tuple(word for word in kept.values() if word)


# --- rules ----------------------------------------------------------------------------------------------------------


def faults(facts: Facts, codes: Codes) -> list[Invalid]:
    """What may not be kept, even in a draft."""
    found = [*_text_faults(facts), *_code_faults(facts, codes), *_keyword_faults(facts)]
    if isinstance(facts, AchievementFacts):
        found += _level_faults("trl", facts.trl)
        found += _range_faults("price", facts.price_min_fen, facts.price_max_fen)
        found += _right_faults(facts.rights)
        found += _completer_faults(facts.completers)
    else:
        found += _level_faults("min_trl", facts.min_trl)
        found += _range_faults("budget", facts.budget_min_fen, facts.budget_max_fen)
    return found


def gaps(facts: Facts, today: date) -> list[Invalid]:
    """What is still missing before publication."""
    main = "summary" if isinstance(facts, AchievementFacts) else "problem"
    found: list[Invalid] = []
    if len(getattr(facts, main).strip()) < LEAST_TEXT:
        found.append(TextTooShort(field=main, least=LEAST_TEXT))
    if not facts.modes:
        found.append(ModesMissing(field="modes"))
    if isinstance(facts, NeedFacts) and facts.deadline_on is not None and facts.deadline_on < today:
        found.append(DeadlinePast(field="deadline_on", deadline_on=facts.deadline_on))
    return found


_TEXTS = ("summary", "advantages", "applications", "problem", "targets", "background", "confidential")


def _text_faults(facts: Facts) -> Iterator[Invalid]:
    if not facts.title.strip():
        yield TitleMissing(field="title")
    for name in ("title", *_TEXTS):
        text, most = getattr(facts, name, ""), LONGEST_TITLE if name == "title" else LONGEST_TEXT
        if len(text) > most:
            yield TextTooLong(field=name, length=len(text), most=most)


def _code_faults(facts: Facts, codes: Codes) -> Iterator[Invalid]:
    if facts.field is not None and facts.field not in codes.fields:
        yield CodeUnknown(field="field", text=facts.field)
    if facts.district is not None and facts.district not in codes.districts:
        yield CodeUnknown(field="district", text=facts.district)
    for code in facts.industries:
        if code not in codes.industries:
            yield CodeUnknown(field="industries", text=code)
    if len(facts.industries) > MOST_INDUSTRIES:
        yield ListTooLong(field="industries", most=MOST_INDUSTRIES)


def _keyword_faults(facts: Facts) -> Iterator[Invalid]:
    for keyword in facts.keywords:
        if len(keyword) > LONGEST_KEYWORD:
            yield KeywordTooLong(field="keywords", text=keyword, most=LONGEST_KEYWORD)
    if len(facts.keywords) > MOST_KEYWORDS:
        yield ListTooLong(field="keywords", most=MOST_KEYWORDS)


def _level_faults(field: str, level: int | None) -> Iterator[Invalid]:
    if level is not None and level not in range(1, 10):
        yield LevelInvalid(field=field)


def _range_faults(noun: str, low: int | None, high: int | None) -> Iterator[Invalid]:
    ends = {f"{noun}_min_fen": low, f"{noun}_max_fen": high}
    for field, end in ends.items():
        if end is None:
            continue
        if end < 0:
            yield AmountNegative(field=field)
        elif end > money.LIMIT_FEN:
            yield money.AmountTooLarge(field=field, text=money.yuan_text(end), limit_fen=money.LIMIT_FEN)
    if low is not None and high is not None and high < low:
        yield RangeReversed(field=f"{noun}_max_fen")


def _right_faults(rights: tuple[Right, ...]) -> Iterator[Invalid]:
    for row, right in enumerate(rights, 1):
        unnumbered = not right.number and right.kind != RightKind.KNOW_HOW
        if right.kind is None or right.status is None or unnumbered:
            yield RightIncomplete(field="rights", row=row)
        if len(right.number) > LONGEST_CELL:
            yield TextTooLong(field="rights", length=len(right.number), most=LONGEST_CELL)
    if len(rights) > MOST_ROWS:
        yield ListTooLong(field="rights", most=MOST_ROWS)


def _completer_faults(completers: tuple[Completer, ...]) -> Iterator[Invalid]:
    for row, completer in enumerate(completers, 1):
        if not completer.name:
            yield CompleterNameless(field="completers", row=row)
        if len(completer.name) > LONGEST_CELL:
            yield TextTooLong(field="completers", length=len(completer.name), most=LONGEST_CELL)
        if completer.share is not None and not 1 <= completer.share <= 100:
            yield ShareInvalid(field="completers", row=row)
    shares = [completer.share for completer in completers]
    given = [share for share in shares if share is not None]
    if given and (sum(given) != 100 or len(given) < len(shares)):
        yield SharesNotWhole(field="completers", total=sum(given))
    if len(completers) > MOST_ROWS:
        yield ListTooLong(field="completers", most=MOST_ROWS)
