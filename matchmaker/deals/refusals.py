"""What stops a step on a deal, beyond the table (`states`) and the rules of terms (`rules`). Pure."""

from __future__ import annotations

from matchmaker.core.errors import N_, Conflict, Invalid


class NoAchievement(Invalid):
    """Facts: limit."""

    code = "deal.no_achievement"
    phrase = N_("Choose at least one achievement that is to be licensed, and at most %(limit)s.")


class SeveralOwners(Invalid):
    code = "deal.several_owners"
    phrase = N_("The achievements of one deal must belong to one organisation. Make a deal for each owner.")


class AchievementNotPublished(Invalid):
    """Facts: title."""

    code = "deal.achievement_not_published"
    phrase = N_("“%(title)s” is not published, so that the other side could not read it. Publish it first.")


class PartyNotFit(Invalid):
    """Facts: name, kind."""

    code = "deal.party_not_fit"
    phrase = N_("%(name)s cannot take this part in a deal: it takes an organisation of the kind “%(kind)s”.")


class SameParty(Invalid):
    """Facts: name."""

    code = "deal.same_party"
    phrase = N_("%(name)s is the licensee already. Name the enterprise that takes the licence over.")


class PartyNotVerified(Invalid):
    """Facts: name."""

    code = "deal.party_not_verified"
    phrase = N_("%(name)s has not been verified by the science bureau. A deal can be made as soon as it is.")


class IntroductionNotFit(Invalid):
    code = "deal.introduction_not_fit"
    phrase = N_("This introduction was between other organisations, about another achievement, or never took place.")


class CommissionWithoutBroker(Invalid):
    code = "deal.commission_without_broker"
    phrase = N_("There is no intermediary in this deal who could earn a commission. Leave it empty.")


class TermsMissing(Invalid):
    code = "deal.terms_missing"
    phrase = N_("There are no terms yet. Enter them first.")


class TermsChanged(Conflict):
    """Facts: number."""

    code = "deal.terms_changed"
    phrase = N_("The terms on offer are no longer those you read. Read version %(number)s before you answer.")


class OfferMoved(Conflict):
    """Facts: number, state."""

    code = "deal.offer_moved"
    phrase = N_(
        "Someone answered this offer while you were writing: version %(number)s is now “%(state)s”. "
        "Look at the deal before you answer."
    )


class SameTerms(Invalid):
    code = "deal.same_terms"
    phrase = N_("These are the terms on offer, nothing is different. Change what you want otherwise, or accept them.")


class NotInForceYet(Conflict):
    """Facts: effective_on."""

    code = "deal.not_in_force_yet"
    phrase = N_("The licence takes effect on %(effective_on)s. Come back on that day.")


class PaymentNotYet(Conflict):
    """Facts: starts_on."""

    code = "deal.payment_not_yet"
    phrase = N_("By the terms payment starts on %(starts_on)s. Record it then.")


class PeriodNotOpen(Conflict):
    code = "deal.period_not_open"
    phrase = N_("This royalty period has been reported, has not ended yet, or follows one without a report.")


class EventNotOpen(Conflict):
    code = "deal.event_not_open"
    phrase = N_("This event is not one that can be reported now: it awaits an answer, or it was confirmed already.")


class BelowThreshold(Invalid):
    """Facts: limit_fen."""

    code = "deal.below_threshold"
    phrase = N_("By the terms payment starts when revenue reaches %(limit_fen)s. Report it then, with the sum.")


class NothingToAnswer(Conflict):
    code = "deal.nothing_to_answer"
    phrase = N_("There is nothing open that could be answered or asked in this way. Reload the page to see what is.")


class ReportKindUnknown(Invalid):
    code = "deal.report_kind_unknown"
    phrase = N_("Choose the mid-term or the final report.")


class NoAuditRight(Invalid):
    code = "deal.no_audit_right"
    phrase = N_("The terms give no right to inspect the accounts. Dispute the statement, and say why.")


