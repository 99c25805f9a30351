"""Changes to introductions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from flask_babel import force_locale

from matchmaker.accounts import queries as accounts
from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import MANAGING_ROLE
from matchmaker.core import access, audit, clock, outbox, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.core.web import i18n
from matchmaker.introductions import confidentiality, documents, queries
from matchmaker.introductions.confidentiality import NotUndertaken
from matchmaker.introductions.documents import Mail
from matchmaker.introductions.models import Introduction, open_key
from matchmaker.introductions.permissions import Can
from matchmaker.introductions.states import INTRODUCTION, Action, Outcome, Reason, Side, agreeing_step, check_reason
from matchmaker.listings import services as listings
from matchmaker.listings.models import Achievement, Need
from matchmaker.listings.permissions import Can as ListingCan
from matchmaker.listings.queries import Listing
from matchmaker.matching import services as matching

MOST_REQUESTS, ASKING_WINDOW = 3, timedelta(days=30)
"""How often an organisation may ask for one pair: after a refusal or a withdrawal each request is a mail again."""


class DuplicateIntroduction(Conflict):
    code = "introduction.duplicate"
    phrase = N_(
        "An introduction of this pair is already open. Look for it among your introductions; if it is not there, "
        "others have begun it, and a pair is not proposed twice."
    )


class AskedOften(Conflict):
    code = "introduction.asked_often"
    phrase = N_(
        "Your organisation has asked for this pair %(most)s times within 30 days. Each request goes out by mail; "
        "nothing was sent now. Wait a while, or choose another pair."
    )


class MetOnInvalid(Invalid):
    code = "introduction.met_on"
    phrase = N_("The meeting lies between the day of the introduction (%(introduced_on)s) and today.")


constraint_means("uq_introductions_open_key", DuplicateIntroduction)


@command(Can.INTRODUCTION_REQUEST)
def request_introduction(
    actor: Actor, achievement: Achievement, *, need: Need | None = None, message: str = "", undertakes: bool = False
) -> Introduction:
    """Ask, for one's own side, or propose, as an intermediary, that a pair be introduced.

    A side that asks agrees by asking and must undertake confidentiality. Raises NotFound for a need the actor may not
    see, NotYourPair, NotPublished, NotUndertaken, AskedOften, DuplicateIntroduction.
    """
    if need is not None:
        access.require(actor, ListingCan.NEED_VIEW, need)
    side = queries.asking_side(actor, achievement, need)
    if side != Side.BROKER and not undertakes:
        raise NotUndertaken(field="undertakes")
    introduction = _requested(actor, side, achievement, need, message)
    if queries.count_requests(introduction, since=clock.now() - ASKING_WINDOW) >= MOST_REQUESTS:
        raise AskedOften(most=MOST_REQUESTS)
    standing = queries.find_open_introduction(achievement, need, introduction.need_organisation_id)
    if standing is not None and standing.gives_way:
        _step(access.system_actor("introductions"), standing, Action.WITHDRAW, {})
        db.session.flush()  # the pair is free before it is taken anew
    db.session.add(introduction)
    event = "introduction.proposed" if side == Side.BROKER else "introduction.requested"
    audit.record(
        actor,
        event,
        introduction,
        achievement=str(achievement.id),
        need=str(need.id) if need is not None else None,
        undertaking=introduction.confidentiality_version,
    )
    for other in (Side.ACHIEVEMENT, Side.NEED):
        if other != side:
            _mail(introduction, introduction.organisation_on(other), documents.asked)
    return introduction


def _requested(actor: Actor, side: Side, achievement: Achievement, need: Need | None, message: str) -> Introduction:
    enterprise_id = actor.organisation_id if need is None else need.organisation_id
    text = confidentiality.CURRENT
    return Introduction(
        open_key=open_key(achievement.id, need.id if need else None, enterprise_id),
        achievement_id=achievement.id,
        achievement_revision_id=achievement.revision_id,
        achievement_organisation_id=achievement.organisation_id,
        achievement_author_id=achievement.author_id,
        need_id=need.id if need is not None else None,
        need_revision_id=need.revision_id if need is not None else None,
        need_organisation_id=enterprise_id,
        anonymous=need is not None and need.anonymous,
        requested_by_organisation_id=actor.organisation_id,
        requested_by_user_id=actor.user_id,
        broker_id=actor.organisation_id if side == Side.BROKER else None,
        message=message,
        confidentiality_version=text.version,
        confidentiality_sha256=text.sha256,
        created_at=clock.now(),
        **_agreement(actor, side),
    )


def _agreement(actor: Actor, side: Side) -> dict[str, Any]:
    """Columns that say that a side has agreed; none for a broker, who is no side."""
    if side == Side.BROKER:
        return {}
    return {f"{side}_agreed_at": clock.now(), f"{side}_agreed_by_id": actor.user_id}


@command(Can.INTRODUCTION_DECIDE)
def agree_to_introduction(actor: Actor, introduction: Introduction, *, undertakes: bool) -> None:
    """Agree for one's side and undertake confidentiality. The second agreement introduces and discloses.

    Raises NotUndertaken, AlreadyAgreed, ListingNotOpen, WrongState.
    """
    # Both sides may agree at one moment: the second waits here and then sees the first, instead of losing to it.
    db.session.refresh(introduction, with_for_update={"of": Introduction})
    if not undertakes:
        raise NotUndertaken(field="undertakes")
    side = introduction.side_of(actor.organisation_id)
    assert side is not None
    action = agreeing_step(side, agreed=introduction.agreed_sides)
    columns = _agreement(actor, side)
    if action == Action.INTRODUCE:
        columns["introduced_at"] = clock.now()
    _step(actor, introduction, action, columns, side=str(side))
    if action == Action.INTRODUCE:
        _disclose(actor, introduction)
        for organisation in (
            introduction.achievement_organisation,
            introduction.need_organisation,
            introduction.broker,
        ):
            _mail(introduction, organisation, documents.introduced)


@command(Can.INTRODUCTION_DECIDE)
def decline_introduction(actor: Actor, introduction: Introduction, *, reason: Reason | None, note: str = "") -> None:
    """Say no, and why; whoever asked hears of it. Raises ReasonMissing, NoteMissing, WrongState."""
    check_reason(reason, note)
    columns = {"reason": reason, "reason_note": note or None}
    _step(actor, introduction, Action.DECLINE, columns, reason=str(reason))
    if introduction.need is not None:
        matching.record_decline(actor, introduction.need, introduction.achievement, reason=str(reason), note=note)
    asked_by = introduction.side_of(introduction.requested_by_organisation_id)
    assert asked_by is not None
    _mail(introduction, introduction.organisation_on(asked_by), documents.declined)


@command(Can.INTRODUCTION_WITHDRAW)
def withdraw_introduction(actor: Actor, introduction: Introduction) -> None:
    """Take one's request back before both sides have agreed. Raises WrongState."""
    _step(actor, introduction, Action.WITHDRAW, {})


