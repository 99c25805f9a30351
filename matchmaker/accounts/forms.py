"""Forms of the account pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, IntegerField, PasswordField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional, ValidationError

from matchmaker.accounts import credit_code
from matchmaker.accounts.roles import ROLES_OF, OrganisationKind, RecognitionKind, Role
from matchmaker.accounts.services import Profile
from matchmaker.core import clock, messages, taxonomy
from matchmaker.core.errors import Invalid
from matchmaker.core.web.forms import ChecksField, DayField, Form, MoneyField, cleaned, labelled, line, paragraph

_FILL = _l("Please fill this in.")


class SignInForm(Form):
    email = EmailField(_l("E-mail"), [InputRequired(_FILL)], [cleaned], render_kw={"autocomplete": "username"})
    password = PasswordField(_l("Password"), [InputRequired(_FILL)], render_kw={"autocomplete": "current-password"})


def _email(label: Any) -> EmailField:
    return EmailField(label, [InputRequired(_FILL)], [cleaned], render_kw={"autocomplete": "email"})


def _new_password(label: Any) -> PasswordField:
    return PasswordField(
        label,
        [InputRequired(_FILL)],
        description=_l("At least 10 characters. A sentence is a good password."),
        render_kw={"autocomplete": "new-password"},
    )


class PersonForm(Form):
    name = line(_l("Your name"), most=80)
    password = _new_password(_l("Password"))


class ProfileForm(Form):
    name = line(_l("Name of the organisation"))
    name_en = line(_l("Name in English"), required=False)
    district = SelectField(_l("District"), [InputRequired(_FILL)])
    summary = paragraph(_l("What you do"), required=False, most=2000)
    summary_en = paragraph(_l("What you do, in English"), required=False, most=2000)
    industry = SelectField(
        _l("Industry (GB/T 4754)"),
        [Optional()],
        description=_l("Enterprises only. With the figures below it gives the size class by the 2011 SME standard."),
    )
    employees = IntegerField(_l("Employees"), [Optional(), NumberRange(min=0, max=10_000_000)])
    revenue_fen = MoneyField(_l("Revenue of the year, in yuan"), required=False)
    assets_fen = MoneyField(_l("Total assets, in yuan"), required=False)
    figures_year = IntegerField(_l("Year of these figures"), [Optional(), NumberRange(min=2000, max=2100)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.district.choices = taxonomy.choices("districts", _l("Choose"))
        self.industry.choices = taxonomy.choices("industries", _l("Choose"))

    def profile(self) -> Profile:
        return Profile(
            name=self.name.data or "",
            district=self.district.data,
            name_en=self.name_en.data or None,
            summary=self.summary.data or "",
            summary_en=self.summary_en.data or None,
            industry=self.industry.data or None,
            employees=self.employees.data,
            revenue_fen=self.revenue_fen.data,
            assets_fen=self.assets_fen.data,
            figures_year=self.figures_year.data,
        )


class OrganisationForm(ProfileForm):
    kind = SelectField(_l("Kind of organisation"), [InputRequired(_FILL)])
    credit_code = line(_l("Unified social credit code"), most=40, help=_l("18 characters, as on the business licence."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [kind for kind in OrganisationKind if kind != OrganisationKind.AUTHORITY]
        self.kind.choices = labelled(kinds, blank=_l("Choose"))

    def checked_credit_code(self) -> str:
        """Raises the error of a code that is not valid, at its field."""
        return credit_code.validate(self.credit_code.data or "", field="credit_code")

    def validate_credit_code(self, field: Any) -> None:
        try:
            self.checked_credit_code()
        except Invalid as error:
            raise ValidationError(messages.phrase(error)) from error


class RegisterForm(OrganisationForm):
    """A person and an organisation at once."""

    person = line(_l("Your name"), most=80)
    email = _email(_l("E-mail"))
    password = _new_password(_l("Password"))


class InviteForm(Form):
    email = _email(_l("E-mail"))
    roles = ChecksField(_l("Roles"), [InputRequired(_l("Choose at least one role."))])

    def __init__(self, kind: OrganisationKind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.roles.choices = labelled(ROLES_OF[kind])

    def chosen(self) -> list[Role]:
        return [Role(role) for role in self.roles.data or []]


class RolesForm(Form):
    roles = ChecksField(_l("Roles"), [InputRequired(_l("Choose at least one role."))])

    def __init__(self, kind: OrganisationKind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.roles.choices = labelled(ROLES_OF[kind])

    def chosen(self) -> list[Role]:
        return [Role(role) for role in self.roles.data or []]


class RecognitionForm(Form):
    kind = SelectField(_l("Recognition"), [InputRequired(_FILL)])
    number = line(_l("Certificate number"), most=60)
    valid_from = DayField(_l("Valid from"))
    valid_until = DayField(_l("Valid until"))

    @staticmethod
    def day(field: DayField) -> date:
        """The day of a field that was validated."""
        assert field.data is not None
        return field.data

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = labelled(RecognitionKind)
        if self.valid_from.data is None and not self.is_submitted():
            self.valid_from.data = clock.today()


class PasswordForm(Form):
    present = PasswordField(
        _l("Present password"), [InputRequired(_FILL)], render_kw={"autocomplete": "current-password"}
    )
    password = _new_password(_l("New password"))


class DecisionForm(Form):
    reason = line(_l("Reason"), required=False, most=500, help=_l("The organisation will read it."))
