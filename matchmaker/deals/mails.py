"""Mails about an offer, to those who act for the other parties, each in their language."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from matchmaker.accounts import queries as accounts
from matchmaker.core import outbox
from matchmaker.core.web import i18n
from matchmaker.core.web.filters import in_language
from matchmaker.deals import queries
from matchmaker.deals.documents import line_text
from matchmaker.deals.models import Deal
from matchmaker.deals.permissions import SIGNATORY
from matchmaker.deals.states import PartyRole
from matchmaker.deals.terms import Line

Letter = Callable[[Deal], tuple[str, str]]
"""Subject and body, in the language at hand."""


def tell_others(deal: Deal, side: PartyRole, letter: Letter) -> None:
    """Write to everybody who acts for another party than this one."""
    for role in deal.parties:
        organisation = queries.organisation_on(deal, role)
        if role == side or organisation is None:
            continue
        for member in accounts.list_members(organisation):
            if SIGNATORY[role] in member.role_set and member.user.active:
                with force_locale(member.user.locale or i18n.ZH):
                    subject, body = letter(deal)
                outbox.post_mail(to=member.user.email, subject=subject, body=body)


def offered(deal: Deal) -> tuple[str, str]:
    sentence = _("%(who)s offers you terms, version %(number)s.", who=_offeror(deal), number=deal.number)
    return _("Terms were offered: %(title)s", title=deal.title), _body(deal, sentence)


def countered(deal: Deal) -> tuple[str, str]:
    sentence = _(
        "%(who)s has answered the offer with a counter-offer, version %(number)s. The version before can no longer be "
        "accepted or signed.",
        who=_offeror(deal),
        number=deal.number,
    )
    return _("A counter-offer has come: %(title)s", title=deal.title), _body(deal, sentence)


def _offeror(deal: Deal) -> str:
    organisation = queries.organisation_on(deal, deal.offered_by)
    return in_language(organisation.name, organisation.name_en) if organisation is not None else ""


def _body(deal: Deal, sentence: str) -> str:
    closing = _("Please sign in, read the terms and answer:")
    return "\n\n".join([sentence, *_differences(deal), f"{closing}\n{_address(deal)}"]) + "\n"


def _differences(deal: Deal) -> list[str]:
    """What is not as in the version before; nothing of a first version."""
    (_version, changes), *_before = queries.list_changes(deal)
    if not changes:
        return []
    return ["\n".join([_("What is different from the version before:"), *(_difference(*lines) for lines in changes)])]


def _difference(old: Line | None, new: Line | None) -> str:
    label = next(line.label for line in (old, new) if line is not None)
    before, after = (line_text(line) if line is not None else _("none") for line in (old, new))
    return f"- {_(label)}{_(': ')}{before} → {after}"


def _address(deal: Deal) -> str:
    """Address of the page. Built from the URL map, because mails are written without a request at hand, too."""
    path = current_app.url_map.bind("").build("deals.deal", {"id": deal.id})
    return f"{current_app.extensions['matchmaker.settings'].base_url}{path}"
