"""Figures that are computed: medians, months, rows by organisation."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from matchmaker.core.web.downloads import csv_of
from matchmaker.dashboard import figures


def test_a_median_leaves_out_what_has_no_beginning_and_never_runs_backwards():
    pairs = [
        (datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 11)),
        (date(2026, 1, 1), date(2026, 1, 21)),
        (date(2026, 3, 1), date(2026, 2, 1)),
        (None, date(2026, 1, 1)),
    ]
    assert figures._median(pairs) == (10.0, 3)
    assert figures._median([]) == (None, 0)


@pytest.mark.parametrize(
    ("today", "first"), [("2026-11-25", "2025-12"), ("2026-01-31", "2025-02"), ("2026-12-01", "2026-01")]
)
def test_the_last_twelve_months_end_with_this_one(app, today, first):
    with time_machine.travel(f"{today}T08:00:00+08:00", tick=False):
        rows = figures.months().rows
    assert len(rows) == 12
    assert (rows[0].name, rows[-1].name) == (first, today[:7])


def test_every_figure_works_on_an_empty_platform(app):
    with app.test_request_context():
        for make in figures.FIGURES.values():
            figure = make()
            assert all(len(row.values) == len(figure.columns) for row in figure.rows)


def test_a_spreadsheet_runs_nothing_of_what_a_name_says(app):
    answer = csv_of("x.csv", ["名称"], [["=1+1", 3], ["-x", None], ["普通", -2]])
    lines = answer.get_data(as_text=True).splitlines()
    assert lines == ["\ufeff名称", "'=1+1,3", "'-x,", "普通,-2"]
