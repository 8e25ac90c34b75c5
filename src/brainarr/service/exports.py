"""Exports: rows of one kind as text, one by one, so that many need no memory."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime
from typing import TypeVar

import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet computes a cell that begins with one: https://owasp.org/www-community/attacks/CSV_Injection"""


async def as_csv(kind: type[Row], rows: AsyncIterable[Row]) -> AsyncIterator[str]:
    """RFC 4180, the fields of `kind` as titles first. Text that a spreadsheet would compute gets an
    apostrophe before it."""
    columns = kind.__struct_fields__
    yield _line(columns)
    async for row in rows:
        yield _line([_cell(getattr(row, name)) for name in columns])


async def as_json_lines(rows: AsyncIterable[msgspec.Struct]) -> AsyncIterator[str]:
    """One object a line: https://jsonlines.org"""
    async for row in rows:
        yield msgspec.json.encode(row).decode() + "\n"


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case tuple():
            return _safe(" ".join(map(str, value)))
        case int() | float():
            return str(value)
        case _:
            return _safe(str(value))


def _safe(text: str) -> str:
    # After spaces too: spreadsheets strip them.
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _line(cells: list[str] | tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
