"""Commands of the claimant: draft, edit, attach, submit, withdraw. Budgets move in `budget`."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import joinedload, load_only

from matchmaker.accounts.models import Organisation
from matchmaker.core import audit, clock, files, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import N_, Conflict, Forbidden, Invalid, NotFound
from matchmaker.core.money import within_limit
from matchmaker.deals.models import Deal, DealFile
from matchmaker.subsidies import budget, flagging, gather, policies, queries, rulebook, snapshots, workdays
from matchmaker.subsidies.amounts import claimable
from matchmaker.subsidies.catalogue import Clause, Per
from matchmaker.subsidies.facts import freeze as freeze_facts
from matchmaker.subsidies.folding import fold
from matchmaker.subsidies.models import OTHER, Claim, ClaimDeal, ClaimEvidence, ClaimPaper
from matchmaker.subsidies.papers import WITH_A_SUM, PaperKind, payment_number, used_key
from matchmaker.subsidies.periods import period_of, thing
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.review_models import Particulars
from matchmaker.subsidies.rules import CLAIMANT_PART
from matchmaker.subsidies.states import CLAIM, RESERVED_STATES, ClaimAction

MOST_EVIDENCE = 20
MOST_PAPERS = 60
MOST_DEALS = 30
NAMED_BY_SUBJECT = ("project_title", "park_name")
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is mistaken for another on paper


class NotYourPart(Forbidden):
    code = "subsidies.not_your_part"
    phrase = N_(
        "Your organisation cannot claim under this clause for this deal. "
        "The page of the clause says who can; choose one of the deals offered there."
    )


class AlreadyClaimed(Conflict):
    code = "subsidies.already_claimed"
    phrase = N_("A claim under this clause already stands for this deal. Open it in the list of claims.")


class SubjectMissing(Invalid):
    code = "subsidies.subject_missing"
    phrase = N_("Name what you claim for: the project, platform, park or person. Letters or digits are needed.")


class ChangedMeanwhile(Invalid):
    code = "subsidies.changed_meanwhile"
    phrase = N_(
        "This claim was changed in another window after you opened this page. What you typed still stands here: "
        "look at the claim, then save again to keep yours."
    )


class PeriodInvalid(Invalid):
    code = "subsidies.period_invalid"
    phrase = N_("Nothing can be claimed for this period under this clause. Choose one of those offered.")


class Barred(Forbidden):
    """Facts: barred_until."""

    code = "subsidies.barred"
    phrase = N_("Your organisation is barred from claims until %(barred_until)s, since a subsidy had to be taken back.")


class EvidenceTwice(Invalid):
    code = "subsidies.evidence_twice"
    phrase = N_("This very file is already attached to the claim.")


class TooMuchEvidence(Invalid):
    """Facts: most."""

    code = "subsidies.too_much_evidence"
    phrase = N_("A claim carries at most %(most)s files. Join some of them into one.")


class TooManyDeals(Invalid):
    """Facts: most."""

    code = "subsidies.too_many_deals"
    phrase = N_("A claim counts at most %(most)s deals. Make a second claim for the others.")


class PaperUsed(Invalid):
    code = "subsidies.paper_used"
    phrase = N_(
        "This number already stands in a claim. A receipt, invoice or registration counts once, under whatever clause."
    )


class PaperFaulty(Invalid):
    code = "subsidies.paper_faulty"
    phrase = N_(
        "Write the number as it stands on the paper. "
        "Receipts and invoices also need their sum and day, not after today."
    )


class TooManyPapers(Invalid):
    """Facts: most."""

    code = "subsidies.too_many_papers"
    phrase = N_("A claim carries at most %(most)s numbers.")


constraint_means("uq_claims_live_key", AlreadyClaimed)
constraint_means("uq_claim_deals_used_key", AlreadyClaimed)
constraint_means("uq_claim_evidence_claim_id_file_id", lambda: EvidenceTwice(field="file"))
constraint_means("uq_claim_papers_used_key", lambda: PaperUsed(field="number"))
constraint_means("uq_claim_papers_claim_id_kind_folded", lambda: PaperUsed(field="number"))


@command(Can.CLAIM_CREATE)
def draft_claim(
    actor: Actor,
    deal: Deal | None,
    *,
    clause_id: str,
    further: Sequence[Deal] = (),
    requested_fen: int,
    statement: str,
    subject: str = "",
    stated: Mapping[str, Any] | None = None,
    period_on: date | None = None,
) -> Claim:
    """Begin a claim for a deal and `further` ones that count together with it, or without any for what `subject` names;
    for an earlier period where `period_on` is one of `list_earlier_periods`.

    Raises NotYourPart, TooManyDeals, SubjectMissing, PeriodInvalid, Barred, AlreadyClaimed, or why the sum cannot be
    claimed (`amounts`).
    """
    _check_bar(actor)
    together = [] if deal is None else [deal, *further]
    facts: dict[str, Any] = {
        "subject": subject,
        "stated": stated,
        "requested_fen": requested_fen,
        "statement": statement,
        "period_on": period_on,
    }
    claim = _begun(actor, together, clause_id=clause_id, **facts)
    _check_sum(claim, requested_fen, field="requested_fen")
    db.session.add(claim)
    _prefill(claim, claim.deals)
    ids = [str(one.id) for one in claim.deals]
    audit.record(actor, "claim.drafted", claim, clause=clause_id, deals=ids, requested_fen=requested_fen)
    return claim


def try_claim(
    actor: Actor,
    deals: Sequence[Deal],
    *,
    clause_id: str,
    subject: str = "",
    requested_fen: int | None = None,
    stated: Mapping[str, Any] | None = None,
    period_on: date | None = None,
) -> Claim:
    """The claim as it would be drafted, with what the deals record, to be judged and thrown away: nothing is kept.

    Raises NotYourPart, TooManyDeals, PeriodInvalid.
    """
    subject = subject if fold(subject) else clause_id  # it has no name yet
    asked: dict[str, Any] = {"requested_fen": requested_fen, "statement": "", "period_on": period_on}
    facts: dict[str, Any] = {"subject": subject, "stated": stated, **asked}
    claim = _begun(actor, deals, clause_id=clause_id, **facts)
    _prefill(claim, claim.deals)
    return claim


def _begun(
    actor: Actor,
    deals: Sequence[Deal],
    *,
    clause_id: str,
    subject: str,
    stated: Mapping[str, Any] | None,
    period_on: date | None,
    **facts: Any,
) -> Claim:
    """A claim that the database does not know yet."""
    together = _counted(actor, clause_id, deals)
    subject = _title(together) if together else subject
    if not together and not fold(subject):
        raise SubjectMissing(field="subject")
    columns = _as_it_reads_now(clause_id, subject, actor.organisation_id, period_on)
    clause = policies.thaw(columns["clause_frozen"])
    if not together and actor.organisation_kind not in clause.beneficiary_kinds:
        raise NotYourPart()
    _check_period(actor.organisation_id, clause, period_on)
    claim = Claim(
        number=f"{clock.today().year}-{''.join(secrets.choice(_LETTERS) for _ in range(6))}",
        clause_id=clause_id,
        claimant_organisation_id=actor.organisation_id,
        claimed_by_user_id=actor.user_id,
        subject=subject,
        stated=_stated(clause, subject, stated),
        period_on=period_on,
        created_at=clock.now(),
        **facts,
        **columns,
    )
    _count(claim, together)
    return claim


def _counted(actor: Actor, clause_id: str, deals: Sequence[Deal]) -> list[Deal]:
    """Each deal once. Raises NotYourPart, TooManyDeals."""
    part, together = CLAIMANT_PART.get(clause_id), list(dict.fromkeys(deals))
    if bool(together) != (part is not None) or any(one.side_of(actor.organisation_id) != part for one in together):
        raise NotYourPart()
    if len(together) > MOST_DEALS:
        raise TooManyDeals(field="deal", most=MOST_DEALS)
    return together


def _count(claim: Claim, together: Sequence[Deal]) -> None:
    """The deals that a claim counts, in this order."""
    claim.deal = together[0] if together else None
    claim.deal_rows = [
        ClaimDeal(deal=one, deal_id=one.id, position=number, used_key=f"{claim.clause_id}:{one.id}")
        for number, one in enumerate(together)
    ]
    claim.live_key = _live_key(claim)


@command(Can.CLAIM_EDIT)
def edit_claim(
    actor: Actor,
    claim: Claim,
    *,
    requested_fen: int,
    statement: str,
    stated: Mapping[str, Any] | None = None,
    deals: Sequence[Deal] | None = None,
    period_on: date | None = None,
    version: int | None = None,
) -> None:
    """`deals` are counted from now on, where they are given; `version` is that of the claim the changes were made to.

    Raises ChangedMeanwhile, NotYourPart, TooManyDeals, PeriodInvalid, AlreadyClaimed, or why the sum cannot be
    claimed (`amounts`).
    """
    if version is not None and version != claim.version:
        raise ChangedMeanwhile()
    if deals is not None and list(dict.fromkeys(deals)) != claim.deals:
        _count_others(claim, _counted(actor, claim.clause_id, deals))
    if period_on != claim.period_on:
        _check_period(claim.claimant_organisation_id, claim.clause, period_on)
        claim.period_on = period_on
        claim.period = _period(claim.clause.per, claim.subject, claim.claimant_organisation_id, period_on)
        claim.live_key = _live_key(claim)
    _check_sum(claim, requested_fen, field="requested_fen")
    claim.requested_fen, claim.statement = requested_fen, statement
    if stated is not None:
        claim.stated = _stated(claim.clause, claim.subject, stated)
    ids = [str(one.id) for one in claim.deals]
    audit.record(actor, "claim.edited", claim, deals=ids, requested_fen=requested_fen)


def _count_others(claim: Claim, together: list[Deal]) -> None:
    """Other deals with what they record; what a reviewer found was about those before."""
    before = claim.deals
    gone = {(row.kind, row.folded) for one in before if one not in together for row in _recorded_papers(one)}
    for paper in [paper for paper in claim.papers if (paper.kind, paper.folded) in gone]:
        claim.papers.remove(paper)
    claim.answers.clear()
    claim.deal_rows.clear()
    db.session.flush()  # a row that goes frees its place and its key
    _count(claim, together)
    claim.subject = _title(together)
    db.session.flush()
    _prefill(claim, [one for one in together if one not in before])


@command(Can.CLAIM_EDIT)
def add_evidence(
    actor: Actor,
    claim: Claim,
    *,
    stream: BinaryIO,
    name: str,
    root: Path,
    limit_bytes: int,
    kind: str = OTHER,
) -> ClaimEvidence:
    """Attach a file. Raises TooMuchEvidence, EvidenceTwice, and what `files.put` refuses."""
    if len(claim.evidence) >= MOST_EVIDENCE:
        raise TooMuchEvidence(field="file", most=MOST_EVIDENCE)
    file = files.put(root, stream, limit_bytes=limit_bytes, field="file")
    evidence = ClaimEvidence(
        claim=claim,
        file=file,
        kind=kind if kind in {document.id for document in claim.clause.evidence} else OTHER,
        name=files.safe_name(name, file.media_type),
        added_by_user_id=actor.user_id,
        created_at=clock.now(),
    )
    db.session.add(evidence)
    audit.record(actor, "claim.evidence_added", claim, sha256=file.sha256, kind=evidence.kind)
    return evidence


@command(Can.CLAIM_EDIT)
def attach_from_deals(actor: Actor, claim: Claim, *, rows: Sequence[DealFile]) -> list[ClaimEvidence]:
    """Attach files that the claim's deals hold (of `queries.list_offered_files`): the very same bytes, no copy.

    Raises TooMuchEvidence, NotFound for a file that is not offered (any more).
    """
    offered = {row.id: kind for row, kind in queries.list_offered_files(claim)}
    if any(row.id not in offered for row in rows):
        raise NotFound()
    if len(claim.evidence) + len(rows) > MOST_EVIDENCE:
        raise TooMuchEvidence(field="file", most=MOST_EVIDENCE)
    added = [
        ClaimEvidence(
            claim=claim,
            file=row.file,
            kind=offered[row.id],
            name=row.name,
            added_by_user_id=actor.user_id,
            created_at=clock.now(),
        )
        for row in rows
    ]
    db.session.add_all(added)
    for evidence in added:
        audit.record(actor, "claim.evidence_added", claim, sha256=evidence.file.sha256, kind=evidence.kind)
    return added


@command(Can.CLAIM_EDIT)
def remove_evidence(actor: Actor, claim: Claim, *, evidence: ClaimEvidence) -> None:
    audit.record(actor, "claim.evidence_removed", claim, sha256=evidence.file.sha256)
    claim.evidence.remove(evidence)


@command(Can.CLAIM_EDIT)
def add_paper(
    actor: Actor, claim: Claim, *, kind: PaperKind, number: str, fen: int | None = None, dated_on: date | None = None
) -> ClaimPaper:
    """Enter a number that the claim rests on. Raises PaperFaulty, PaperUsed, TooManyPapers."""
    folded, counted = fold(number), kind in WITH_A_SUM
    if len(claim.papers) >= MOST_PAPERS:
        raise TooManyPapers(field="number", most=MOST_PAPERS)
    if not folded or (counted and (not fen or dated_on is None)) or (dated_on is not None and dated_on > clock.today()):
        raise PaperFaulty(field="number")
    paper = ClaimPaper(
        claim=claim,
        kind=kind,
        number=number,
        folded=folded,
        used_key=used_key(kind, folded),
        fen=within_limit(fen, field="fen") if counted and fen else None,
        dated_on=dated_on,
        created_at=clock.now(),
    )
    db.session.add(paper)
    audit.record(actor, "claim.paper_added", claim, kind=str(kind))
    return paper


@command(Can.CLAIM_EDIT)
def remove_paper(actor: Actor, claim: Claim, *, paper: ClaimPaper) -> None:
    audit.record(actor, "claim.paper_removed", claim, kind=str(paper.kind))
    claim.papers.remove(paper)


@command(Can.CLAIM_SUBMIT)
def submit_claim(actor: Actor, claim: Claim) -> None:
    """Hand in, under the clause as it reads now; the integrity flags are raised. Raises Barred, AlreadyClaimed,
    ConditionsNotMet, EvidenceMissing, WrongState.
    """
    CLAIM.step(claim.state, ClaimAction.SUBMIT)
    _check_bar(actor)
    of_claim = claim.subject, claim.claimant_organisation_id, claim.period_on
    set_columns(claim, _as_it_reads_now(claim.clause_id, *of_claim))
    claim.live_key = _live_key(claim)
    situation = queries.situation_of(claim)
    unmet = list(queries.current_verdict(claim).unmet)
    missing = len(queries.list_missing_evidence(claim))
    columns = {"submitted_at": clock.now(), "decision_reason": None}
    step(actor, claim, ClaimAction.SUBMIT, columns, unmet=unmet, missing=missing)
    snapshots.take(claim, "submitted", situation)
    flagging.raise_flags(claim)


@command(Can.CLAIM_WITHDRAW)
def withdraw_claim(actor: Actor, claim: Claim) -> None:
    """Raises WrongState once the sum is on notice. A sum that was reserved is released."""
    was = claim.state
    step(actor, claim, ClaimAction.WITHDRAW, {"live_key": None})
    free_papers(claim)
    if was in RESERVED_STATES:
        budget.release(actor, claim)


@command(Can.PARTICULARS_SET)
def set_particulars(
    actor: Actor, _: None, *, address: str, phone: str, legal_representative: str, owners: list[str]
) -> Particulars:
    """What the actor's organisation states about itself, replaced as a whole."""
    assert actor.organisation_id is not None
    assert actor.user_id is not None
    row = db.session.get(Particulars, actor.organisation_id) or Particulars(organisation_id=actor.organisation_id)
    row.address, row.phone, row.legal_representative, row.owners = address, phone, legal_representative, owners
    row.updated_by_user_id, row.updated_at = actor.user_id, clock.now()
    db.session.add(row)
    audit.record_many(actor, "particulars.set", Particulars, {actor.organisation_id: {}})
    return row


