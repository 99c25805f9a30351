"""Text fit to store, and columns that mean the same on both engines."""

import unicodedata
import uuid
from datetime import UTC, date, datetime
from enum import StrEnum

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, StatementError

from matchmaker.core import types
from matchmaker.core.db import db, writing
from matchmaker.core.types import canonical_json, clean_text

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # surrogates too


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\0b", "ab"),
        ("a\ud800b\udfff", "ab"),
        ("报价\u202egpj.exe", "报价gpj.exe"),
        ("\u2066左\u2069右\u200e\u200f\u061c", "左右"),
        ("Acme\u200b\u2060\ufeff", "Acme"),
        ("\x07bell\x1b[31m\x7f\x85", "bell[31m"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("col\tumn", "col\tumn"),
        ("e\u0301", "é"),
        ("𠮷野家", "𠮷野家"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "ｆｕｌｌ　ｗｉｄｔｈ"),
        ("क्\u200dष", "क्\u200dष"),
    ],
)
def test_what_no_engine_keeps_or_no_reader_sees_is_removed_and_nothing_else(typed, kept):
    assert clean_text(typed) == kept


@given(ANY_TEXT)
def test_clean_text_stays_clean_and_can_be_stored(text):
    clean = clean_text(text)
    assert clean_text(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert "\0" not in clean
    assert clean.encode("utf-8").decode("utf-8") == clean


@given(ANY_TEXT, st.integers(0, 20))
def test_a_removed_character_between_two_that_compose_leaves_them_composed(text, at):
    assert clean_text(f"{text[:at]}e\0\u0301{text[at:]}") == clean_text(f"{text[:at]}é{text[at:]}")


def test_a_megabyte_is_cleaned_in_no_time():
    assert clean_text("文\0" * 500_000) == "文" * 500_000


def test_canonical_json_is_one_text_for_equal_data():
    assert canonical_json({"b": [1, "二"], "a": None}) == canonical_json({"a": None, "b": [1, "二"]})
    assert canonical_json({"b": [1, "二"], "a": None}) == '{"a":null,"b":[1,"二"]}'
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


table = sa.Table(
    "kept_values",
    sa.MetaData(),
    sa.Column("number", types.Number, primary_key=True),
    sa.Column("id", types.Id),
    sa.Column("at", types.UtcDateTime),
    sa.Column("on", types.Day),
    sa.Column("amount", types.Fen),
    sa.Column("flag", types.Flag),
    sa.Column("data", types.Json),
    sa.Column("colour", types.Choice(Colour)),
    sqlite_strict=True,
)


@pytest.fixture
def connection(app):
    with writing(), db.engine.connect() as connection:
        table.create(connection)
        yield connection
        connection.rollback()


VALUES = {
    "id": uuid.UUID("12345678-1234-4234-8234-123456789abc"),
    "at": datetime(999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    "on": date(2024, 2, 29),
    "amount": 9 * 10**15,
    "flag": False,
    "data": {"文": [None, True, 2**53, "x"], "text": "null"},
    "colour": Colour.BLUE,
}


def test_values_come_back_as_they_went_in(connection):
    connection.execute(table.insert().values(number=1, **VALUES))
    row = connection.execute(table.select()).one()._asdict()
    assert row == {"number": 1, **VALUES}
    assert row["at"].tzinfo is UTC
    assert row["flag"] is False
    assert isinstance(row["colour"], Colour)


def test_nothing_is_null_on_both_engines(connection):
    connection.execute(table.insert().values(number=1, **dict.fromkeys(VALUES)))
    for name in VALUES:
        assert connection.scalar(sa.select(table.c[name])) is None
        assert connection.scalar(sa.select(sa.func.count()).where(table.c[name].is_(None))) == 1


def test_instants_sort_and_compare_as_time_goes(connection):
    instants = [
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime.fromisoformat("2026-01-01T08:00:01+08:00"),
        datetime(2026, 12, 1, tzinfo=UTC),
    ]
    for number, instant in enumerate(reversed(instants)):
        connection.execute(table.insert().values(number=number, at=instant))
    assert list(connection.scalars(sa.select(table.c.at).order_by(table.c.at))) == instants
    later = sa.select(sa.func.count()).where(table.c.at > datetime(2026, 1, 1, tzinfo=UTC))
    assert connection.scalar(later) == 3


def test_an_identifier_is_found_by_its_text_too(connection):
    connection.execute(table.insert().values(number=1, id=str(VALUES["id"])))
    assert connection.scalar(sa.select(table.c.id).where(table.c.id == str(VALUES["id"]))) == VALUES["id"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", datetime(2026, 1, 1)),  # noqa: DTZ001
        ("on", datetime(2026, 1, 1, tzinfo=UTC)),
        ("amount", 1.0), ("amount", True), ("amount", "1"),
        ("number", 12.5), ("number", 2.0), ("number", "many"),
        ("colour", "green"), ("id", "not an identifier"), ("data", {1, 2}),
    ],
)  # fmt: skip
def test_what_is_not_of_the_columns_kind_is_refused_on_both_engines(connection, column, value):
    with pytest.raises((StatementError, DBAPIError, TypeError)):
        connection.execute(table.insert().values(**{"number": 1, column: value}))
