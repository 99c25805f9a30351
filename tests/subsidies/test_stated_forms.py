"""A form grows a field for each fact that a clause asks for, and gives back what was entered."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from matchmaker.core.web.forms import Form
from matchmaker.subsidies import facts, policies
from matchmaker.subsidies.stated_forms import asked_fields, asking, prefilled, stated


def form_for(clause_id: str, entered: dict[str, str] | None = None, **kwargs: object) -> Form:
    form = asking(Form, policies.current().catalogue.clause(clause_id))
    return form(MultiDict(entered or {}), meta={"csrf": False}, **kwargs)


@pytest.mark.parametrize(
    ("clause_id", "names"),
    [
        ("P1-2", ["platform_level", "platform_approved_on"]),
        ("P3-4", ["service_shown"]),
        ("P4-3", []),
        ("P4-2", ["park_with_district", "park_name"]),
        ("P4-6", ["rd_spending_fen", "rd_spending_before_fen"]),
        ("P6-1", ["industry_professors"]),
    ],
)
def test_a_field_stands_for_each_fact_that_only_the_claimant_knows(
    app: Flask, clause_id: str, names: list[str]
) -> None:
    with app.test_request_context():
        assert [field.name for field in asked_fields(form_for(clause_id))] == [f"fact_{name}" for name in names]


def test_what_is_entered_is_kept_as_plain_data_and_fills_the_form_again(app: Flask) -> None:
    with app.test_request_context():
        entered = {"fact_platform_level": "key_laboratory", "fact_platform_approved_on": "2025-03-01"}
        form = form_for("P1-2", entered)
        assert form.validate()
        kept = stated(form)
        assert kept == {"platform_level": "key_laboratory", "platform_approved_on": "2025-03-01"}
        assert prefilled(kept) == {
            "fact_platform_level": "key_laboratory",
            "fact_platform_approved_on": date(2025, 3, 1),
        }
        money = form_for("P4-6", {"fact_rd_spending_fen": "5,000,000", "fact_rd_spending_before_fen": ""})
        assert money.validate()
        assert stated(money) == {"rd_spending_fen": 500_000_000}
        flag = form_for("P3-4", {"fact_service_shown": "no"})
        assert flag.validate()
        assert (stated(flag), prefilled({"service_shown": True})) == (
            {"service_shown": False},
            {"fact_service_shown": "yes"},
        )


@pytest.mark.parametrize(
    ("clause_id", "entered"),
    [
        ("P1-2", {"fact_platform_level": "palace"}),
        ("P1-2", {"fact_platform_approved_on": "soon"}),
        ("P6-1", {"fact_industry_professors": "-1"}),
        ("P4-6", {"fact_rd_spending_fen": "a lot"}),
        ("P3-4", {"fact_service_shown": "perhaps"}),
    ],
)
def test_an_odd_entry_is_refused_at_its_field(app: Flask, clause_id: str, entered: dict[str, str]) -> None:
    with app.test_request_context():
        form = form_for(clause_id, entered)
        assert not form.validate()
        assert set(form.errors) == set(entered)


def test_left_empty_every_fact_stays_unknown(app: Flask) -> None:
    with app.test_request_context():
        for clause in policies.current().catalogue:
            form = form_for(clause.id, {f"fact_{name}": "" for name in clause.asks})
            assert form.validate(), (clause.id, form.errors)
            assert facts.thaw(stated(form)) == {}
