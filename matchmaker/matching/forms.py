"""What a reader chose on a search page, read from the address; and forms to judge a pairing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired

from matchmaker.core import taxonomy
from matchmaker.core.web.forms import Form, labelled
from matchmaker.listings.models import Mode
from matchmaker.matching.models import Level, Reason
from matchmaker.matching.queries import Filters


class JudgeForm(Form):
    """How well the two fit."""

    level = RadioField(_l("How well do the two fit?"), [InputRequired(_l("Choose one."))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.level.choices = labelled(reversed(Level))


class AsideForm(Form):
    """Why the pairing is put aside."""

    reason = SelectField(_l("Reason"), [InputRequired(_l("Choose a reason."))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reason.choices = labelled(Reason, blank=_l("Choose"))


def read_filters(args: Mapping[str, str]) -> Filters:
    """Facets from a query string. What no facet offers counts as not chosen, so that an old link still works."""
    field, district, trl, mode = (args.get(name, "") for name in ("field", "district", "trl", "mode"))
    return Filters(
        field=field if field in taxonomy.terms("fields") else None,
        district=district if district in taxonomy.terms("districts") else None,
        trl=int(trl) if trl in taxonomy.terms("trl") else None,
        mode=Mode(mode) if mode in set(Mode) else None,
    )
