"""Forms of the introduction pages."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField
from wtforms.validators import InputRequired, Optional

from matchmaker.core.web.forms import DayField, Form, labelled, line, paragraph
from matchmaker.introductions.states import Outcome, Reason, ReasonMissing


class ProposalForm(Form):
    """What an intermediary says to both sides."""

    message = paragraph(
        _l("Message"),
        most=2000,
        help=_l(
            "Why the two fit, what you would like to talk about, by when. The other side reads it before it agrees: "
            "leave out what is confidential."
        ),
    )


def _undertakes() -> BooleanField:
    return BooleanField(_l("For my organisation, I give the confidentiality undertaking above."))


class RequestForm(ProposalForm):
    """A side asks, and by asking undertakes confidentiality."""

    undertakes = _undertakes()


class AgreeForm(Form):
    undertakes = _undertakes()


class DeclineForm(Form):
    reason = SelectField(_l("Reason"), [InputRequired(_l(ReasonMissing.phrase))])
    note = line(_l("In your words"), required=False, most=500, help=_l("The other side reads this."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reason.choices = labelled(Reason, blank=_l("Choose"))

    def chosen_reason(self) -> Reason | None:
        return Reason(self.reason.data) if self.reason.data else None


class ConcludeForm(DeclineForm):
    reason = SelectField(_l("Reason"), [Optional()], description=_l("Only where there is no deal."))
    outcome = RadioField(_l("What came of it?"), [InputRequired(_l("Choose one."))])
    met_on = DayField(_l("Day of the first meeting"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcome.choices = labelled(Outcome)
