"""The files of a contract: set on demand from the frozen version, kept from the last signature on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from matchmaker.core import typeset
from matchmaker.core.db import db
from matchmaker.core.files import StoredFile
from matchmaker.deals.models import Deal, TermsVersion
from matchmaker.deals.papers import editions
from matchmaker.deals.papers.contract import contract
from matchmaker.deals.papers.paper import to_data
from matchmaker.deals.papers.word import docx
from matchmaker.deals.paperwork.matter import matter_of
from matchmaker.deals.paperwork.models import FORMS, SUFFIXES, FrozenContract

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
