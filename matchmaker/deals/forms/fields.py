"""Fields of the forms of deals: shares in percent, and lists that are typed line by line."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from fractions import Fraction
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Field, IntegerField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import TextArea, TextInput

from matchmaker.core import messages, money
from matchmaker.core.errors import Invalid
from matchmaker.core.web.forms import cleaned
from matchmaker.deals.documents import percent_text
from matchmaker.deals.terms import Completer, MilestonePart, Tier

FILL = _l("Please fill this in.")
LIST_LIMIT = 20_000

_RATE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?|\d{1,6}/[1-9]\d{0,5})[%％]?")
_GAP = re.compile(r"[;；\t]")


def percent(text: str) -> Fraction:
    """'2.5', '2.5%' or '10/3' as a share of the whole. ValueError with the sentence for the page."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(_l("Write a percentage, such as 3 or 2.5."))
    return Fraction(match[1]) / 100


def yuan(text: str) -> int:
    """Fen of an amount in yuan. ValueError with the sentence for the page."""
    try:
        return money.parse_yuan(text)
    except Invalid as error:
        raise ValueError(messages.phrase(error)) from error


class PercentField(Field):
    """A share in percent on the page, an exact Fraction of the whole in `data`."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        self.typed = valuelist[0].strip() if valuelist else ""
        self.data: Fraction | None = None
        if self.typed:
            self.data = percent(self.typed)

    def _value(self) -> str:
        typed = getattr(self, "typed", "")
        return typed or ("" if self.data is None else percent_text(self.data))


class LinesField(Field, ABC):
    """A list, one entry on each line, its parts set apart by semicolons; a tuple in `data`."""

    widget: Any = TextArea()

    def __init__(self, label: Any, *, help: Any = "", rows: int = 3, **kwargs: Any) -> None:
        super().__init__(label, [Optional()], description=help, render_kw={"rows": rows}, **kwargs)

    @abstractmethod
    def read(self, parts: list[str]) -> Any:
        """One entry from its parts. ValueError with the sentence for the page."""

    @abstractmethod
    def write(self, one: Any) -> str:
        """The line of an entry."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.typed = cleaned(valuelist[0])[:LIST_LIMIT] if valuelist else ""
        self.data: tuple[Any, ...] = ()
        lines = [line for line in self.typed.splitlines() if line.strip()]
        self.data = tuple(self.read([part.strip() for part in _GAP.split(line.strip())]) for line in lines)

    def _value(self) -> str:
        typed = getattr(self, "typed", "")
        return typed or "\n".join(self.write(one) for one in self.data or ())


def _parts(parts: list[str], count: int, sentence: Any) -> list[str]:
    if len(parts) != count:
        raise ValueError(sentence)
    return parts


class RatesField(LinesField):
    """A rate for each year."""

    def read(self, parts: list[str]) -> Fraction:
        return percent(parts[0])

    def write(self, one: Fraction) -> str:
        return percent_text(one)


class TiersField(LinesField):
    """From which amount on, and the rate."""

    def read(self, parts: list[str]) -> Tier:
        amount, rate = _parts(parts, 2, _l("Write on each line: an amount in yuan; a percentage."))
        return Tier(yuan(amount), percent(rate))

    def write(self, one: Tier) -> str:
        return f"{money.yuan_text(one.from_fen)}; {percent_text(one.rate)}"


class MilestonesField(LinesField):
    """What is accepted, the amount, and the days after it."""

    def read(self, parts: list[str]) -> MilestonePart:
        text, amount, days = _parts(parts, 3, _l("Write on each line: the milestone; an amount in yuan; days."))
        if not (days.isascii() and days.isdigit() and len(days) < 5):
            raise ValueError(_l("Write the days as a whole number, such as 30."))
        return MilestonePart(text, yuan(amount), int(days))

    def write(self, one: MilestonePart) -> str:
        return f"{one.text}; {money.yuan_text(one.fen)}; {one.days_after}"


class CompletersField(LinesField):
    """A name and the share of the reward."""

    def read(self, parts: list[str]) -> Completer:
        name, share = _parts(parts, 2, _l("Write on each line: a name; a percentage."))
        return Completer(name, percent(share))

    def write(self, one: Completer) -> str:
        return f"{one.name}; {percent_text(one.share)}"


def whole(label: Any, *, required: bool = True, help: Any = "") -> IntegerField:
    """A whole number of months, days or years; the rules say how large it may be."""
    first = InputRequired(FILL) if required else Optional()
    return IntegerField(label, [first, NumberRange(0, 9999)], description=help)


def not_optional(field: Field) -> None:
    """Let the label not say “optional”, without the browser asking for it: other entries or the rules decide."""
    field.flags.required = True
    field.render_kw = {**(field.render_kw or {}), "required": False}
