"""What happened to a deal, as both sides see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from matchmaker.accounts.models import Organisation
from matchmaker.core import audit
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.deals.models import Deal
from matchmaker.deals.states import PartyRole


@dataclass(frozen=True, slots=True)
class Moment:
    """One event: `phrase` is a catalogue key that names `who` (None: the platform) acted and may use the facts."""

    at: datetime
    phrase: str
    who: Organisation | None
    facts: Mapping[str, Any]


_AUDITED = "deal.royalty_disputed, audit"

PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "deal.drafted": N_("%(who)s began the draft."),
        "deal.terms_edited": N_("%(who)s edited the terms."),
        "deal.draft_discarded": N_("%(who)s discarded the draft."),
        "deal.terms_offered": N_("%(who)s offered the terms, version %(number)s."),
        "deal.terms_countered": N_("%(who)s answered version %(answered)s with a counter-offer, version %(number)s."),
        "deal.offer_withdrawn": N_("%(who)s took the offer back."),
        "deal.offer_accepted": N_("%(who)s accepted version %(number)s."),
        "deal.offer_declined": N_("%(who)s declined the offer."),
        "deal.signed": N_("%(who)s signed version %(number)s."),
        "deal.activated": N_("%(who)s signed version %(number)s as the last party. The licence is in force."),
        "deal.event_reported": N_("%(who)s reported an event."),
        "deal.event_confirmed": N_("%(who)s confirmed the event."),
        "deal.event_disputed": N_("%(who)s disputed the event."),
        "deal.payment_started": N_("%(who)s recorded that payment starts."),
        "deal.trial_reported": N_("%(who)s reported on the trial."),
        "deal.extension_asked": N_("%(who)s asked for an extension of the trial."),
        "deal.extension_granted": N_("%(who)s extended the trial by %(months)s months."),
        "deal.extension_refused": N_("%(who)s refused the extension."),
        "deal.converted": N_("%(who)s turned the trial into a paid licence."),
        "deal.trial_ended": N_("%(who)s ended the trial; the documents were returned."),
        "deal.decision_called": N_("%(who)s called for a decision: the trial ends soon."),
        "deal.trial_ran_out": N_("The trial ran out and ended, as the terms say."),
        "deal.royalty_reported": N_("%(who)s reported royalty period %(number)s: royalty %(amount_fen)s."),
        "deal.royalty_confirmed": N_("%(who)s confirmed royalty statement %(number)s."),
        "deal.royalty_disputed": N_("%(who)s disputed royalty statement %(number)s."),
        _AUDITED: N_("%(who)s ordered an inspection of the accounts for royalty statement %(number)s."),
        "deal.royalty_corrected": N_("%(who)s corrected royalty statement %(number)s: royalty %(amount_fen)s."),
        "deal.payment_recorded": N_("%(who)s recorded a payment of %(amount_fen)s."),
        "deal.payment_reversed": N_("%(who)s took a payment of %(amount_fen)s back."),
        "deal.penalty_charged": N_("%(who)s charged a penalty of %(amount_fen)s."),
        "deal.default_declared": N_("%(who)s declared a default; it can be cured until %(cure_until)s."),
        "deal.default_cured": N_("The default was cured."),
        "deal.dispute_raised": N_("%(who)s raised a dispute."),
        "deal.dispute_settled": N_("%(who)s declared the dispute settled."),
        "deal.transfer_asked": N_("%(who)s asked to transfer the licence."),
        "deal.transfer_accepted": N_("The new licensee accepted the terms."),
        "deal.transferred": N_("%(who)s agreed to the transfer; the licence has a new licensee."),
        "deal.transfer_refused": N_("%(who)s refused the transfer."),
        "deal.project_money_paid": N_("%(who)s entered project money of %(amount_fen)s."),
        "deal.stake_taken": N_("%(who)s entered in the register of shares that the stake was taken."),
        "deal.stake_changed": N_("%(who)s entered in the register of shares that the stake has changed."),
        "deal.stake_exited": N_("%(who)s entered in the register that the stake was given up: %(amount_fen)s."),
        "deal.stake_confirmed": N_("%(who)s confirmed entry %(number)s of the register of shares."),
        "deal.stake_disputed": N_("%(who)s disputed entry %(number)s of the register of shares."),
        "deal.stake_reward_stated": N_("%(who)s stated how the completers share in entry %(number)s of the register."),
        "deal.completed": N_("%(who)s declared the deal completed."),
        "deal.terminated": N_("%(who)s terminated the licence."),
        "deal.documents_returned": N_("%(who)s confirmed that the documents are back."),
        "deal.reminded": N_("A reminder was sent."),
        "deal.file_attached": N_("%(who)s attached a file."),
        "deal.registered": N_("%(who)s registered the technical contract."),
        "deal.broker_confirmed": N_("%(who)s confirmed the intermediary's part."),
        "deal.reward_stated": N_("%(who)s stated the reward of the completers for a payment: %(amount_fen)s."),
        "deal.notice_published": N_("%(who)s published the notice; objections are possible until %(ends_on)s."),
        "deal.notice_objected": N_("An objection to the notice came in; the notice is suspended."),
        "deal.notice_resumed": N_("%(who)s rejected the objection; the notice runs until %(ends_on)s."),
        "deal.notice_upheld": N_("%(who)s upheld the objection; these terms are not signed."),
    }
)
"""What to say of each event of the transition table, of the one that begins a deal, and of those around it."""


def list_history(deal: Deal) -> list[Moment]:
    """What happened, oldest first. Days among the facts are days again."""
    events = audit.list_events(deal.id)
    known = {party.id: party for role in PartyRole if (party := organisation_on(deal, role)) is not None}
    strangers = {event.organisation_id for event in events} - known.keys() - {None}
    if strangers:  # a former licensee, or the one to come
        query = select(Organisation).where(Organisation.id.in_(strangers))
        known |= {row.id: row for row in db.session.scalars(query)}
    return [
        Moment(
            event.at,
            PHRASES[_AUDITED if event.facts.get("audit") else event.event],
            known.get(event.organisation_id) if event.organisation_id is not None else None,
            {name: _day(value) if name in _DAYS else value for name, value in event.facts.items()},
        )
        for event in events
    ]


_DAYS = frozenset({"ends_on", "cure_until"})


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


def organisation_on(deal: Deal, side: PartyRole | None) -> Organisation | None:
    """None for no side, and for the broker's where there is no broker."""
    return {
        None: None,
        PartyRole.LICENSOR: deal.licensor,
        PartyRole.LICENSEE: deal.licensee,
        PartyRole.BROKER: deal.broker,
    }[side]
