"""Papers and files of a claim: what kinds there are, and which a clause asks for. Pure.

Papers are numbers that may be used once (DOMAIN.md 2.3: "key each claim on registration no., receipt id"); files are
uploads.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from matchmaker.core.errors import N_
from matchmaker.deals.states import PartyRole


class PaperKind(StrEnum):
    REGISTRATION = "registration"
    INVOICE = "invoice"
    RECEIPT = "receipt"
    CONTRACT = "contract"


USED_ONCE = (PaperKind.REGISTRATION, PaperKind.INVOICE, PaperKind.RECEIPT)
"""Contract numbers are given by the parties: two strangers may both have a contract 2026-001."""

WITH_A_SUM = (PaperKind.INVOICE, PaperKind.RECEIPT)


class EvidenceKind(StrEnum):
    CONTRACT = "contract"
    REGISTRATION = "registration"
    INVOICE = "invoice"
    RECEIPT = "receipt"
    SERVICE_AGREEMENT = "service_agreement"
    SERVICE_RECORD = "service_record"
    RECOGNITION = "recognition"
    PROJECT_REPORT = "project_report"
    PLEDGE = "pledge"
    OTHER = "other"


_FOR_DEALS = (EvidenceKind.CONTRACT, EvidenceKind.REGISTRATION, EvidenceKind.INVOICE, EvidenceKind.RECEIPT)
_FOR_OTHERS = (EvidenceKind.PROJECT_REPORT, EvidenceKind.PLEDGE)


def evidence_asked(part: PartyRole | None) -> tuple[EvidenceKind, ...]:
    """Kinds of file that a claim should carry (DOMAIN.md 2.2: contract, registration, invoice and bank slip; of an
    intermediary also its agreement and the record of its service). For a claim without a deal: a report and a pledge.
    """
    if part is None:
        return _FOR_OTHERS
    if part is PartyRole.BROKER:
        return (EvidenceKind.SERVICE_AGREEMENT, EvidenceKind.SERVICE_RECORD, *_FOR_DEALS)
    return _FOR_DEALS


PAPER_LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {
        PaperKind.REGISTRATION: N_("Technical contract registration number"),
        PaperKind.INVOICE: N_("Invoice number"),
        PaperKind.RECEIPT: N_("Bank receipt number"),
        PaperKind.CONTRACT: N_("Contract number"),
    }
)

EVIDENCE_LABELS: Mapping[StrEnum, str] = MappingProxyType(  # apart: members with one value are one key
    {
        EvidenceKind.CONTRACT: N_("Contract"),
        EvidenceKind.REGISTRATION: N_("Registration certificate"),
        EvidenceKind.INVOICE: N_("Invoice"),
        EvidenceKind.RECEIPT: N_("Bank receipt"),
        EvidenceKind.SERVICE_AGREEMENT: N_("Intermediary agreement"),
        EvidenceKind.SERVICE_RECORD: N_("Record of the service"),
        EvidenceKind.RECOGNITION: N_("Recognition document"),
        EvidenceKind.PROJECT_REPORT: N_("Project report"),
        EvidenceKind.PLEDGE: N_("Pledge of truthfulness"),
        EvidenceKind.OTHER: N_("Other document"),
    }
)
