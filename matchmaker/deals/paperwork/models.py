"""Contracts as they were when the last party signed: the bytes, kept."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.files import StoredFile
from matchmaker.core.types import Number
from matchmaker.deals.models import Deal, TermsVersion

FORMS = ("zh", "zh-en")
SUFFIXES = ("pdf", "docx")


class FrozenContract(db.Model):
    """One file of a signed version, by form (language) and suffix. A later program may set the words otherwise;
    what was signed stays as it was. Never changed."""

    __tablename__ = "frozen_contracts"
    __table_args__ = (
        one_of("form", FORMS),
        one_of("suffix", SUFFIXES),
        UniqueConstraint("deal_id", "number", "form", "suffix"),
        # named in full: the convention looks at the first column alone, which has a foreign key of its own
        ForeignKeyConstraint(
            ["deal_id", "number"], ["terms_versions.deal_id", "terms_versions.number"], "fk_frozen_contracts_version"
        ),
    )

    id: Mapped[uuid.UUID] = id_column()
    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"))
    number: Mapped[int] = mapped_column(Number)
    form: Mapped[str]
    suffix: Mapped[str]
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stored_files.id"))
    created_at: Mapped[datetime]

    deal: Mapped[Deal] = relationship()
    version: Mapped[TermsVersion] = relationship(overlaps="deal")
    file: Mapped[StoredFile] = relationship()
