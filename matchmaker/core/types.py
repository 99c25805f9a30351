"""Column types that mean the same on SQLite and PostgreSQL.

SQLite tables are STRICT, which knows only INTEGER, TEXT, REAL and BLOB: each type here names its SQLite
form. What is stored compares and sorts alike on both engines (instants and days as fixed-width ISO text).
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Dialect, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from matchmaker.core.wording import clean_text as clean_text

_T = TypeVar("_T")


class _Portable(TypeDecorator[_T]):
    """A type with one form on PostgreSQL (`wide`) and a STRICT one on SQLite (`impl`)."""

    impl: type[TypeEngine[Any]] = Text
    wide: TypeEngine[Any] = Text()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # Not through dialect.type_descriptor: it turns TEXT into VARCHAR.
        return self.wide if dialect.name == "postgresql" else self.impl_instance


class Id(_Portable["uuid.UUID"]):
    """Random 122-bit identifier: safe to show in a URL, tells nothing."""

    cache_ok = True
    wide = Uuid(as_uuid=True)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        identifier = value if isinstance(value, uuid.UUID) else uuid.UUID(value)
        return identifier if dialect.name == "postgresql" else str(identifier)

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        return value if value is None or isinstance(value, uuid.UUID) else uuid.UUID(value)


class UtcDateTime(_Portable[datetime]):
    """Aware instant, microseconds kept. Refuses naive values: they are always a mistake."""

    cache_ok = True
    wide = DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        instant = value.astimezone(UTC)
        if dialect.name == "postgresql":
            return instant
        return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return instant.astimezone(UTC)


class Day(_Portable[date]):
    """Calendar day of Asia/Shanghai. Refuses an instant: on which day it falls is the clock's to say."""

    cache_ok = True
    wide = Date()

    def process_bind_param(self, value: date | None, dialect: Dialect) -> Any:
        if isinstance(value, datetime):
            raise TypeError("a day is needed, not an instant: see clock.day_of")
        if value is None or dialect.name == "postgresql":
            return value
        return value.isoformat()

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return value if value is None or isinstance(value, date) else date.fromisoformat(value)


class Fen(_Portable[int]):
    """Money in whole fen. Refuses anything but int, so that no float ever reaches a column."""

    cache_ok = True
    impl = Integer
    wide = BigInteger()

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise TypeError(f"money is whole fen, not {type(value).__name__}")
        return value


class Number(_Portable[int]):
    """Whole number up to 64 bits. Refuses anything but int: PostgreSQL would round 12.5 without a word."""

    cache_ok = True
    impl = Integer
    wide = BigInteger()

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is not None and not isinstance(value, int):
            raise TypeError(f"a whole number is needed, not {type(value).__name__}")
        return value


class Flag(_Portable[bool]):
    cache_ok = True
    impl = Integer
    wide = Boolean()

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else int(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        return value if value is None else bool(value)


class Json(_Portable[Any]):
    """Plain data: dicts, lists, strings, whole numbers. Kept in canonical form, so that equal data is equal text."""

    cache_ok = True
    wide = JSONB(none_as_null=True)  # None is NULL here as on SQLite, not the JSON word

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else canonical_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return json.loads(value) if isinstance(value, str) and dialect.name != "postgresql" else value


class Choice(_Portable[StrEnum]):
    """Member of a StrEnum, stored as its text. The table carries the CHECK (see `core.db.one_of`)."""

    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        self.members = members
        super().__init__()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if value is None else str(self.members(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return value if value is None else self.members(value)


def canonical_json(value: Any) -> str:
    """One text for equal data: sorted keys, no spaces, UTF-8 kept. Refuses NaN."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
