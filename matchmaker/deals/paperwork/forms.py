"""Forms of the papers of a deal."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired

from matchmaker.core.web.forms import Form, line


class SignedContractForm(Form):
    file = FileField(
        _l("Signed contract"), [FileRequired(_l("Choose a file."))], description=_l("PDF, PNG, JPEG or DOCX.")
    )
    fingerprint = line(
        _l("Fingerprint at the foot of each page"),
        required=False,
        help=_l("The first 16 characters after SHA-256, or more. Not needed for a PDF of this page signed as a file."),
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
