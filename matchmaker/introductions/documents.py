"""Texts that leave the platform: names as a reader may see them, and the mails of an introduction.

Mails hold public titles only: no message, no note, no confidential text, and no name that is still hidden.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import current_app
from flask_babel import gettext as _

from matchmaker.core import messages
from matchmaker.core.web.filters import in_language
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.states import Side

Mail = Callable[[Introduction, uuid.UUID], tuple[str, str]]
"""Phrases (subject, body) for readers of an organisation, in the language at hand."""


def party_name(introduction: Introduction, side: Side | None, reader_id: uuid.UUID | None) -> str:
    """Name of a side as readers of an organisation may see it."""
    if introduction.hides(side, from_organisation_id=reader_id):
        return str(_("Anonymous enterprise"))
    organisation = introduction.organisation_on(side) if side is not None else None
    return in_language(organisation.name, organisation.name_en) if organisation is not None else _("The platform")


def titles(introduction: Introduction) -> str:
    """What it is about, by the published titles."""
    achievement = introduction.achievement_revision.body["title"]
    if introduction.need_revision is None:
        return str(_("“%(title)s”", title=achievement))
    return str(_("“%(title)s” and “%(need)s”", title=achievement, need=introduction.need_revision.body["title"]))


def asked(introduction: Introduction, reader_id: uuid.UUID) -> tuple[str, str]:
    side = introduction.side_of(introduction.requested_by_organisation_id)
    who = party_name(introduction, side, reader_id)
    return _("You are asked for an introduction"), _body(
        introduction,
        _("%(who)s asks to be introduced to you about %(titles)s.", who=who, titles=titles(introduction))
        if side != Side.BROKER
        else _("%(who)s proposes to introduce you about %(titles)s.", who=who, titles=titles(introduction)),
        _("Please sign in, read the request and the confidentiality undertaking, and agree or decline:"),
    )


def introduced(introduction: Introduction, reader_id: uuid.UUID) -> tuple[str, str]:
    return _("You have been introduced"), _body(
        introduction,
        _("Both sides have agreed to the introduction about %(titles)s.", titles=titles(introduction)),
        _("You find the contacts and the way to what was disclosed here:"),
    )


def declined(introduction: Introduction, reader_id: uuid.UUID) -> tuple[str, str]:
    return _("The introduction was declined"), _body(
        introduction,
        _("The introduction about %(titles)s was declined.", titles=titles(introduction)),
        _("Reason: %(reason)s", reason=messages.label(introduction.reason)),
        _("Details:"),
    )


def _body(introduction: Introduction, *sentences: str) -> str:
    return "\n\n".join([*sentences[:-1], f"{sentences[-1]}\n{_address(introduction)}"]) + "\n"


def _address(introduction: Introduction) -> str:
    """Address of the page. Built from the URL map, because mails are written without a request at hand, too."""
    path = current_app.url_map.bind("").build("introductions.introduction", {"id": introduction.id})
    return f"{current_app.extensions['matchmaker.settings'].base_url}{path}"
