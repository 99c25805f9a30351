"""Forms of the dashboard."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

from matchmaker.core.web.forms import DayField, Form, labelled, line
from matchmaker.dashboard.models import Rhythm

HIGHEST = 1_000_000_000


class TargetForm(Form):
    value = IntegerField(
        _l("Reached so far"),
        [
            InputRequired(_l("Please fill this in.")),
            NumberRange(min=0, max=HIGHEST, message=_l("Write a whole number that is not negative.")),
        ],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )
    as_of_on = DayField(_l("As of"), help=_l("The day on which the figure was true."))
    source = line(_l("Source"), help=_l("A bulletin, a statistical report, a letter: so that others can check it."))


class RhythmForm(Form):
    rhythm = SelectField(
        _l("Mail about new matches"),
        [InputRequired(_l("Choose one."))],
        description=_l(
            "Of what you posted and what your saved searches find. Transfer officers and signatories also hear of what "
            "was imported, technology managers of every strong pair."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rhythm.choices = labelled(Rhythm)
