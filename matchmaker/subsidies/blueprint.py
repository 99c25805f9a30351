"""The blueprint of policy, claims and budgets: its views stand in several modules."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("subsidies", __name__)
