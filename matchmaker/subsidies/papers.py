"""Papers of a claim: numbers that may be used once. Pure. Source: DOMAIN.md 2.3 (registration and receipt)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from matchmaker.core.errors import N_


class PaperKind(StrEnum):
    REGISTRATION = "registration"
    INVOICE = "invoice"
    RECEIPT = "receipt"
    CONTRACT = "contract"


USED_ONCE = (PaperKind.REGISTRATION, PaperKind.INVOICE, PaperKind.RECEIPT)
"""Contract numbers are given by the parties: two strangers may both have a contract 2026-001."""

WITH_A_SUM = (PaperKind.INVOICE, PaperKind.RECEIPT)


PAYMENT_PREFIX, PAYMENT_DIGITS = "P-", 16


def payment_number(payment_id: uuid.UUID) -> str:
    """A payment has no number of a bank here: the platform's own stands in, the same in every claim."""
    return f"{PAYMENT_PREFIX}{payment_id.hex[:PAYMENT_DIGITS].upper()}"


def used_key(kind: PaperKind, folded: str) -> str | None:
    """What may stand in one live claim alone, None for what may stand in several."""
    return f"{kind}:{folded}" if kind in USED_ONCE else None


LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {
        PaperKind.REGISTRATION: N_("Technical contract registration number"),
        PaperKind.INVOICE: N_("Invoice number"),
        PaperKind.RECEIPT: N_("Bank receipt number"),
        PaperKind.CONTRACT: N_("Contract number"),
    }
)
