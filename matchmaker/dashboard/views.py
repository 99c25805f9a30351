"""Front page and figures."""

from __future__ import annotations

from flask import Blueprint, render_template

from matchmaker.core.access import public

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/")
@public("the front page")
def home() -> str:
    return render_template("dashboard/home.html")
