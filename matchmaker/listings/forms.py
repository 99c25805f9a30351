"""Forms of the listing pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, FieldList, FormField, HiddenField, SelectField, StringField
from wtforms import Form as PlainForm
from wtforms.validators import Optional
from wtforms.widgets import NumberInput, TextInput

from matchmaker.core import taxonomy
from matchmaker.core.errors import Invalid, InvalidMany
from matchmaker.core.types import clean_text
from matchmaker.core.web.forms import ChecksField, DayField, Form, MoneyField, labelled, line, paragraph
from matchmaker.listings.facts import (
    LONGEST_CELL,
    MOST_INDUSTRIES,
    MOST_KEYWORDS,
    MOST_ROWS,
    AchievementFacts,
    CodeUnknown,
    Completer,
    NeedFacts,
    Right,
    RightExpiryInvalid,
    ShareInvalid,
    keywords_of,
)
from matchmaker.listings.models import Language, Mode, RightKind, RightStatus

E = TypeVar("E", bound=StrEnum)
R = TypeVar("R")

BLANK_ROWS = 2
MORE_ROWS = 4


def _stripped(value: Any) -> Any:
    return clean_text(value).strip() if isinstance(value, str) else value


def _cell(label: Any, **kwargs: Any) -> StringField:
    return StringField(label, filters=[_stripped], render_kw={"maxlength": LONGEST_CELL}, **kwargs)


class RightRow(PlainForm):
    """Cells are judged together, by the facts, so that the error names the row."""

    kind = SelectField(_l("Kind"), choices=lambda: labelled(RightKind, blank=_l("Choose")), validate_choice=False)
    number = _cell(_l("Number"))
    status = SelectField(_l("Status"), choices=lambda: labelled(RightStatus, blank=_l("Choose")), validate_choice=False)
    expires_on = StringField(_l("Expires on"), filters=[_stripped], widget=TextInput(input_type="date"))

    def right(self, row: int) -> Right:
        return Right(
            kind=_member(RightKind, self.kind.data, "rights"),
            number=self.number.data or "",
            status=_member(RightStatus, self.status.data, "rights"),
            expires_on=_day(self.expires_on.data, row),
        )


class CompleterRow(PlainForm):
    name = _cell(_l("Name"))
    share = StringField(_l("Share in percent"), filters=[_stripped], widget=NumberInput(min=1, max=100, step=1))

    def completer(self, row: int) -> Completer:
        text = self.share.data or ""
        if text and not (text.isascii() and text.isdigit() and len(text) <= 3):
            raise ShareInvalid(field="completers", row=row)
        return Completer(self.name.data or "", int(text) if text else None)


def _member(members: type[E], text: str | None, field: str) -> E | None:
    if text and text not in set(members):
        raise CodeUnknown(field=field, text=text)
    return members(text) if text else None


def _day(text: str | None, row: int) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise RightExpiryInvalid(field="rights", row=row, text=text) from error


def _select(label: Any, choices: Callable[[], list[tuple[str, Any]]]) -> SelectField:
    return SelectField(label, [Optional()], choices=choices, default="")


def _level(label: Any) -> SelectField:
    def choices() -> list[tuple[str, Any]]:
        levels = ((code, f"{code} · {term.name}") for code, term in taxonomy.terms("trl").items())
        return [("", _l("Not stated")), *levels]

    return _select(label, choices)


class ListingForm(Form):
    """What both kinds of listing ask for. Only the title is demanded here: drafts may be incomplete."""

    title = line(_l("Title"), help=_l("One line that says what it is, in the words the other side would search for."))
    keywords = line(
        _l("Keywords"),
        required=False,
        most=600,
        help=_l("At most %(most)s, separated by commas. They weigh more than the text.", most=MOST_KEYWORDS),
    )
    field = _select(_l("Technical field"), lambda: taxonomy.choices("fields", _l("Choose")))
    industries = FieldList(
        SelectField(
            _l("Industry"),
            [Optional()],
            choices=lambda: taxonomy.choices("industries", _l("Choose")),
            validate_choice=False,
        ),
        _l("Industries (GB/T 4754)"),
        min_entries=3,
        max_entries=MOST_INDUSTRIES,
    )
    modes = ChecksField(_l("Ways of transfer"), choices=lambda: labelled(Mode))
    district = _select(_l("District"), lambda: taxonomy.choices("districts", _l("Choose")))
    language = SelectField(_l("Language of the text"), choices=lambda: labelled(Language), default="zh")
    confidential = paragraph(
        _l("Confidential part"),
        required=False,
        help=_l("Only your organisation reads this, and those you agree to open it to after an introduction."),
    )
    version = HiddenField()
    steps: Mapping[str, tuple[str, ...]] = {}
    """Fields of each step, for readers without scripts: the sections of the whole form, in its order."""
    asked_for: tuple[str, ...] = ("modes", "language")
    """Besides the title, what nobody should take for optional: it is judged when the listing is handed in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.asked_for:
            self[name].flags.required = True

    def shared_facts(self) -> dict[str, Any]:
        return {
            "title": self.title.data or "",
            "keywords": keywords_of(self.keywords.data or ""),
            "field": self.field.data or None,
            "industries": tuple(dict.fromkeys(code for code in self.industries.data if code)),
            "modes": tuple(Mode(mode) for mode in self.modes.data or ()),
            "district": self.district.data or None,
            "language": Language(self.language.data),
            "confidential": self.confidential.data or "",
        }

    @property
    def seen_version(self) -> int | None:
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() else None

    def add_rows(self, count: int) -> None:
        """More empty rows in the tables of this form."""


