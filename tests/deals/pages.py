"""How the tests of the pages read and sign in."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient

from matchmaker.accounts.models import User
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from tests.factories.accounts import sign_in

EN = {"Accept-Language": "en"}


def as_(client: FlaskClient, actor: Actor) -> FlaskClient:
    client.post("/sign-out")
    return sign_in(client, db.session.get_one(User, actor.user_id))


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))
