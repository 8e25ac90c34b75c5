"""Exports: the history as text, row by row, so that a long one needs no memory."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime

import msgspec

from brainarr.store.history import HistoryRow

COLUMNS = HistoryRow.__struct_fields__

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet computes a cell that begins with one: https://owasp.org/www-community/attacks/CSV_Injection"""


async def as_csv(rows: AsyncIterable[HistoryRow]) -> AsyncIterator[str]:
    """RFC 4180, titles first. Text that a spreadsheet would compute gets an apostrophe before it."""
    yield _line(COLUMNS)
    async for row in rows:
        yield _line([_cell(getattr(row, name)) for name in COLUMNS])


async def as_json_lines(rows: AsyncIterable[HistoryRow]) -> AsyncIterator[str]:
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
