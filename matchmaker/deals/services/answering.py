"""Offer, answer and signature: how terms become a contract."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select

from matchmaker.accounts.models import Organisation, User
from matchmaker.accounts.services import PasswordWrong, password_fits
from matchmaker.core import clock, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.types import canonical_json
from matchmaker.deals import mails, queries, rules, schedule
from matchmaker.deals import terms as agreed
from matchmaker.deals.models import Acceptance, Deal, NoticeState, Signature, TermsVersion
from matchmaker.deals.papers import editions
from matchmaker.deals.permissions import Can
from matchmaker.deals.refusals import (
    NoticeMissing,
    NoticeRunning,
    NoticeSuspended,
    NoticeUpheld,
    OfferMoved,
    SameTerms,
    TermsMissing,
)
from matchmaker.deals.services.drafting import check_parties, public_revision, write_draft
from matchmaker.deals.services.shared import finish, lock, post_dues, side_of, standing_version
from matchmaker.deals.states import (
    DEAL,
    AlreadyAccepted,
    AlreadySigned,
    DealAction,
    PartyRole,
    accepting_step,
    check_counter,
    signing_step,
)
from matchmaker.deals.terms import Terms
from matchmaker.listings.models import Achievement

for _name in ("pk_acceptances", "uq_acceptances_deal_id_number_party"):
    constraint_means(_name, AlreadyAccepted)
for _name in ("pk_signatures", "uq_signatures_deal_id_number_party"):
    constraint_means(_name, AlreadySigned)


@command(Can.DEAL_OFFER)
def offer_terms(actor: Actor, deal: Deal, *, seen_version: int | None = None) -> TermsVersion:
    """Freeze the draft as the next version and offer it to the other parties. A principal thereby accepts it.

    Raises TermsMissing, and InvalidMany with every hard rule that the terms break. With `seen_version`, raises
    Conflict where the draft is no longer the one that was read.
    """
    lock(deal, DealAction.OFFER, seen_version)
    terms = deal.draft
    if terms is None:
        raise TermsMissing(field="terms")
    version = _freeze(actor, deal, terms)
    workflow.apply(actor, deal, DEAL, DealAction.OFFER, number=version.number, sha256=version.sha256)
    mails.tell_others(deal, side_of(actor, deal), mails.offered)
    return version


@command(Can.DEAL_COUNTER)
def counter_offer(
    actor: Actor, deal: Deal, *, terms: Terms, sha256: str, seen_version: int | None = None
) -> TermsVersion:
    """Answer the offer with this hash with other terms: they are the next version, and the offer from now on.

    The version answered stays as it is and can no longer be accepted or signed. Open until the last signature.
    Raises TermsChanged, OfferMoved with `seen_version` where somebody answered meanwhile, NotThisSide, SameTerms,
    CommissionWithoutBroker, and InvalidMany with every hard rule that the terms break.
    """
    lock(deal, DealAction.COUNTER)
    answered = standing_version(deal, sha256)
    if seen_version is not None and seen_version != deal.version:
        raise OfferMoved(number=deal.number, state=deal.state)
    check_counter(side_of(actor, deal), offered_by=deal.offered_by)
    if terms == answered.terms:
        raise SameTerms()
    write_draft(deal, terms)
    version = _freeze(actor, deal, terms)
    facts = {"number": version.number, "sha256": version.sha256, "answered": answered.number}
    workflow.apply(actor, deal, DEAL, DealAction.COUNTER, **facts)
    mails.tell_others(deal, side_of(actor, deal), mails.countered)
    return version


def _freeze(actor: Actor, deal: Deal, terms: Terms) -> TermsVersion:
    """Make these terms the version that counts, offered by the actor's side, which, if a principal, thereby accepts."""
    check_parties(deal)
    for row in deal.achievements:
        row.revision, row.title = public_revision(row.achievement), row.achievement.title
    rules.validate(terms, queries.context(deal, terms))
    side = side_of(actor, deal)
    body = document(deal, terms)
    version = TermsVersion(
        deal_id=deal.id,
        number=deal.number + 1,
        body=body,
        sha256=hashlib.sha256(canonical_json(body).encode()).hexdigest(),
        offered_by_id=deal.parties[side],
        created_at=clock.now(),
    )
    deal.versions.append(version)
    deal.number, deal.offered_by = version.number, side
    if side != PartyRole.BROKER:
        deal.acceptances.append(Acceptance(**_assent(actor, deal, version, side)))
    return version


def document(deal: Deal, terms: Terms) -> dict[str, Any]:
    """What the parties put their names to: who, over which revisions, on what terms, in which wording of the contract.

    Names stand beside the ids: the contract has to read the same when an organisation is called otherwise.
    """
    return {
        "schema": 1,
        "deal": str(deal.id),
        "title": deal.title,
        "parties": {str(side): str(party_id) for side, party_id in deal.parties.items()},
        "names": {str(side): _named(queries.organisation_on(deal, side)) for side in deal.parties},
        "achievements": [
            {
                "achievement": str(row.achievement_id),
                "revision": row.revision.number,
                "sha256": row.revision.sha256,
                "title": row.title,
            }
            for row in deal.achievements
        ],
        "terms": agreed.to_json(terms),
        "form": editions.current(),
    }


