"""Forms of the dashboard."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField
from wtforms.validators import InputRequired, NumberRange

from matchmaker.core.web.forms import DayField, Form, line

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
