"""The session of a request: Flask-Login on a row that can be ended, and the actor made from it."""

from __future__ import annotations

from flask import g, session
from flask_login import UserMixin, current_user, login_user, logout_user

from matchmaker.accounts import queries
from matchmaker.accounts.models import SignIn
from matchmaker.accounts.queries import Place
from matchmaker.core.access import Actor


class SignedIn(UserMixin):
    """What Flask-Login holds: the live session row, known by its token."""

    def __init__(self, token: str, row: SignIn) -> None:
        self.token, self.row = token, row

    def get_id(self) -> str:
        return self.token


def load(token: str) -> SignedIn | None:
    row = queries.find_sign_in(token)
    return SignedIn(token, row) if row is not None else None


def start(token: str, row: SignIn) -> None:
    """Put a fresh session into a cleared cookie (no session fixation)."""
    session.clear()
    session.permanent = True
    login_user(SignedIn(token, row))


def end() -> None:
    logout_user()
    session.clear()


def current_row() -> SignIn | None:
    user = current_user._get_current_object()  # the proxy would hide that there is none
    return user.row if isinstance(user, SignedIn) else None


def current_actor() -> Actor:
    row = current_row()
    g.locale = row.user.locale if row is not None else None
    g.places = queries.places_of(row)
    return queries.actor_of(row)


def places() -> list[Place]:
    """For the switch between organisations; none where nobody is signed in."""
    found: list[Place] = g.get("places", [])
    return found
