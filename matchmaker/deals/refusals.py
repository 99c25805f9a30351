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


class PaymentNotYet(Conflict):
    """Facts: starts_on."""

    code = "deal.payment_not_yet"
    phrase = N_("By the terms payment starts on %(starts_on)s. Record it then.")


class PeriodNotOpen(Conflict):
    code = "deal.period_not_open"
    phrase = N_("This royalty period has been reported, has not ended yet, or follows one without a report.")


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
