"""The blueprint that the views of policy and of claims share."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("subsidies", __name__)
