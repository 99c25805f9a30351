"""Commands of matching: what people say of pairs and of listings that look alike."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from matchmaker.core import access, audit, clock
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import Conflict, NotFound
from matchmaker.listings import services as listings
from matchmaker.listings.models import Achievement, ListingState, Need
from matchmaker.listings.permissions import Can as ListingCan
from matchmaker.listings.queries import Listing
from matchmaker.matching import alike, judgements, queries
from matchmaker.matching.models import DistinctPair, Judgement
from matchmaker.matching.permissions import Can, judges
from matchmaker.matching.verdicts import NotYoursToJudge, Reason, Verdict


@command(Can.PAIRING_JUDGE)
def judge(actor: Actor, need: Need, *, achievement: Achievement, verdict: Verdict) -> Judgement:
    """Say, for one's organisation, how well a pair fits, or put it aside. The same again changes nothing.

    Raises NotFound unless both are published and visible, NotYoursToJudge, and what is wrong with the verdict.
    """
    for listing, permission in ((need, ListingCan.NEED_VIEW), (achievement, ListingCan.ACHIEVEMENT_VIEW)):
        access.require(actor, permission, listing)
        if listing.state != ListingState.PUBLISHED:
            raise NotFound()
    if not judges(actor, need, achievement):
        raise NotYoursToJudge()
    verdict.check()
    return _say(actor, need, achievement, verdict)


def _say(actor: Actor, need: Need, achievement: Achievement, verdict: Verdict) -> Judgement:
    assert actor.organisation_id is not None  # whoever judges acts for an organisation
    last = judgements.newest_of(actor.organisation_id, need.id, achievement.id)
    if last is not None and last.verdict == verdict:
        return last
    machine = queries.find_level(need.id, achievement.id)
    row = Judgement(
        organisation_id=actor.organisation_id,
        user_id=actor.user_id,
        need_id=need.id,
        achievement_id=achievement.id,
        level=verdict.level,
        reason=verdict.reason,
        note=verdict.note,
        machine_level=int(machine) if machine is not None else None,
        at=clock.now(),
    )
    db.session.add(row)
    event = "pairing.judged" if verdict.reason is None else "pairing.put_aside"
    audit.record(actor, event, row, **_facts(row))
    return row


def record_decline(actor: Actor, need: Need, achievement: Achievement, *, reason: str, note: str = "") -> None:
    """Put a pair aside whose introduction was declined, for the same reason.

    Part of the command that declines: that command holds the permission. Declined in the name of nobody, by the
    platform itself, it says nothing of the pair.
    """
    if actor.organisation_id is not None:
        _say(actor, need, achievement, Verdict(reason=Reason(reason), note=note))


@command(Can.JUDGEMENT_WITHDRAW)
def withdraw_judgement(actor: Actor, judgement: Judgement) -> None:
    """Take back what was said of a pair. Again changes nothing; raises Conflict where another word came since."""
    last = judgements.newest_of(judgement.organisation_id, judgement.need_id, judgement.achievement_id)
    assert last is not None  # `judgement` is one of them
    if last.verdict is None:
        return
    if last.number != judgement.number:
        raise Conflict()
    row = Judgement(
        organisation_id=judgement.organisation_id,
        user_id=actor.user_id,
        need_id=judgement.need_id,
        achievement_id=judgement.achievement_id,
        note="",
        at=clock.now(),
    )
    db.session.add(row)
    audit.record(actor, "pairing.judgement_withdrawn", row, **_facts(row))


def _facts(row: Judgement) -> dict[str, Any]:
    return {
        "need": str(row.need_id),
        "achievement": str(row.achievement_id),
        "level": row.level,
        "reason": str(row.reason) if row.reason is not None else None,
    }


# --- near-duplicates ------------------------------------------------------------------------------------------------

constraint_means("uq_distinct_pairs_first_id_second_id_organisation_id", Conflict)


@listings.for_either(ListingCan.ACHIEVEMENT_SUBMIT, ListingCan.NEED_SUBMIT)
def hand_in_as_new(actor: Actor, listing: Listing, *, others: Sequence[Listing], publish: bool = False) -> None:
    """Hand in what resembles `others`, and remember that its owner calls it another thing than they are.

    Raises what handing in (and, with `publish`, approving) raises.
    """
    _keep_apart(actor, listing, others, organisation_id=listing.organisation_id, bureau=False)
    _hand_in(actor, listing, publish)


@listings.for_either(ListingCan.ACHIEVEMENT_SUBMIT, ListingCan.NEED_SUBMIT)
def hand_in_as_replacement(actor: Actor, listing: Listing, *, of: Listing, publish: bool = False) -> None:
    """Withdraw the older entry and hand in this one in its stead. Raises Forbidden where that is not the actor's to
    withdraw, and what handing in raises."""
    listings.withdraw(actor, of)
    _hand_in(actor, listing, publish)


def _hand_in(actor: Actor, listing: Listing, publish: bool) -> None:
    listings.submit(actor, listing)
    if publish:
        listings.approve(actor, listing)


@command(Can.DUPLICATES_SETTLE)
def mark_distinct(actor: Actor, first: Listing, *, second: Listing) -> None:
    """Say, for the bureau, that two similar entries are two. The same again changes nothing."""
    assert actor.organisation_id is not None  # the bureau's people act for it
    alike.demand_pair(actor, first, second)
    _keep_apart(actor, first, [second], organisation_id=actor.organisation_id, bureau=True)


@command(Can.DUPLICATES_SETTLE)
def unmark_distinct(actor: Actor, first: Listing, *, second: Listing) -> None:
    """Take that back: they are shown as near-duplicates again. Nothing to take back is no error."""
    row = alike.find_settled(first, second)
    if row is not None:
        audit.record(actor, "duplicates.reopened", row, first=str(row.first_id), second=str(row.second_id))
        db.session.delete(row)


def _keep_apart(
    actor: Actor, listing: Listing, others: Sequence[Listing], *, organisation_id: uuid.UUID, bureau: bool
) -> None:
    for other in others:
        first_id, second_id = alike.ordered(listing.id, other.id)
        known = select(DistinctPair.id).where(
            DistinctPair.first_id == first_id,
            DistinctPair.second_id == second_id,
            DistinctPair.organisation_id == organisation_id,
        )
        if db.session.scalar(known) is not None:
            continue
        row = DistinctPair(
            first_id=first_id,
            second_id=second_id,
            organisation_id=organisation_id,
            user_id=actor.user_id,
            bureau=bureau,
            at=clock.now(),
        )
        db.session.add(row)
        audit.record(actor, "duplicates.kept_apart", row, first=str(first_id), second=str(second_id), bureau=bureau)
