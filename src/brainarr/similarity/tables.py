"""Tables of a data set: `NAME.tsv` or `NAME.tsv.gz`, UTF-8, a header, columns separated by tabs."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from brainarr.errors import ConfigurationError, Fault

UNREADABLE = (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error)
"""What a file raises that is no text, or not packed as its name says."""


def find_table(folder: Path, table: str, ending: str = "tsv") -> Path | None:
    paths = (folder / f"{table}.{ending}.gz", folder / f"{table}.{ending}")
    return next((path for path in paths if path.is_file()), None)


def open_table(path: Path) -> IO[str]:
    # Spreadsheets begin a file with a mark of its byte order, which is no part of the first column's name.
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def read_table(
    folder: Path, table: str, columns: Sequence[str], also: Sequence[str] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(file and line, cells) of each line: the cells of `columns`, none of them blank, then of `also`, ""
    where there is none.

    Raises ConfigurationError that names file, line and column.
    """
    path = find_table(folder, table)
    if path is None:
        raise unusable(folder, f"no {table}.tsv", f"{table}.tsv or .tsv.gz with {', '.join(columns)}")
    line = 1
    try:
        with open_table(path) as lines:
            rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = next(rows, list[str]())
            if not set(columns) <= set(header):
                given = ", ".join(header) or "none"
                raise unusable(f"{path}, line 1", f"columns {given:.200}", f"columns {', '.join(columns)}")
            needed = [header.index(column) for column in columns]
            more = [header.index(column) if column in header else len(header) for column in also]
            for row in rows:
                if not row:
                    continue
                line = rows.line_num
                row += [""] * (len(header) + 1 - len(row))
                cells = tuple([row[place] for place in needed])
                if not all(map(str.strip, cells)):
                    empty = next(name for name, cell in zip(columns, cells, strict=True) if not cell.strip())
                    raise unusable(f"{path}, line {line}", f"no {empty}", "a value in that column")
                yield f"{path}, line {line}", (*cells, *(row[place] for place in more))
    except UNREADABLE as error:
        where = f"{path}, after line {line}"
        raise unusable(where, str(error), "a readable table in UTF-8, columns separated by tabs") from None


def unusable(where: Path | str, given: str, allowed: str) -> ConfigurationError:
    return ConfigurationError([Fault(str(where), given, allowed)])
