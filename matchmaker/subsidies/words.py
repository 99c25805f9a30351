"""Facts, comparisons and steps of a working in the reader's language."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext as _

from matchmaker.core import messages
from matchmaker.core.errors import N_
from matchmaker.core.web import filters
from matchmaker.subsidies.amounts import Step
from matchmaker.subsidies.catalogue import Label
from matchmaker.subsidies.facts import FACTS, FactType, value_of
from matchmaker.subsidies.language import Finding, Op, Operand, Ref, Span


def words(text: Label | str) -> str:
    """A text kept in both languages, or the translation of a catalogue key."""
    return filters.in_language(text.zh, text.en) if isinstance(text, Label) else str(_(text))


def fact_name(name: str) -> str:
    return str(_(FACTS[name].label))


def fact_value(name: str, value: Any) -> str:
    """A value as its fact reads; “not recorded” for what is unknown."""
    fact = FACTS[name]
    known = value_of({name: value}, name)
    if known is None:
        return str(_("not recorded"))
    match fact.type:
        case FactType.FLAG:
            return str(_("yes") if known else _("no"))
        case FactType.FEN:
            return filters.exact_money(int(str(known)))
        case FactType.DAY:
            assert isinstance(known, date)
            return filters.day(known)
        case FactType.COUNT:
            return filters.number(int(str(known)))
        case FactType.TEXTS:
            assert isinstance(known, tuple)
            return str(_(", ")).join(_member(name, one) for one in known) or str(_("none"))
        case FactType.CHOICE:
            return _member(name, str(known))
    return str(known)


def _member(name: str, value: str) -> str:
    options = FACTS[name].options
    return messages.label(options(value)) if options is not None else value


_NEEDED = {
    Op.IS: N_("must be: %(value)s"),
    Op.IN: N_("must be one of: %(value)s"),
    Op.HAS: N_("must include: %(value)s"),
    Op.HAS_ANY: N_("must include one of: %(value)s"),
    Op.AT_LEAST: N_("must be at least %(value)s"),
    Op.ABOVE: N_("must be more than %(value)s"),
    Op.AT_MOST: N_("must be at most %(value)s"),
    Op.BELOW: N_("must be less than %(value)s"),
    Op.ON_OR_AFTER: N_("must be %(value)s or later"),
    Op.ON_OR_BEFORE: N_("must be %(value)s or earlier"),
    Op.WITHIN: N_("must be within %(value)s"),
}

_SPANS = {
    ("days", True): N_("%(number)s days after %(day)s"),
    ("days", False): N_("%(number)s days before %(day)s"),
    ("months", True): N_("%(number)s months after %(day)s"),
    ("months", False): N_("%(number)s months before %(day)s"),
    ("years", True): N_("%(number)s years after %(day)s"),
    ("years", False): N_("%(number)s years before %(day)s"),
}


def needed(finding: Finding) -> str:
    """What the comparison asks of its fact."""
    if finding.op is Op.KNOWN:
        return str(_("must be recorded"))
    return str(_(_NEEDED[finding.op], value=_operand(finding.fact, finding.operand, finding.other)))


def _operand(name: str, operand: Operand, other: Any) -> str:
    if isinstance(operand, Span):
        day = _operand(name, operand.day, other)
        return str(_(_SPANS[operand.unit, operand.after], number=operand.number, day=day))
    if isinstance(operand, Ref):
        shown = fact_name(operand.fact)
        return (
            shown if other is None else str(_("%(name)s, %(value)s", name=shown, value=fact_value(operand.fact, other)))
        )
    if isinstance(operand, tuple):
        return str(_(", ")).join(fact_value(name, (one,) if _is_set(name) else one) for one in operand)
    return fact_value(name, (operand,) if _is_set(name) else operand)


def _is_set(name: str) -> bool:
    return FACTS[name].type is FactType.TEXTS


def step_value(step: Step) -> str:
    """The amount, rate or number of a line."""
    if step.rate is not None:
        return filters.percent(step.rate)
    if step.number is not None:
        return filters.number(step.number)
    return str(_("not recorded")) if step.fen is None else filters.exact_money(step.fen)
