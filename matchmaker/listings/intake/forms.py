"""Forms of the pages on which files of many entries come in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField

from matchmaker.core.web.forms import Form


class IntakeForm(Form):
    file = FileField(
        _l("File"),
        [FileRequired(_l("Choose a file."))],
        description=_l("BibTeX, RIS, DOI metadata (JSON), a list of patents (CSV), JSONL, or the template (XLSX)."),
        render_kw={"accept": ".bib,.ris,.json,.jsonl,.ndjson,.csv,.txt,.xlsx"},
    )


class BringInForm(Form):
    also_alike = BooleanField(_l("Also the entries that look like others"))
