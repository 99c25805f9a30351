"""The form that begins a deal."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.validators import InputRequired

from matchmaker.core.web.forms import ChecksField, Form, labelled, line
from matchmaker.deals.terms import DealKind
from matchmaker.listings.models import Achievement

_FILL = _l("Please fill this in.")


def _as_id(value: uuid.UUID | str) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


class NewDealForm(Form):
    """Which achievements, with whom. The parts that the actor's own organisation takes are left out."""

    kind = RadioField(_l("Kind of deal"), [InputRequired(_FILL)])
    q = line(_l("Search by title"), required=False)
    achievements = ChecksField(
        _l("Achievements to be licensed"), [InputRequired(_l("Choose at least one."))], coerce=_as_id
    )
    licensee = line(
        _l("Licensee"),
        help=_l("A verified enterprise: its name or its unified social credit code."),
        render_kw={"list": "enterprises", "autocomplete": "off"},
    )
    broker = line(
        _l("Intermediary"),
        required=False,
        help=_l("Who brought the two together, if anyone did. It signs as well and may claim a subsidy for the deal."),
        render_kw={"list": "intermediaries", "autocomplete": "off"},
    )
    title = line(_l("Title"), required=False, help=_l("If left empty, that of the first achievement."))

    def __init__(self, *args: Any, leave_out: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = labelled(DealKind)
        for name in leave_out:
            del self[name]

    def offer_choice(self, achievements: Iterable[Achievement]) -> None:
        self.achievements.choices = [(row.id, f"{row.title} · {row.organisation.name}") for row in achievements]
