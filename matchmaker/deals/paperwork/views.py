"""Papers of a deal on their way out, and the signed contract on its way in: by the deal's own rule."""

from __future__ import annotations

import io
import uuid
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.core import access, clock, files, typeset
from matchmaker.core.access import needs
from matchmaker.core.errors import NotFound
from matchmaker.core.web.downloads import download
from matchmaker.core.web.forms import done
from matchmaker.deals import queries
from matchmaker.deals.models import Deal, DealNotice, FileKind, RewardStatement
from matchmaker.deals.papers.editions import LANGUAGES
from matchmaker.deals.papers.paper import Paper, to_data
from matchmaker.deals.paperwork import closing, contracts, letters, services, sheets
from matchmaker.deals.paperwork.contracts import MEDIA_TYPES, Form
from matchmaker.deals.paperwork.forms import SignedContractForm
from matchmaker.deals.paperwork.letters import Letter
from matchmaker.deals.paperwork.permissions import Can as PaperCan
from matchmaker.deals.permissions import Can
from matchmaker.deals.states import DEAL, DealAction, DealState

blueprint = Blueprint("paperwork", __name__)

Answer = str | Response | BaseResponse | tuple[str, int]


@blueprint.app_template_global()
def papers_of(deal: Deal) -> dict[str, Any]:
    """What the deal's page links: letters there is reason for, statements, the signed contract, for this reader."""
    rewards = _rewards(deal) if access.may(g.actor, PaperCan.REWARD_READ, deal) else []
    return {
        "letters": letters.open_letters(deal, clock.today()) if deal.number else [],
        "over": deal.signed_on is not None and deal.state in (DealState.COMPLETED, DealState.ENDED),
        "royalties": [row.number for row in deal.royalty_reports],
        "rewards": rewards,
        "notice": queries.notice(deal),
        "signed": [row for row in deal.files if row.kind == FileKind.SIGNED_SCAN],
        "may_attach": bool(deal.number) and access.may(g.actor, Can.DEAL_ATTACH, deal),
    }


def _rewards(deal: Deal) -> list[RewardStatement]:
    """By the day of the payment."""
    return [row.reward for row in deal.payments if row.reward is not None]


# --- the contract ---------------------------------------------------------------------------------------------------


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
    return _send(contracts.content(deal, version, form), MEDIA_TYPES[suffix], name)


@blueprint.get("/deals/<uuid:id>/contract-draft.pdf")
@needs(Can.DEAL_EDIT, load=queries.find_deal)
def contract_draft(deal: Deal) -> Answer:
    """How the saved draft would read as a contract, before anything is offered. `?language=` as above."""
    DEAL.step(deal.state, DealAction.EDIT)
    draft, language = deal.draft, request.args.get("language", "zh")
    if draft is None or language not in LANGUAGES:
        raise NotFound()
    if queries.judge(deal, draft).faults is not None:
        done(_("The contract can be previewed once the points below are settled."))
        return redirect(url_for("deals.edit_terms", id=deal.id))
    name = files.safe_name(_("Draft of the contract, %(title)s", title=deal.title), MEDIA_TYPES["pdf"])
    return _send(contracts.preview(deal, draft, language), MEDIA_TYPES["pdf"], name)


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound()
    return int(text)


def _send(content: bytes, media_type: str, name: str) -> Response:
    """Bytes as an attachment of this name, under the rules of `core.web.downloads`."""
    response = send_file(io.BytesIO(content), mimetype=media_type, as_attachment=True, download_name=name, etag=False)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


@blueprint.route("/deals/<uuid:id>/signed-contract", methods=["GET", "POST"])
@needs(Can.DEAL_ATTACH, load=queries.find_deal)
def signed_contract(deal: Deal) -> Answer:
    """Hand in the signed contract. A file that is not the version that counts is refused."""
    if not deal.number:
        raise NotFound()
    form = SignedContractForm()
    if form.is_submitted() and form.run(lambda: _attach(deal, form)) is not None:
        done(_("The signed contract was attached; its fingerprint is that of the version that counts."))
        return redirect(url_for("deals.deal", id=deal.id))
    page = render_template("deals/paperwork/signed_contract.html", form=form, deal=deal)
    return (page, 422) if form.has_errors else page


def _attach(deal: Deal, form: SignedContractForm) -> Any:
    settings, upload = current_app.extensions["matchmaker.settings"], form.file.data
    return services.attach_signed_contract(
        g.actor,
        deal,
        stream=upload.stream,
        name=upload.filename or "",
        fingerprint=form.fingerprint.data or "",
        root=settings.files_dir,
        limit_bytes=settings.upload_limit_bytes,
    )


# --- sheets and letters ---------------------------------------------------------------------------------------------


@blueprint.get("/deals/notices/<uuid:id>/sheet.pdf")
@needs(Can.NOTICE_VIEW, load=queries.find_notice)
def notice_sheet(notice: DealNotice) -> Response:
    return _sheet(sheets.notice_sheet(notice), notice.deal.title, notice.created_at)


@blueprint.get("/deals/<uuid:id>/royalty-statements/<int:number>.pdf")
@needs(Can.DEAL_VIEW, load=queries.find_deal)
def royalty_statement(deal: Deal, number: int) -> Response:
    report = next((row for row in deal.royalty_reports if row.number == number), None)
    found = zip(queries.royalty_statements(deal), queries.royalty_periods(deal), strict=False)
    pair = next(((one, period) for one, period in found if period.number == number), None)
    if pair is None or report is None:
        raise NotFound()
    return _sheet(sheets.royalty_sheet(deal, *pair), deal.title, report.created_at)


@blueprint.get("/deals/<uuid:id>/reward-statements/<uuid:statement_id>.pdf")
@needs(PaperCan.REWARD_READ, load=queries.find_deal)
def reward_statement(deal: Deal, statement_id: uuid.UUID) -> Response:
    statement = next((row for row in _rewards(deal) if row.id == statement_id), None)
    if statement is None:
        raise NotFound()
    return _sheet(sheets.reward_sheet(deal, statement), deal.title, statement.created_at)


@blueprint.get("/deals/<uuid:id>/final-statement.pdf")
@needs(Can.DEAL_VIEW, load=queries.find_deal)
def final_statement(deal: Deal) -> Response:
    """Once the deal is over. Dated with that day; of one that ended early, as what was owed has been paid since."""
    if queries.closing(deal) is None or deal.ended_on is None:
        raise NotFound()
    return _sheet(closing.final_statement(deal), deal.title, clock.noon(deal.ended_on))


@blueprint.get(f"/deals/<uuid:id>/letters/<any({', '.join(map(repr, map(str, Letter)))}):kind>.pdf")
@needs(Can.DEAL_VIEW, load=queries.find_deal)
def letter(deal: Deal, kind: str) -> Response:
    """As the deal stands today; there is none where there is nothing to remind of."""
    today = clock.today()
    if Letter(kind) not in letters.open_letters(deal, today):
        raise NotFound()
    return _sheet(letters.letter(deal, Letter(kind), today), deal.title, clock.noon(today))


def _sheet(paper: Paper, about: str, at: datetime) -> Response:
    name = files.safe_name(f"{paper.title[0]} {about}", MEDIA_TYPES["pdf"])
    return _send(typeset.pdf("paper.typ", to_data(paper), at=at), MEDIA_TYPES["pdf"], name)
