"""Fields for what a clause asks of its claimant: one for each fact, of the fact's type, never required.

What is left empty stays unknown, and the verdict says what is not shown yet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from wtforms import Field, IntegerField, SelectField
from wtforms.validators import NumberRange, Optional

from matchmaker.core.money import LIMIT_FEN
from matchmaker.core.web.forms import DayField, Form, MoneyField, labelled, line
from matchmaker.subsidies import facts
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.facts import FACTS, LONGEST_TEXT, Fact, FactType

F = TypeVar("F", bound=Form)

_PREFIX = "fact_"


def asking(form: type[F], clause: Clause, *, but: Collection[str] = ()) -> type[F]:
    """The form, with a field for each fact that the clause asks of the claimant, but for those named."""
    fields = {_PREFIX + name: _field(FACTS[name]) for name in clause.asks if name not in but}
    return type(form.__name__, (form,), fields)


def _field(fact: Fact) -> Any:
    label = _l(fact.label)
    match fact.type:
        case FactType.FLAG:
            answers = [("", _l("left open")), ("yes", _l("yes")), ("no", _l("no"))]
            return SelectField(label, [Optional()], choices=lambda: answers)
        case FactType.COUNT:
            return IntegerField(label, [Optional(), NumberRange(min=0, max=LIMIT_FEN)])
        case FactType.FEN:
            return MoneyField(label, required=False)
        case FactType.DAY:
            return DayField(label, required=False)
        case FactType.CHOICE:
            return SelectField(label, [Optional()], choices=lambda: labelled(fact.options, blank=_l("left open")))
    return line(label, required=False, most=LONGEST_TEXT)


def asked_fields(form: Form) -> list[Field]:
    """The fields that were added, in order."""
    return [field for field in form if field.name.startswith(_PREFIX)]


def stated(form: Form) -> dict[str, Any]:
    """What was entered in them, as plain data to be kept with the claim (`facts.thaw` reads it)."""
    return facts.freeze(entered(form))


def entered(form: Form) -> dict[str, Any]:
    """The same as typed values, None for what was left open."""
    return {field.name.removeprefix(_PREFIX): _value(field) for field in asked_fields(form)}


def _value(field: Field) -> Any:
    flag = FACTS[field.name.removeprefix(_PREFIX)].type is FactType.FLAG
    return {"yes": True, "no": False}.get(field.data) if flag else field.data


def prefilled(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Data of the fields from what was kept."""
    known = facts.thaw(kept)
    return {_PREFIX + name: {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
            for name, value in known.items()}  # fmt: skip