@command(Can.INTRODUCTION_CONCLUDE)
def conclude_introduction(
    actor: Actor,
    introduction: Introduction,
    *,
    outcome: Outcome,
    reason: Reason | None = None,
    note: str = "",
    met_on: date | None = None,
) -> None:
    """Record what came of it: a deal, or none and why; and the day the sides met, if they did.

    Where nothing comes of it, the confidential parts are closed again: they were opened to find that out.
    Raises ReasonMissing, NoteMissing, MetOnInvalid, WrongState.
    """
    columns: dict[str, Any] = {"outcome": outcome, "met_on": met_on}
    if outcome == Outcome.NO_DEAL:
        check_reason(reason, note)
        columns |= {"reason": reason, "reason_note": note or None}
    earliest = clock.day_of(introduction.introduced_at or introduction.created_at)
    if met_on is not None and not earliest <= met_on <= clock.today():
        raise MetOnInvalid(field="met_on", introduced_on=earliest)
    facts = {"outcome": str(outcome), "reason": str(reason) if "reason" in columns else None}
    _step(actor, introduction, Action.CONCLUDE, columns, **facts)
    if outcome == Outcome.NO_DEAL:
        _close(actor, introduction)


def _step(actor: Actor, introduction: Introduction, action: Action, columns: dict[str, Any], **facts: Any) -> None:
    """One step and the columns that go with it, in one write: half of it would break the row's CHECKs."""
    if INTRODUCTION.step(introduction.state, action).next in INTRODUCTION.final:
        columns = {**columns, "open_key": None}
    with db.session.no_autoflush:
        for name, value in columns.items():
            setattr(introduction, name, value)
        workflow.apply(actor, introduction, INTRODUCTION, action, **facts)


def _listings_and_readers(introduction: Introduction) -> Iterator[tuple[Listing, uuid.UUID]]:
    """Each listing with the organisation of the other side.

    Not with the broker, who brings the two together and need not know their secrets.
    """
    yield introduction.achievement, introduction.need_organisation_id
    if introduction.need is not None:
        yield introduction.need, introduction.achievement_organisation_id


def _disclose(actor: Actor, introduction: Introduction) -> None:
    """Open each listing's confidential part to the other side."""
    for listing, organisation_id in _listings_and_readers(introduction):
        listings.grant_disclosure(actor, listing, organisation_id=organisation_id)


def _close(actor: Actor, introduction: Introduction) -> None:
    """Shut the confidential parts again, but for what another introduction still keeps open."""
    for listing, organisation_id in _listings_and_readers(introduction):
        if not queries.is_disclosed_by_another(introduction, listing, organisation_id):
            listings.revoke_disclosure(actor, listing, organisation_id=organisation_id)


def _mail(introduction: Introduction, organisation: Organisation | None, mail: Mail) -> None:
    """Write to those who look after an organisation, each in their language."""
    if organisation is None:
        return
    for member in accounts.list_members(organisation):
        if MANAGING_ROLE[organisation.kind] in member.role_set and member.user.active:
            with force_locale(member.user.locale or i18n.ZH):
                subject, body = mail(introduction, organisation.id)
            outbox.post_mail(to=member.user.email, subject=subject, body=body)