_FOUND = ("keywords", "field", "district", "language", "industries")


class AchievementForm(ListingForm):
    steps = MappingProxyType(
        {
            "what": ("title", "summary", "advantages", "applications", "trl"),
            "found": _FOUND,
            "terms": ("modes", "price_min_fen", "price_max_fen"),
            "rights": ("rights", "completers"),
            "confidential": ("confidential",),
        }
    )
    asked_for = (*ListingForm.asked_for, "summary")
    summary = paragraph(
        _l("Summary"), required=False, rows=7, help=_l("What it does, how it works, what was measured. Public.")
    )
    advantages = paragraph(
        _l("Advantages"),
        required=False,
        help=_l("Against the solution in use today, with figures where you have them."),
    )
    applications = paragraph(_l("Applications"), required=False)
    trl = _level(_l("Technology readiness level"))
    rights = FieldList(FormField(RightRow), _l("Rights"), max_entries=MOST_ROWS)
    completers = FieldList(FormField(CompleterRow), _l("Completers"), max_entries=MOST_ROWS)
    price_min_fen = MoneyField(_l("Price guidance from, in yuan"), required=False)
    price_max_fen = MoneyField(_l("Price guidance up to, in yuan"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_submitted():
            self.add_rows(BLANK_ROWS)

    def add_rows(self, count: int) -> None:
        for table in (self.rights, self.completers):
            for _ in range(min(count, MOST_ROWS - len(table.entries))):
                table.append_entry()

    def facts(self) -> AchievementFacts:
        """Raises what cannot be read in the tables, all of it at once."""
        found: list[Invalid] = []
        rights = _rows(self.rights, RightRow.right, found)
        completers = _rows(self.completers, CompleterRow.completer, found)
        if found:
            raise InvalidMany(found)
        return AchievementFacts(
            **self.shared_facts(),
            summary=self.summary.data or "",
            advantages=self.advantages.data or "",
            applications=self.applications.data or "",
            trl=int(self.trl.data) if self.trl.data else None,
            rights=rights,
            completers=completers,
            price_min_fen=self.price_min_fen.data,
            price_max_fen=self.price_max_fen.data,
        )


class NeedForm(ListingForm):
    steps = MappingProxyType(
        {
            "what": ("title", "problem", "targets", "background", "min_trl"),
            "found": _FOUND,
            "terms": ("modes", "budget_min_fen", "budget_max_fen", "deadline_on", "anonymous"),
            "confidential": ("confidential",),
        }
    )
    asked_for = (*ListingForm.asked_for, "problem")
    problem = paragraph(
        _l("Problem"),
        required=False,
        rows=7,
        help=_l("What you want to be able to do, and what stands in the way. Public."),
    )
    targets = paragraph(
        _l("Target figures"), required=False, help=_l("What a solution must reach, as figures that can be measured.")
    )
    background = paragraph(
        _l("Background"), required=False, help=_l("What you have tried and what you can contribute.")
    )
    min_trl = _level(_l("Least technology readiness level"))
    budget_min_fen = MoneyField(_l("Budget from, in yuan"), required=False)
    budget_max_fen = MoneyField(_l("Budget up to, in yuan"), required=False)
    deadline_on = DayField(_l("Deadline"), required=False)
    anonymous = BooleanField(
        _l("Stay anonymous"),
        description=_l(
            "Nobody is told who you are until you accept an introduction. Do not name yourself in text or files."
        ),
    )

    def facts(self) -> NeedFacts:
        return NeedFacts(
            **self.shared_facts(),
            problem=self.problem.data or "",
            targets=self.targets.data or "",
            background=self.background.data or "",
            min_trl=int(self.min_trl.data) if self.min_trl.data else None,
            budget_min_fen=self.budget_min_fen.data,
            budget_max_fen=self.budget_max_fen.data,
            deadline_on=self.deadline_on.data,
            anonymous=bool(self.anonymous.data),
        )


class ReturnForm(Form):
    reason = paragraph(_l("What has to change"), most=2000, help=_l("The author will read it."))


class AttachmentForm(Form):
    file = FileField(
        _l("File"),
        [FileRequired(_l("Choose a file."))],
        description=_l("PDF, Word, Excel, PNG or JPEG. Others see it after the next approval."),
    )
    confidential = BooleanField(_l("Belongs to the confidential part"))


def _rows(table: FieldList[Any], read: Callable[[Any, int], R], found: list[Invalid]) -> tuple[R, ...]:
    """The filled rows of a table; what cannot be read goes to `found`."""
    filled = [entry.form for entry in table.entries if any(entry.data.values())]
    rows = []
    for number, form in enumerate(filled, 1):
        try:
            rows.append(read(form, number))
        except Invalid as error:
            found.append(error)
    return tuple(rows)
