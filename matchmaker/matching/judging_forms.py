"""What is typed and pressed to judge a pair."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField

from matchmaker.core.web.forms import Form, labelled, line
from matchmaker.matching.models import Level
from matchmaker.matching.verdicts import LONGEST_NOTE, Reason, Verdict


class VerdictForm(Form):
    """A level, by one of four buttons, or a reason to put the pair aside."""

    level = HiddenField()
    reason = SelectField(_l("Reason"), validate_choice=False)
    note = line(_l("In your words"), required=False, most=LONGEST_NOTE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reason.choices = labelled(Reason, blank=_l("Choose"))

    def verdict(self) -> Verdict:
        """What was chosen; what is not on the lists counts as nothing, which `Verdict.check` refuses."""
        level, reason = self.level.data or "", self.reason.data or ""
        if level in set(Level):
            return Verdict(level=int(level))
        return Verdict(reason=Reason(reason) if reason in set(Reason) else None, note=self.note.data or "")
