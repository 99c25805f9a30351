"""Commands on the papers of a deal."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import BinaryIO

from matchmaker.core import audit, clock, files
from matchmaker.core.access import Actor
from matchmaker.core.db import command, db
from matchmaker.core.errors import N_, Invalid
from matchmaker.deals import services
from matchmaker.deals.models import Deal, DealFile, FileKind
from matchmaker.deals.papers.contract import KEYWORD
from matchmaker.deals.paperwork.contracts import ALL_FORMS, content
from matchmaker.deals.paperwork.models import FrozenContract
from matchmaker.deals.paperwork.permissions import Can
from matchmaker.deals.permissions import Can as DealCan

LARGEST = 64 * 1024 * 1024
LEAST_TYPED = 16
"""Of a fingerprint typed from the foot of a page so many characters are enough: two versions never share them."""


class NotOffered(Invalid):
    code = "contract.not_offered"
    phrase = N_("No version of this contract has been offered yet, so that none can have been signed.")


class FingerprintMissing(Invalid):
    """Facts: least."""

    code = "contract.fingerprint_missing"
    phrase = N_(
        "Type the first %(least)s characters or more of the fingerprint at the foot of each page (SHA-256): this file "
        "does not carry it itself."
    )


class FingerprintUnreadable(Invalid):
    code = "contract.fingerprint_unreadable"
    phrase = N_("A fingerprint is made of the digits 0 to 9 and the letters a to f. Look at the foot of a page again.")


class OtherContract(Invalid):
    """Facts: number, wanted, found."""

    code = "contract.other_contract"
    phrase = N_(
        "The fingerprint %(found)s is not that of version %(number)s, which begins with %(wanted)s. What you have at "
        "hand is another contract. Print and sign this version, or choose the right file."
    )


class OtherVersion(OtherContract):
    """Facts: number, wanted, found, signed: the version that was signed."""

    code = "contract.other_version"
    phrase = N_(
        "This is version %(signed)s of the contract; the one that counts is version %(number)s. "
        "Print and sign that one."
    )


@command(Can.CONTRACT_KEEP)
def keep_contract(actor: Actor, deal: Deal, *, root: Path) -> list[FrozenContract]:
    """Keep every form of the version that was signed last, as it is set today. What is kept already stays."""
    version = deal.version_on_offer
    if version is None or deal.signed_on is None:
        return []
    rows = []
    for form in ALL_FORMS:
        file = files.put(root, io.BytesIO(content(deal, version, form)), limit_bytes=LARGEST)
        rows.append(
            FrozenContract(
                deal_id=deal.id,
                number=version.number,
                version=version,
                form=form.language,
                suffix=form.suffix,
                file=file,
                created_at=clock.now(),
            )
        )
    db.session.add_all(rows)
    audit.record(actor, "contract.kept", rows[0], deal=str(deal.id), number=version.number, sha256=version.sha256)
    return rows


@command(DealCan.DEAL_ATTACH)
def attach_signed_contract(
    actor: Actor, deal: Deal, *, stream: BinaryIO, name: str, fingerprint: str, root: Path, limit_bytes: int
) -> DealFile:
    """Attach the signed contract as a file, once it is sure that it is the version that counts.

    The fingerprint is read from a PDF or Word file of ours that was signed as such; of a scan the person types it.
    Raises NotOffered, FingerprintMissing, FingerprintUnreadable, OtherVersion, OtherContract and what `files.put` does.
    """
    version = deal.version_on_offer
    if version is None:
        raise NotOffered(field="file")
    carried = carried_fingerprint(stream)
    if carried is not None:
        _compare(deal, carried, field="file")
    if fingerprint or carried is None:
        _compare(deal, _typed(fingerprint), field="fingerprint")
    file = files.put(root, stream, limit_bytes=limit_bytes, field="file")
    note = version.sha256
    return services.attach_file(
        actor, deal, kind=FileKind.SIGNED_SCAN, file=file, name=files.safe_name(name, file.media_type), note=note
    )


_CARRIED = re.compile(re.escape(KEYWORD).encode() + rb"([0-9a-f]{64})")


def carried_fingerprint(stream: BinaryIO) -> str | None:
    """The fingerprint in the description of a PDF of ours, which stays as it is when the file is signed; else None."""
    stream.seek(0)
    match = _CARRIED.search(stream.read(LARGEST))
    stream.seek(0)
    return match[1].decode() if match else None


def _typed(text: str) -> str:
    digits = re.sub(r"[\s\u00a0-]+", "", text).casefold()
    if len(digits) < LEAST_TYPED:
        raise FingerprintMissing(field="fingerprint", least=LEAST_TYPED)
    if not re.fullmatch(r"[0-9a-f]{1,64}", digits):
        raise FingerprintUnreadable(field="fingerprint")
    return digits


def _compare(deal: Deal, found: str, *, field: str) -> None:
    version = deal.version_on_offer
    assert version is not None
    if version.sha256.startswith(found):
        return
    facts = {"number": version.number, "wanted": version.sha256[:LEAST_TYPED], "found": found[:LEAST_TYPED]}
    signed = next((row.number for row in deal.versions if row.sha256.startswith(found)), None)
    if signed is not None:
        raise OtherVersion(field=field, signed=signed, **facts)
    raise OtherContract(field=field, **facts)
