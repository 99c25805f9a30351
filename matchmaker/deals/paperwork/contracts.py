"""The files of a contract: set on demand from the frozen version, kept from the last signature on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask_babel import force_locale, gettext
from sqlalchemy import select

from matchmaker.core import clock, typeset
from matchmaker.core.db import db
from matchmaker.core.files import StoredFile
from matchmaker.core.web import i18n
from matchmaker.deals import services
from matchmaker.deals.models import Deal, TermsVersion
from matchmaker.deals.papers import editions
from matchmaker.deals.papers.contract import contract
from matchmaker.deals.papers.paper import to_data
from matchmaker.deals.papers.word import docx
from matchmaker.deals.papers.wording import CHINESE
from matchmaker.deals.paperwork.matter import matter_of
from matchmaker.deals.paperwork.models import FORMS, SUFFIXES, FrozenContract
from matchmaker.deals.terms import Terms

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True, slots=True)
class Form:
    """A form that a contract comes in: of the languages, and of the file."""

    language: str
    suffix: str


ALL_FORMS = tuple(Form(language, suffix) for language in FORMS for suffix in SUFFIXES)


def content(deal: Deal, version: TermsVersion, form: Form) -> bytes:
    """The file, the same bytes every time. It is dated with the day of the offer."""
    edition = version.body.get("form", {}).get("edition", editions.FIRST)
    wording = editions.wording(editions.LANGUAGES[form.language], edition)
    paper = contract(version.terms, matter_of(deal, version, wording), wording)
    if form.suffix == "docx":
        return docx(paper, at=version.created_at)
    return typeset.pdf("paper.typ", to_data(paper), at=version.created_at)


def preview(deal: Deal, terms: Terms, language: str) -> bytes:
    """The contract as these terms would make it today, as a PDF marked as a draft and without a fingerprint.

    The rules must have found no fault in the terms.
    """
    version = TermsVersion(number=deal.number + 1, body=services.document(deal, terms), sha256="")
    wording = editions.wording(editions.LANGUAGES[language])
    paper = contract(terms, matter_of(deal, version, wording), wording)
    paper = replace(paper, mark=tuple(_mark(language) for language in wording.languages), fingerprint="", keyword="")
    return typeset.pdf("paper.typ", to_data(paper), at=clock.now())


def _mark(language: str) -> str:
    with force_locale(i18n.ZH if language == CHINESE else i18n.EN):
        return str(gettext("Draft, not offered, not binding"))


def find_frozen(version: TermsVersion, form: Form) -> StoredFile | None:
    """The file kept of a signed version, None while none is kept."""
    query = (
        select(StoredFile)
        .join(FrozenContract, FrozenContract.file_id == StoredFile.id)
        .where(
            FrozenContract.deal_id == version.deal_id,
            FrozenContract.number == version.number,
            FrozenContract.form == form.language,
            FrozenContract.suffix == form.suffix,
        )
    )
    return db.session.scalar(query)


def find_version(deal: Deal, number: int | None) -> TermsVersion | None:
    """The version of this number, the last one for None."""
    wanted = deal.number if number is None else number
    return next((version for version in deal.versions if version.number == wanted), None)
