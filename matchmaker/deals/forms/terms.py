"""The form of the terms: all entries of `terms.Terms`, those of triggers and fees that are not chosen left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import HiddenInput

from matchmaker.core import clock
from matchmaker.core.errors import N_, Invalid, InvalidMany
from matchmaker.core.web.forms import DayField, Form, MoneyField, labelled, line, paragraph
from matchmaker.deals.forms.entries import EVENTS, NAMES, UNSAID, entries_of, terms_of
from matchmaker.deals.forms.fields import (
    FILL,
    CompletersField,
    MilestonesField,
    PercentField,
    RatesField,
    TiersField,
    not_optional,
    whole,
)
from matchmaker.deals.models import Deal
from matchmaker.deals.practice import practice
from matchmaker.deals.royalty import REPORT_DAYS
from matchmaker.deals.rules import TEXT_LIMIT
from matchmaker.deals.terms import (
    Completer,
    DealKind,
    DisputeForum,
    GuaranteeKind,
    Improvements,
    Instalment,
    Instalments,
    LicenceKind,
    Postponement,
    PricingRoute,
    RoyaltyBase,
    Terms,
    TierSpan,
    TrialOutcome,
)

FIRST_ROWS, MORE_ROWS, MOST_ROWS = 4, 6, 120

TRIGGERS = {
    "on_date": N_("On a day fixed in advance"),
    "first_revenue": N_("With the first revenue from the product or service"),
    "revenue_threshold": N_("When revenue reaches an amount"),
    "milestone": N_("When a milestone has been accepted"),
}
JOINED = {
    "": N_("This event alone"),
    "earlier_of": N_("This or a further event, whichever comes first"),
    "later_of": N_("This and the further events, when all have happened"),
}
FEES = {
    "lump_sum": N_("Lump sum when payment starts"),
    "instalments": N_("Price in instalments"),
    "deferral": N_("Price some months after payment starts"),
    "entry_fee_royalty": N_("Entry fee and royalty"),
    "milestones": N_("Price in parts, each when a milestone is accepted"),
    "stake": N_("Shares of a company"),
    "invest_first": N_("Project money first, shares later"),
}
RATES = {
    "fixed": N_("One rate"),
    "by_year": N_("A rate for each year"),
    "by_tier": N_("Rates by the size of the base"),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "on_date": ("trigger_on",),
    "revenue_threshold": ("trigger_fen",),
    "milestone": ("trigger_text",),
    "lump_sum": ("lump_fen",),
    "deferral": ("deferral_fen", "deferral_months"),
    "entry_fee_royalty": ("entry_fen", "base", "period_months"),
    "milestones": ("milestones",),
    "stake": ("company", "share", "valued_fen"),
    "invest_first": ("company", "share", "project_fen", "exit"),
}
"""Entries that are asked for only with this trigger or fee."""
_EMPTY: tuple[Any, ...] = (None, "", (), False)
_NEEDED_OF_EVENT = {"on_date": "on", "revenue_threshold": "fen", "milestone": "text"}


def _text(label: Any, *, help: Any = "") -> Any:
    return paragraph(label, required=False, most=TEXT_LIMIT, rows=2, help=help)


class TermsForm(Form):
    version = IntegerField(widget=HiddenInput())
    kind = SelectField(_l("Kind of deal"), [InputRequired(FILL)])
    licence = SelectField(_l("Kind of licence"), [InputRequired(FILL)])
    territory = line(_l("Territory"), help=_l("Where the licensee may use it, such as Jilin Province."))
    field_of_use = paragraph(
        _l("Field of use"), most=TEXT_LIMIT, rows=2, help=_l("For which products, services or processes.")
    )
    sublicence = BooleanField(_l("The licensee may grant sub-licences"))
    co_owned = BooleanField(_l("The right is owned with others"))
    co_owners_consent = BooleanField(_l("The co-owners have consented"))
    state_secret = BooleanField(_l("The technology is classified"))
    effective_on = DayField(_l("In force from"))
    trial_months = whole(
        _l("Trial, in months"), help=_l("Free use before payment. Twelve months are usual; 0 for none.")
    )
    ends_on = DayField(
        _l("Last day of the licence"), help=_l("Not later than the day on which the first of the rights expires.")
    )
    outcome = SelectField(_l("If nobody decides by the end of the trial"), [Optional()])
    extensions = whole(_l("Extensions of the trial, at most"), required=False)
    extension_months = whole(_l("Months of each extension"), required=False)
    pricing = SelectField(
        _l("How the price is set"),
        [InputRequired(FILL)],
        description=_l("A price agreed between the parties is published for at least 15 days before signing."),
    )
    related_party = BooleanField(_l("The licensee is one of the completers, or related to one"))
    trigger = SelectField(_l("Payment starts"), [InputRequired(FILL)])
    trigger_on = DayField(_l("Payment starts on"), required=False)
    trigger_fen = MoneyField(_l("Payment starts when revenue reaches, in yuan"), required=False)
    trigger_text = line(_l("Payment starts with the milestone"), required=False, most=TEXT_LIMIT)
    joined = SelectField(_l("Together with further events"), [Optional()])
    second = SelectField(_l("Second event"), [Optional()])
    second_on = DayField(_l("Second event: on the day"), required=False)
    second_fen = MoneyField(_l("Second event: revenue reaches, in yuan"), required=False)
    second_text = line(_l("Second event: the milestone"), required=False, most=TEXT_LIMIT)
    third = SelectField(_l("Third event"), [Optional()])
    third_on = DayField(_l("Third event: on the day"), required=False)
    third_fen = MoneyField(_l("Third event: revenue reaches, in yuan"), required=False)
    third_text = line(_l("Third event: the milestone"), required=False, most=TEXT_LIMIT)
    fourth = SelectField(_l("Fourth event"), [Optional()])
    fourth_on = DayField(_l("Fourth event: on the day"), required=False)
    fourth_fen = MoneyField(_l("Fourth event: revenue reaches, in yuan"), required=False)
    fourth_text = line(_l("Fourth event: the milestone"), required=False, most=TEXT_LIMIT)
    fee = SelectField(_l("Fee"), [InputRequired(FILL)])
    lump_fen = MoneyField(_l("Lump sum, in yuan"), required=False)
    deferral_fen = MoneyField(_l("Deferred fee, in yuan"), required=False)
    deferral_months = whole(_l("Months after payment starts"), required=False)
    entry_fen = MoneyField(_l("Entry fee, in yuan"), required=False, help=_l("0 for none."))
    rate_kind = SelectField(_l("How the rate goes"), [Optional()])
    rate = PercentField(_l("Royalty rate, in percent"), [Optional()], render_kw={"inputmode": "decimal"})
    rate_years = RatesField(
        _l("Rates by year, in percent"), help=_l("One line for each year; the last one stays for the years after.")
    )
    rate_tiers = TiersField(
        _l("Rates by tier"), help=_l("On each line: from which amount in yuan; the percentage. Begin with 0; 3")
    )
    span = SelectField(_l("How tiers count"), [Optional()])
    base = SelectField(_l("Royalty base"), [Optional()])
    minimum_fen = MoneyField(_l("Minimum royalty for each period, in yuan"), required=False)
    cap_fen = MoneyField(_l("Maximum royalty for each period, in yuan"), required=False)
    total_cap_fen = MoneyField(_l("Maximum of all royalties, in yuan"), required=False)
    period_months = whole(
        _l("Royalty period, in months"),
        required=False,
        help=_l("From 1 to 12. The licensee reports after each one."),
    )
    report_days = whole(_l("Report within so many days after a period"), required=False, help=_l("30 if left empty."))
    pay_days = whole(
        _l("Royalty due so many days after a period"),
        required=False,
        help=_l(
            "If left empty, on the last day of the period, before its report. Usual: as many days as for the report."
        ),
    )
    milestones = MilestonesField(
        _l("Milestones"), help=_l("On each line: what is accepted; the amount in yuan; days until it is due.")
    )
    company = line(_l("Company"), required=False)
    share = PercentField(_l("Share of the company, in percent"), [Optional()], render_kw={"inputmode": "decimal"})
    valued_fen = MoneyField(_l("Valued at, in yuan"), required=False)
    project_fen = MoneyField(_l("Project money, in yuan"), required=False)
    converts_by = DayField(_l("Turned into shares by"), required=False)
    exit = line(_l("Exit"), required=False, most=TEXT_LIMIT)
    grace_days = IntegerField(
        _l("Days of grace"),
        [InputRequired(FILL), NumberRange(0, 9999)],
        description=_l("An amount is overdue when so many days have passed after its day."),
    )
    postponement = SelectField(_l("Day of payment on a rest day"), [Optional()])
    penalty_rate = PercentField(
        _l("Penalty for each day late, in percent"), [Optional()], description=_l("After the days of grace.")
    )
    penalty_cap = PercentField(_l("Penalty at most, in percent of the amount"), [Optional()])
    cure_days = whole(_l("Days to cure a default"), required=False, help=_l("30 if left empty."))
    vat_rate = PercentField(_l("Value-added tax, in percent"), [Optional()])
    vat_included = BooleanField(_l("The tax is within the amounts named"))
    audit = BooleanField(_l("The licensor may inspect the accounts"))
    commission_fen = MoneyField(_l("Commission of the intermediary, in yuan"), required=False)
    guarantee_kind = SelectField(_l("Guarantee"), [Optional()])
    guarantee_name = line(_l("Name of the guarantor or insurer"), required=False)
    policy_number = line(_l("Insurance policy"), required=False)
    premium_fen = MoneyField(_l("Premium, in yuan"), required=False)
    insured_fen = MoneyField(_l("Insured or guaranteed up to, in yuan"), required=False)
    completers = CompletersField(
        _l("Completers and their shares"), help=_l("On each line: the name; the share of the reward in percent.")
    )
    reward_rate = PercentField(
        _l("Reward of the completers, in percent of net income"),
        [Optional()],
        description=_l("By your own rule, at least 50; the platform's default if left empty."),
    )
    delivery_what = line(_l("What is delivered"), required=False, most=TEXT_LIMIT)
    delivery_days = whole(_l("Delivery within so many days"), required=False)
    delivery_place = line(_l("Place of delivery"), required=False)
    acceptance = _text(_l("Acceptance"))
    technical_service = _text(_l("Technical service"))
    confidentiality = _text(_l("Confidentiality"))
    confidentiality_years = whole(
        _l("Confidentiality lasts, in years"),
        required=False,
        help=_l("At least as long as the contract runs, also where fewer years are entered."),
    )
    improvements = SelectField(_l("Improvements"), [Optional()])
    restrains_development = BooleanField(_l("One side may not compete or develop further"))
    warranty = _text(_l("Warranty"))
    infringement = _text(_l("Infringement"))
    invalidation = _text(_l("If the right is invalidated"))
    forum = SelectField(_l("Disputes go to"), [Optional()])
    forum_place = line(_l("Place of the court or commission"), required=False)
    other = _text(_l("Other terms"))

    rows = 0
    before: Terms | None = None  # the terms that are answered
    further = EVENTS[1:]
    royalty_entries = (
        "entry_fen", "base", "rate_kind", "rate", "rate_years", "rate_tiers", "span", "period_months", "report_days",
        "pay_days", "minimum_fen", "cap_fen", "total_cap_fen", "audit",
    )  # fmt: skip

    def __init__(self, *args: Any, has_broker: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nothing = _l("not agreed")
        for name, members in (("kind", DealKind), ("licence", LicenceKind), ("base", RoyaltyBase), ("span", TierSpan)):
            self[name].choices = labelled(members)
        for name, optional in (
            ("outcome", TrialOutcome),
            ("postponement", Postponement),
            ("guarantee_kind", GuaranteeKind),
            ("improvements", Improvements),
            ("forum", DisputeForum),
        ):
            self[name].choices = labelled(optional, blank=nothing)
        self.pricing.choices = labelled(PricingRoute)
        for name, phrases in (
            ("trigger", TRIGGERS),
            *((prefix, {"": N_("no further event"), **TRIGGERS}) for prefix in self.further),
            ("joined", JOINED),
            ("fee", FEES),
            ("rate_kind", RATES),
        ):
            self[name].choices = [(value, _l(phrase)) for value, phrase in phrases.items()]
        if not has_broker:
            del self.commission_fen
        for name in {name for names in NEEDED.values() for name in names} | {"rate", "rate_years", "rate_tiers"}:
            not_optional(self[name])

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        super().validate(*args, **kwargs)
        chosen = {self.trigger.data, self.fee.data}
        self._ask({**NEEDED, "instalments": tuple(self.part_entries)}, chosen, needed=NEEDED)
        for prefix in self.further:
            needed = {choice: (f"{prefix}_{entry}",) for choice, entry in _NEEDED_OF_EVENT.items()}
            self._ask(needed, {self[prefix].data} if self.joined.data else set(), needed=needed)
        rates = {"fixed": ("rate",), "by_year": ("rate_years",), "by_tier": ("rate_tiers",)}
        royalty = {self.rate_kind.data or "fixed"} if self.fee.data == "entry_fee_royalty" else set()
        self._ask(rates, royalty, needed=rates)
        return not self.errors

    def _ask(self, groups: Mapping[str, tuple[str, ...]], chosen: set[Any], *, needed: Mapping[str, Any]) -> None:
        """Ask for the entries of the choices made; forget what was said of those that belong to no choice."""
        wanted = {name for choice, names in groups.items() if choice in chosen for name in names}
        for choice, names in groups.items():
            for name in names:
                field = self[name]
                if name not in wanted:
                    field.errors = []
                elif choice in chosen and choice in needed and field.data in (None, "", ()) and not field.errors:
                    field.errors = [FILL]

    def stands_open(self, names: Sequence[str], of: str = "", value: str = "") -> bool:
        """Whether a group of entries is shown unfolded: its choice is made, something is filled in, or at fault."""
        chosen = self[of].data in value.split() if of else any(self[name].data not in _EMPTY for name in names)
        return chosen or any(self[name].errors for name in names)

    @property
    def further_entries(self) -> list[str]:
        return [f"{event}{entry}" for event in self.further for entry in ("", "_on", "_fen", "_text")]

    @property
    def part_entries(self) -> list[str]:
        return [f"part_{row}_{cell}" for row in self.part_rows for cell in ("months", "fen")]

    def saved_meanwhile(self, deal: Deal) -> None:
        """Say so; what is sent next counts as an answer to the version saved now."""
        self.extra_errors.append(
            _(
                "Someone saved this draft after you had opened it. What you typed is still here: save again to put it "
                "in place of theirs, or open the draft anew to see theirs."
            )
        )
        self.version.raw_data, self.version.data = None, deal.version

    def attach(self, error: Invalid) -> None:
        for part in error.errors if isinstance(error, InvalidMany) else [error]:
            part.field = self._name_of(part.field or "")
        super().attach(error)

    def _name_of(self, path: str) -> str:
        """The field that holds this entry of the terms."""
        if match := re.fullmatch(r"fee\.parts\.(\d+)\.(fen|months_after)", path):
            if self.fee.data == "milestones":
                return "milestones"
            return f"part_{self._filled_rows()[int(match[1])]}_{'fen' if match[2] == 'fen' else 'months'}"
        if match := re.fullmatch(r"trigger\.of\.(\d)\.(on|fen|text)", path):
            return f"{[prefix for prefix in EVENTS if self[prefix].data][int(match[1])]}_{match[2]}"
        if path.startswith("fee.parts."):
            return "milestones"
        if path.startswith("completers"):
            return "completers"
        return {
            "trigger.of": "joined",
            "fee.fen": "lump_fen" if self.fee.data == "lump_sum" else "deferral_fen",
            "fee.months_after": "deferral_months",
            "fee.parts": "milestones" if self.fee.data == "milestones" else "part_1_fen",
            "fee.rate": {"by_year": "rate_years", "by_tier": "rate_tiers"}.get(self.rate_kind.data, "rate"),
            **NAMES,
        }.get(path, path.removeprefix("fee."))

    def _filled_rows(self) -> list[int]:
        return [row for row in self.part_rows if self._cells(row) != (None, None)]

    @property
    def part_rows(self) -> range:
        return range(1, self.rows + 1)

    def _cells(self, row: int) -> tuple[int | None, int | None]:
        """Months and fen of an instalment."""
        return self[f"part_{row}_months"].data, self[f"part_{row}_fen"].data

    def terms(self) -> Terms:
        """What was entered, valid as a form. Raises InvalidMany for instalments that are half filled in."""
        entered: dict[str, Any] = self.data
        for name in UNSAID:
            if self.before is not None and getattr(self.before, name) is None and not entered[name]:
                entered[name] = None  # an empty box does not say no where nothing was said before
        return terms_of(entered, parts=self._parts() if entered["fee"] == "instalments" else ())

    def _parts(self) -> tuple[Instalment, ...]:
        cells = [self._cells(row) for row in self._filled_rows()]
        gaps = [
            RowIncomplete(field=f"fee.parts.{index}.{'fen' if fen is None else 'months_after'}")
            for index, (months, fen) in enumerate(cells)
            if months is None or fen is None
        ]
        if gaps:
            raise InvalidMany(gaps)
        return tuple(Instalment(months, fen) for months, fen in cells if months is not None and fen is not None)


class RowIncomplete(Invalid):
    code = "deal.row_incomplete"
    phrase = N_("An instalment needs both: the months after payment starts, and the amount.")


def terms_form(
    deal: Deal, *, rows: int, answers: bool = False, shown: Terms | None = None, **binding: Any
) -> TermsForm:
    """The form with room for so many instalments, showing these terms, else the draft or, before there is one, what is
    usual.

    Where it `answers` an offer, it names by its hash the version that was read.
    """
    cells: dict[str, Any] = {"sha256": HiddenField(validators=[InputRequired()])} if answers else {}
    for row in range(1, rows + 1):
        cells[f"part_{row}_months"] = whole(_l("Months after payment starts"), required=False)
        cells[f"part_{row}_fen"] = MoneyField(_l("Amount, in yuan"), required=False)
    form_class = type(
        "TermsFormWithRows", (TermsForm,), {**cells, "rows": rows, "before": deal.draft if answers else None}
    )
    draft = shown or deal.draft
    data = _usual(deal) if draft is None else entries_of(draft)
    if answers and deal.version_on_offer is not None:
        data["sha256"] = deal.version_on_offer.sha256
    form: TermsForm = form_class(
        has_broker=deal.broker_id is not None, data={**data, "version": deal.version}, **binding
    )
    return form


def rows_for(draft: Terms | None) -> int:
    """Room for the instalments of the draft and a few more."""
    used = len(draft.fee.parts) if draft is not None and isinstance(draft.fee, Instalments) else 0
    return min(MOST_ROWS, max(FIRST_ROWS, used + 2))


def _usual(deal: Deal) -> dict[str, Any]:
    today, pay_later = clock.today(), deal.kind == DealKind.PAY_LATER_LICENCE
    fees = {DealKind.EQUITY: "stake", DealKind.INVEST_FIRST: "invest_first"}
    return {
        "kind": deal.kind,
        "licence": LicenceKind.ORDINARY,
        "effective_on": today,
        "trial_months": practice().trial_usual if pay_later else 0,
        "outcome": practice().undecided if pay_later else "",
        "pricing": PricingRoute.NEGOTIATED,
        "trigger": "first_revenue" if pay_later else "on_date",
        "trigger_on": None if pay_later else today,
        "fee": fees.get(deal.kind, "lump_sum"),
        "rate_kind": "fixed",
        "base": RoyaltyBase.SALES,
        "pay_days": REPORT_DAYS,
        "span": TierSpan.LIFE,
        "period_months": 12,
        "grace_days": 30,
        "audit": True,
        "completers": _completers(deal),
        **dict.fromkeys(("postponement", "improvements", "forum", "guarantee_kind", "joined", *EVENTS[1:]), ""),
    }


def _completers(deal: Deal) -> tuple[Completer, ...]:
    """Who made the first achievement, as its owner listed them, where their shares make up the whole."""
    listed = deal.achievements[0].achievement.completers if deal.achievements else []
    found = tuple(Completer(one["name"], Fraction(one["share"], 100)) for one in listed)
    return found if sum(one.share for one in found) == 1 else ()