# --- parts, shared by the commands of the bureau ----------------------------------------------------------------------


def set_columns(claim: Claim, columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        setattr(claim, name, value)


def step(actor: Actor, claim: Claim, action: ClaimAction, columns: Mapping[str, Any], **facts: Any) -> None:
    """One step, the columns that go with it, and the new deadline, in one write: half of it would break the row's
    CHECKs.
    """
    with db.session.no_autoflush:
        after = CLAIM.step(claim.state, action).next
        deadline = {} if after == claim.state else {"due_on": workdays.due_on(after)}  # type: ignore[arg-type]
        changed = {**deadline, **columns}
        awaited = changed.get("due_on", claim.due_on) is not None
        set_columns(claim, {**changed, "chase_on": clock.today() if awaited else None})
        workflow.apply(actor, claim, CLAIM, action, **facts)


def bar_of(claim: Claim) -> dict[str, str | None]:
    """The fact that guards ask for on the way to money: until when the claimant is barred.

    The claimant's row is held, so that a bar cannot be ordered between the look and the step (`payout_services`).
    """
    claimant = Organisation.id == claim.claimant_organisation_id
    db.session.execute(select(Organisation.id).where(claimant).with_for_update(read=True))
    until = queries.find_bar(claim.claimant_organisation_id)
    return {"barred_until": None if until is None else until.isoformat()}


def free_papers(claim: Claim) -> None:
    """Papers and deals of a claim that no longer stands can be used again."""
    for paper in claim.papers:
        paper.used_key = None
    for row in claim.deal_rows:
        row.used_key = None


def _stated(clause: Clause, subject: str, stated: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the claimant states of what the clause asks for; the thing claimed for is named once."""
    named = {name: subject for name in NAMED_BY_SUBJECT if name in clause.asks}
    given: dict[str, Any] = {**(stated or {}), **named}
    return freeze_facts({name: value for name, value in given.items() if name in clause.asks})


def _prefill(claim: Claim, deals: Sequence[Deal]) -> None:
    """Enter what deals record: registrations, and receipts of the money that came in.

    A number that another claim counts is left out, and so is what does not fit any more.
    """
    _read_records(deals)
    rows = [paper for deal in deals for paper in _recorded_papers(deal)]
    fresh = [row for row, used in _with_use(rows) if not used]
    for row in fresh[: MOST_PAPERS - len(claim.papers)]:
        row.used_key, row.created_at = used_key(row.kind, row.folded), clock.now()
        claim.papers.append(row)


def _read_records(deals: Sequence[Deal]) -> None:
    """What the deals at hand record, in one statement."""
    recorded = (load_only(Deal.id), joinedload(Deal.registration), joinedload(Deal.payments))
    query = select(Deal).where(Deal.id.in_([deal.id for deal in deals])).options(*recorded)
    db.session.scalars(query).unique().all()


def list_left_out(claim: Claim) -> list[ClaimPaper]:
    """What the deals record and another claim counts, so that it does not stand in this one."""
    _read_records(claim.deals)
    mine = {(paper.kind, paper.folded) for paper in claim.papers}
    rows = [row for deal in claim.deals for row in _recorded_papers(deal) if (row.kind, row.folded) not in mine]
    return [row for row, used in _with_use(rows) if used]


def _with_use(rows: Sequence[ClaimPaper]) -> list[tuple[ClaimPaper, bool]]:
    """Papers, each with whether a live claim counts its number."""
    keys = [used_key(row.kind, row.folded) for row in rows]
    known = select(ClaimPaper.used_key).where(ClaimPaper.used_key.in_(keys))
    used = set(db.session.scalars(known)) if keys else set()
    return [(row, key in used) for row, key in zip(rows, keys, strict=True)]


def _recorded_papers(deal: Deal) -> list[ClaimPaper]:
    registered, found = deal.registration, []
    if registered is not None:
        number, day = registered.number, registered.registered_on
        found.append(ClaimPaper(kind=PaperKind.REGISTRATION, number=number, folded=fold(number), dated_on=day))
    for row in sorted(deal.payments, key=lambda row: (row.paid_on, str(row.id))):
        if row.stands:
            number, kind = payment_number(row.id), PaperKind.RECEIPT
            found.append(ClaimPaper(kind=kind, number=number, folded=fold(number), fen=row.fen, dated_on=row.paid_on))
    return found


def _title(together: Sequence[Deal]) -> str:
    """Names the claim after its first deal, and says how many there are."""
    first = together[0].title
    return first if len(together) == 1 else f"{first}（{len(together)}）"


def _live_key(claim: Claim) -> str:
    if claim.deal is not None:
        return f"{claim.clause_id}:{claim.deal.id}"
    return f"{claim.clause_id}:{claim.claimant_organisation_id}:{claim.period}:{thing(claim.subject)}"


def _as_it_reads_now(
    clause_id: str, subject: str, claimant_id: uuid.UUID | None, period_on: date | None
) -> dict[str, Any]:
    """Columns that keep the clause as today's catalogue has it."""
    columns = rulebook.as_it_reads(clause_id, clock.today())
    per = Per(columns["clause_frozen"]["per"])
    return columns | {"period": _period(per, subject, claimant_id, period_on)}


def _period(per: Per, subject: str, claimant_id: uuid.UUID | None, period_on: date | None) -> str:
    on = period_on or clock.today()
    renewed_on = gather.renewed_on(claimant_id, on=on) if claimant_id and per is Per.RECOGNITION_RENEWAL else None
    return period_of(per, on, subject, renewed_on=renewed_on)


def _check_period(claimant_id: uuid.UUID | None, clause: Clause, period_on: date | None) -> None:
    if period_on is not None and period_on not in queries.list_earlier_periods(claimant_id, clause):
        raise PeriodInvalid(field="period_on")


def _check_sum(claim: Claim, fen: int, *, field: str) -> None:
    """Raises why the sum cannot be claimed."""
    situation = queries.situation_of(claim, fen=fen)
    claimable(claim.clause, fen, situation.granted_fen, facts=situation.facts, on=situation.on, field=field)


def _check_bar(actor: Actor) -> None:
    until = queries.find_bar(actor.organisation_id)
    if until is not None:
        raise Barred(barred_until=until)