class DueUnknown(Invalid):
    code = "deal.due_unknown"
    phrase = N_("There is no such amount in the schedule. Choose one of those listed.")


class NoPenalty(Conflict):
    code = "deal.no_penalty"
    phrase = N_("No penalty has run up on this amount that was not charged already.")


class NotAgreed(Conflict):
    code = "deal.not_agreed"
    phrase = N_("Only terms that both sides have agreed on are published. Wait for the answer to the offer.")


class NoticeMissing(Conflict):
    code = "deal.notice_missing"
    phrase = N_(
        "The price was agreed between the parties, so the terms are published before they are signed (law on promoting "
        "the transformation of results, art. 18). The licensor publishes the notice."
    )


class NoticeRunning(Conflict):
    """Facts: ends_on."""

    code = "deal.notice_running"
    phrase = N_("The public notice runs until %(ends_on)s. Sign after that day.")


class NoticeSuspended(Conflict):
    code = "deal.notice_suspended"
    phrase = N_("An objection to the notice is open. Signing waits until it has been decided.")


class NoticeUpheld(Conflict):
    code = "deal.notice_upheld"
    phrase = N_("An objection to these terms was upheld, so they are not signed. Take the offer back and change them.")


class NoticeExists(Conflict):
    code = "deal.notice_exists"
    phrase = N_("These terms have been published already.")


class NoticeDaysWrong(Invalid):
    """Facts: low, high."""

    code = "deal.notice_days_wrong"
    phrase = N_("A notice runs for %(low)s to %(high)s days.")


class NoticeReplaced(Conflict):
    code = "deal.notice_replaced"
    phrase = N_("These terms were replaced by others and are not signed, so there is nothing left to object to.")


class ObjectionDecided(Conflict):
    code = "deal.objection_decided"
    phrase = N_("This objection has already been decided.")


class NotSigned(Conflict):
    code = "deal.not_signed"
    phrase = N_("Only a signed contract is registered. Wait for the last signature.")


class NumberMissing(Invalid):
    code = "deal.number_missing"
    phrase = N_("Enter the number that the registration office gave the contract.")


class NumberTaken(Invalid):
    code = "deal.number_taken"
    phrase = N_("Another deal carries this registration number. Check the number.")


class ApprovedAboveTotal(Invalid):
    code = "deal.approved_above_total"
    phrase = N_("The technology part cannot be more than the whole price of the contract. Check both amounts.")


class NoBroker(Conflict):
    code = "deal.no_broker"
    phrase = N_("There is no intermediary in this deal.")


class AlreadyConfirmed(Conflict):
    code = "deal.already_confirmed"
    phrase = N_("Your side has already confirmed the intermediary's part.")


class AlreadyStated(Conflict):
    code = "deal.already_stated"
    phrase = N_("The reward for this payment has already been stated.")


class PaymentTakenBack(Conflict):
    code = "deal.payment_taken_back"
    phrase = N_("This payment was taken back, so there is nothing to share.")


class ReasonMissing(Invalid):
    code = "deal.reason_missing"
    phrase = N_("Say why, so that the other side and a later reader understand it.")


class MemoUnknown(Invalid):
    code = "deal.memo_unknown"
    phrase = N_("Choose one of the reasons.")


class KeyInvalid(Invalid):
    code = "deal.key_invalid"
    phrase = N_("The form cannot be told apart from others. Reload the page and enter the payment again.")


class PartyUnknown(Invalid):
    """Facts: text."""

    code = "deal.party_unknown"
    phrase = N_(
        "No verified organisation fits “%(text)s”. Check the name or enter the 18 characters of its credit code; "
        "an organisation that is not here yet has to register first."
    )


class PartyAmbiguous(Invalid):
    """Facts: names."""

    code = "deal.party_ambiguous"
    phrase = N_("Several organisations fit: %(names)s. Enter the full name or the credit code.")