def _named(party: Organisation | None) -> dict[str, Any]:
    assert party is not None  # each of the deal's parties has its organisation
    return {name: getattr(party, name) for name in ("name", "name_en", "credit_code", "district")}


def _assent(actor: Actor, deal: Deal, version: TermsVersion, side: PartyRole) -> dict[str, Any]:
    return {
        "deal_id": deal.id,
        "number": version.number,
        "version": version,
        "party": side,
        "organisation_id": deal.parties[side],
        "user_id": actor.user_id,
        "at": clock.now(),
    }


@command(Can.DEAL_WITHDRAW)
def withdraw_offer(actor: Actor, deal: Deal) -> None:
    """Take the offer back, until the last signature. What was accepted or signed of it no longer counts."""
    lock(deal, DealAction.WITHDRAW)
    workflow.apply(actor, deal, DEAL, DealAction.WITHDRAW, number=deal.number)
    deal.offered_by = None


@command(Can.DEAL_ACCEPT)
def accept_offer(actor: Actor, deal: Deal, *, sha256: str) -> None:
    """Accept, for one's side, the version with this hash. The last acceptance missing makes the deal agreed.

    Raises AlreadyAccepted, NotThisSide, TermsChanged; InvalidMany where the terms have come to break a hard rule.
    """
    lock(deal, DealAction.ACCEPT)
    version = standing_version(deal, sha256)
    side = side_of(actor, deal)
    assert deal.offered_by is not None  # set by every offer
    step = accepting_step(side, offered_by=deal.offered_by, accepted=deal.accepted_by)
    if step is DealAction.ACCEPT:
        _judge_alone(deal, version.terms)
    deal.acceptances.append(Acceptance(**_assent(actor, deal, version, side)))
    workflow.apply(actor, deal, DEAL, step, number=deal.number)


def _judge_alone(deal: Deal, terms: Terms) -> None:
    """Judge the terms while no other deal over the same achievements can become agreed: one sole licence at most."""
    ids = sorted(row.achievement_id for row in deal.achievements)
    db.session.execute(select(Achievement.id).where(Achievement.id.in_(ids)).order_by(Achievement.id).with_for_update())
    rules.validate(terms, queries.context(deal, terms))


@command(Can.DEAL_DECLINE)
def decline_offer(actor: Actor, deal: Deal, *, reason: str = "") -> None:
    lock(deal, DealAction.DECLINE)
    finish(actor, deal, DealAction.DECLINE, reason)


@command(Can.DEAL_SIGN)
def sign(actor: Actor, deal: Deal, *, sha256: str, password: str) -> None:
    """Sign, for one's side, the version with this hash. The last signature brings the deal into force.

    Raises AlreadySigned, NotThisSide, TermsChanged, PasswordWrong; NoticeMissing, NoticeRunning, NoticeSuspended or
    NoticeUpheld where the price was agreed and the public notice stands in the way; with the last signature also
    InvalidMany where the terms have come to break a hard rule, such as a licensee that has grown large.
    """
    lock(deal, DealAction.SIGN)
    version = standing_version(deal, sha256)
    terms = version.terms
    _check_notice(deal)
    side = side_of(actor, deal)
    awaits_payment = schedule.awaits_payment(terms)
    step = signing_step(side, parties=deal.parties, signed=deal.signed_by, awaits_payment=awaits_payment)
    user = db.session.get_one(User, actor.user_id)
    if not password_fits(user.password_hash, password):
        raise PasswordWrong(field="password")
    deal.signatures.append(Signature(**_assent(actor, deal, version, side), sha256=version.sha256))
    facts: dict[str, Any] = {"number": version.number, "sha256": version.sha256}
    if step is not DealAction.SIGN:
        facts |= _bring_into_force(deal, terms)
    workflow.apply(actor, deal, DEAL, step, **facts)
    if deal.payment_starts_on is not None:
        post_dues(actor, deal, queries.dues(deal))


def _check_notice(deal: Deal) -> None:
    """A price agreed between the parties is published before it is signed (law on transformation, art. 18)."""
    if not queries.needs_notice(deal):
        return
    notice = queries.notice(deal)
    if notice is None:
        raise NoticeMissing()
    if notice.state == NoticeState.SUSPENDED:
        raise NoticeSuspended()
    if notice.state == NoticeState.UPHELD:
        raise NoticeUpheld()
    if not notice.passed(clock.today()):
        raise NoticeRunning(ends_on=notice.ends_on)


def _bring_into_force(deal: Deal, terms: Terms) -> dict[str, Any]:
    """Set the days that follow from the last signature. Returns the evidence of the licensee's size class."""
    rules.validate(terms, queries.context(deal, terms))
    deal.signed_on = clock.today()
    deal.trial_ends_on = schedule.trial_ends_on(terms)
    if not schedule.awaits_payment(terms):
        deal.payment_starts_on = schedule.fixed_start(terms.trigger)
    size = deal.licensee.classification
    return {
        "licensee_size": str(size.size) if size is not None else None,
        "licensee_figures_year": deal.licensee.figures_year,
    }
