"""Column types that read the same from SQLite and PostgreSQL."""

import hashlib
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator


class Text(TypeDecorator[str]):
    """Text of any length. What no database takes, remote text may hold: it is dropped here, in this one
    place. PostgreSQL refuses the character 0, neither driver can write half a surrogate pair.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _storable(value)


class String(TypeDecorator[str]):
    """Text of at most `length` characters, as PostgreSQL insists and SQLite does not care.

    What is longer ends with a fingerprint of the whole: two long keys stay two, and are found again.
    """

    impl = sa.String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (len(value) <= self.length and value.isascii() and "\0" not in value):
            return value
        if len(text := _storable(value)) <= self.length:
            return text
        mark = hashlib.sha256(text.encode()).hexdigest()[: min(16, self.length)]
        return text[: self.length - len(mark)] + mark


def _storable(text: str) -> str:
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode(errors="ignore").decode()


class UtcTime(TypeDecorator[datetime]):
    """An aware moment. SQLite forgets time zones, so everything is stored in UTC and comes back so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonOf(TypeDecorator[Any]):
    """A value of one Python type as JSON text: checked against the type when it is read back."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, of: Any) -> None:
        super().__init__()
        self.of = of
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(of)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else cast(Any, self._decoder.decode(value))
