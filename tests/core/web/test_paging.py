"""Pages of a list: counted, sliced, and reached by addresses that keep the facets."""

from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.accounts.models import User
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.web import paging
from matchmaker.core.web.paging import Page, sliced
from tests.factories import accounts as make


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 1), ("1", 1), ("7", 7), ("0", 1), ("-3", 1), ("1.5", 1), ("x", 1), ("٣", 1), ("²", 1), ("1 ", 1),
        ("999999999", 10_000), ("9" * 10_000, 1), ("\0", 1),
    ],
)  # fmt: skip
def test_odd_page_numbers_are_page_one_or_the_last_that_is_counted(dry_app, text, number):
    with dry_app.test_request_context(query_string={"page": text}):
        assert paging.page_number() == number


def test_without_a_number_it_is_page_one(dry_app):
    with dry_app.test_request_context():
        assert paging.page_number() == 1


@given(st.integers(0, 500), st.integers(1, 100), st.integers(1, 50))
def test_pages_of_a_list_hold_each_row_once(total, number, size):
    rows = list(range(total))
    page = sliced(rows, number, size=size)
    assert 1 <= page.number <= page.last
    assert list(page.items) == rows[page.first_row - 1 : page.last_row] if total else list(page.items) == []
    pages = [sliced(rows, n, size=size).items for n in range(1, page.last + 1)]
    assert [row for items in pages for row in items] == rows


def test_an_empty_list_has_one_page_with_no_rows():
    page = Page([], 1, 0)
    assert (page.last, page.first_row, page.last_row) == (1, 0, 0)


def test_a_page_beyond_the_last_is_the_last_and_costs_two_statements(app):
    with unit_of_work():
        for number in range(5):
            make.make_user(email=f"{number}@demo.example")
    query, statements = sa.select(User).order_by(User.email), []

    def note(connection, cursor, statement, *rest):
        statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    page = paging.paged(query, 99, size=2)
    sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 2
    assert ([user.email[0] for user in page.items], page.number, page.total) == (["4"], 3, 5)
    assert [user.email[0] for user in paging.paged(query, 2, size=2).items] == ["2", "3"]


@pytest.mark.parametrize(
    "query",
    [
        {"q": "电池 & co", "kind": ["a", "b"], "page": "3"}, {"_external": "1", "_scheme": "ftp", "_anchor": "x"},
        {"endpoint": "x", "values": "y", "_method": "POST"}, {"q": "\0\u202e"}, {"": "x"},
    ],
)  # fmt: skip
def test_another_page_keeps_the_address_and_its_facets_whatever_they_are_called(dry_app, query):
    with dry_app.test_request_context("/organisations", query_string=query):
        parts = urlsplit(paging.page_url(4))
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("", "", "/organisations", "")
    wanted = {name: value if isinstance(value, list) else [value] for name, value in query.items()}
    assert parse_qs(parts.query) == {**wanted, "page": ["4"]}


def test_another_page_of_a_page_with_a_row_keeps_the_row(dry_app):
    address = "/organisations/12345678-1234-4234-8234-123456789abc"
    with dry_app.test_request_context(address, query_string={"id": "x"}):
        assert paging.page_url(2) == f"{address}?id=x&page=2"


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("  激光  雷达 ", "激光 雷达"), ("a\0b\nc", "ab c"), ("\u202e反", "反"), ("x" * 10_000, "x" * 200),
        ("%_\\", "%_\\"),
    ],
)  # fmt: skip
def test_a_search_is_cleaned_and_of_sane_length(dry_app, typed, searched):
    with dry_app.test_request_context(query_string={"q": typed}):
        assert paging.search_text() == searched
    with dry_app.test_request_context():
        assert paging.search_text() == ""
