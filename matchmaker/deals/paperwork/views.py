"""Papers of a deal on their way out: who may see the deal may have them."""

from __future__ import annotations

import io

from flask import Blueprint, Response, request, send_file
from flask_babel import gettext as _

from matchmaker.core import files
from matchmaker.core.access import needs
from matchmaker.core.errors import NotFound
from matchmaker.core.web.downloads import download
from matchmaker.deals import queries
from matchmaker.deals.models import Deal
from matchmaker.deals.papers.editions import LANGUAGES
from matchmaker.deals.paperwork import contracts
from matchmaker.deals.paperwork.contracts import MEDIA_TYPES, Form
from matchmaker.deals.permissions import Can

blueprint = Blueprint("paperwork", __name__)


@blueprint.get("/deals/<uuid:id>/contract.<any(pdf, docx):suffix>")
@needs(Can.DEAL_VIEW, load=queries.find_deal)
def contract(deal: Deal, suffix: str) -> Response:
    """`?version=` picks one by its number, the last without it; `?language=zh-en` the bilingual form."""
    version = contracts.find_version(deal, _number(request.args.get("version")))
    language = request.args.get("language", "zh")
    if version is None or language not in LANGUAGES:
        raise NotFound()
    form = Form(language, suffix)
    title = _("Contract, version %(number)s, %(title)s", number=version.number, title=deal.title)
    name = files.safe_name(title, MEDIA_TYPES[suffix])
    kept = contracts.find_frozen(version, form)
    if kept is not None:
        return download(kept, name)
    return send(contracts.content(deal, version, form), MEDIA_TYPES[suffix], name)


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound()
    return int(text)


def send(content: bytes, media_type: str, name: str) -> Response:
    """Bytes as an attachment of this name, under the rules of `core.web.downloads`."""
    response = send_file(io.BytesIO(content), mimetype=media_type, as_attachment=True, download_name=name, etag=False)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response
