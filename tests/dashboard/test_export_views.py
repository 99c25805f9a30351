"""Deals and claims as files: what the reader's list shows, and nothing else."""

import csv
import io

import pytest
from openpyxl import load_workbook

from matchmaker.demo.world import PASSWORD


@pytest.fixture
def demo(demonstration, client):
    def as_(email):
        client.post("/sign-out")
        answer = client.post("/sign-in", data={"email": email, "password": PASSWORD})
        assert answer.status_code == 302
        return client

    return as_


def table(answer):
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_files_hold_what_the_lists_show(demo):
    """One walk over several readers, because the demonstration takes seconds to load."""
    counts = {}
    for email in ("tto@beihu.example", "signatory@chunqi.example", "manager@qiaoliang.example"):
        reader = demo(email)
        rows = table(reader.get("/deals.csv"))[1:]
        page = reader.get("/deals").get_data(as_text=True)
        assert all(row[0] in page or len(rows) > 20 for row in rows)
        sheet = load_workbook(io.BytesIO(reader.get("/deals.xlsx").data)).worksheets[0]
        assert [row[0].value for row in sheet.iter_rows(min_row=2)] == [row[0] for row in rows]
        counts[email] = len(rows)
        on_trial = table(reader.get("/deals.csv?state=on_trial"))[1:]
        assert {row[1] for row in on_trial} <= {"试用中"}
        assert on_trial == [row for row in rows if row[1] == "试用中"]
    assert len(set(counts.values())) > 1

    manager = demo("manager@qiaoliang.example")
    own = table(manager.get("/claims.csv"))[1:]
    assert len({row[1] for row in own}) == 1
    reviewer = demo("reviewer@bureau.example")
    everyone = table(reviewer.get("/claims.csv?state="))[1:]
    assert len({row[1] for row in everyone}) > 1
    assert len(table(reviewer.get("/claims.csv"))) <= len(everyone)  # as the page: those that wait for the check
    assert all(float(row[5]) > 0 for row in everyone)


def test_strangers_get_no_file(client):
    for path in ("/deals.csv", "/claims.xlsx"):
        assert client.get(path).status_code == 302
    assert client.get("/deals.pdf").status_code == 404
