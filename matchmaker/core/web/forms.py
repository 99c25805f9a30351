"""Forms: CSRF, cleaned text, an error summary, and the way from a domain error back to its field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from flask import flash
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, SelectMultipleField, StringField, TextAreaField
from wtforms.fields import DateField as _DateField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from matchmaker.core import messages, money
from matchmaker.core.db import db
from matchmaker.core.errors import Invalid, InvalidMany
from matchmaker.core.types import clean_text

R = TypeVar("R")

LINE, PARAGRAPH = 200, 20_000


def cleaned(value: Any) -> Any:
    """Filter for text of several lines."""
    return clean_text(value).strip() if isinstance(value, str) else value


def on_one_line(value: Any) -> Any:
    """Filter for names and the like: a line break in them would end a header, or a row of a list."""
    return " ".join(clean_text(value).split()) if isinstance(value, str) else value


class Form(FlaskForm):
    """Base of every form. `extra_errors` are those that belong to no field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.extra_errors: list[str] = []

    def run(self, command: Callable[[], R]) -> R | None:
        """Validate, then run the command; a refusal lands at its field. None where anything was refused.

        All of it runs in one savepoint, so a refusal leaves nothing behind.
        """
        if not self.validate():
            return None
        try:
            with db.session.begin_nested():
                return command()
        except Invalid as error:
            self.attach(error)
            return None

    def attach(self, error: Invalid) -> None:
        for part in error.errors if isinstance(error, InvalidMany) else [error]:
            sentence = messages.phrase(part)
            field = self._fields.get(part.field or "")
            if field is None:
                self.extra_errors.append(sentence)
            else:
                field.errors = [*field.errors, sentence]

    @property
    def has_errors(self) -> bool:
        return bool(self.errors or self.extra_errors)


def line(label: Any, *, required: bool = True, most: int = LINE, help: Any = "", **kwargs: Any) -> StringField:
    return StringField(label, _rules(required, most), filters=[on_one_line], description=help, **kwargs)


def paragraph(
    label: Any, *, required: bool = True, most: int = PARAGRAPH, help: Any = "", rows: int = 4
) -> TextAreaField:
    return TextAreaField(
        label,
        _rules(required, most),
        filters=[cleaned],
        description=help,
        render_kw={"rows": rows, "maxlength": most},
    )


def _rules(required: bool, most: int) -> list[Any]:
    # Judged after cleaning: blanks alone, or what nobody sees, are not an entry.
    first = DataRequired(_l("Please fill this in.")) if required else Optional()
    return [first, Length(max=most, message=_l("At most %(max)d characters."))]


class MoneyField(Field):
    """An amount in yuan on the page, fen in `data`."""

    widget = TextInput()
    data: int | None
    typed = ""

    def __init__(self, label: Any, *, required: bool = True, help: Any = "", **kwargs: Any) -> None:
        rules = [InputRequired(_l("Please fill this in."))] if required else [Optional()]
        render = {"inputmode": "decimal", "autocomplete": "off"}
        super().__init__(label, rules, description=help, render_kw=render, **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.typed = on_one_line(valuelist[0]) if valuelist else ""
        self.data = None
        if self.typed:
            try:
                amount = money.parse_yuan(self.typed)
                if amount < 0:
                    raise money.NotAnAmount(text=self.typed)
            except Invalid as error:
                raise ValueError(messages.phrase(error)) from error
            self.data = amount

    def pre_validate(self, form: Any) -> None:
        if self.flags.required and not self.typed:  # blanks alone, which InputRequired lets pass
            raise StopValidation(_l("Please fill this in."))

    def _value(self) -> str:
        return self.typed or ("" if self.data is None else money.yuan_text(self.data))


class DayField(_DateField):
    """A calendar day, by the browser's own picker."""

    def __init__(self, label: Any, *, required: bool = True, help: Any = "", **kwargs: Any) -> None:
        rules = [InputRequired(_l("Please fill this in."))] if required else [Optional()]
        super().__init__(label, rules, description=help, **kwargs)

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        if isinstance(self.data, date) and not 1900 <= self.data.year <= 2200:
            raise ValidationError(_l("Write a year between 1900 and 2200."))


class ChecksField(SelectMultipleField):
    """Several of a list, as checkboxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        try:
            super().pre_validate(form)
        except ValidationError as error:  # which repeats what was sent, in English
            raise ValidationError(_l("One of these is not on the list. Choose again.")) from error


def labelled(members: Any, *, blank: Any = None) -> list[tuple[str, Any]]:
    """Choices of a select from enumeration members, named in the reader's language."""
    first = [] if blank is None else [("", blank)]
    return [*first, *((str(member), messages.label(member)) for member in members)]


def done(sentence: Any, *, undo: tuple[str, dict[str, str]] | None = None) -> None:
    """Tell, on the next page, that it worked. `undo` is a POST that takes it back: its address and its fields."""
    if undo is None:
        flash(str(sentence), "success")
    else:
        notice: Any = {"sentence": str(sentence), "url": undo[0], "fields": undo[1]}
        flash(notice, "undo")


def field_id(field: Field) -> str:
    return f"field-{field.name}"
