"""Reads who listened to what out of the files that people have: our own TSV, ListenBrainz, Last.fm.

A file is read once, a bounded line at a time. A line that cannot be used is counted, and the first ones are
kept with the reason; a file without any usable line is refused.
"""

import csv
import gzip
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from brainarr.errors import ConfigurationError, Fault
from brainarr.similarity.heard import Heard, UnusableLine, heard_of
from brainarr.similarity.interactions import Collector, Listening
from brainarr.similarity.listens import read_listen

LINE_LIMIT = 1_000_000
"""Bytes of a line; a listen has about 2,000."""
FAULTS_KEPT = 20
COLUMNS = ("user", "name", "mbid", "plays")
FORMATS = (
    ".tsv (user, name, mbid, plays), .jsonl or .listens (ListenBrainz), .zip (ListenBrainz export), "
    ".csv (Last.fm), the first three also as .gz or .xz; .parquet with --engine duckdb or spark"
)
LISTENS = (".jsonl", ".listens")
PACKED = (".gz", ".xz")
UNREADABLE = (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile)


@dataclass(frozen=True)
class BadLine:
    """`line` is None for all lines of the file that cannot be used for this reason."""

    file: str
    line: int | None
    why: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{where}: {self.why}"


@dataclass
class ReadReport:
    """What became of the lines."""

    files: int = 0
    lines: int = 0
    skipped: int = 0
    first_skipped: list[BadLine] = field(default_factory=list[BadLine])
    unlisted: int = 0
    """Skipped lines that are not among `first_skipped`."""

    def skip(self, file: str, line: int, why: str) -> None:
        self.skipped += 1
        self._list(BadLine(file, line, why), 1)

    def skip_all(self, file: str, why: str, lines: int) -> None:
        """So many lines for one reason, where a reader does not know which."""
        self.skipped += lines
        self._list(BadLine(file, None, f"{why} ({lines:,} lines)"), lines)

    def _list(self, bad: BadLine, lines: int) -> None:
        if len(self.first_skipped) < FAULTS_KEPT:
            self.first_skipped.append(bad)
        else:
            self.unlisted += lines


def read_files(inputs: Sequence[Path]) -> tuple[Listening, ReadReport]:
    """Everything in these files and folders. Raises ConfigurationError for what cannot be used."""
    collector, report = Collector(), ReadReport()
    for path in find_files(inputs):
        before = report.lines, report.skipped
        try:
            _read_file(path, collector, report)
        except UNREADABLE as error:
            raise ConfigurationError([Fault(str(path), f"unreadable ({error})", FORMATS)]) from None
        report.files += 1
        refuse_nonsense(path, report, before)
    return collector.listening(), report


def refuse_nonsense(path: Path, report: ReadReport, before: tuple[int, int]) -> None:
    """A file that has lines and not a usable one among them is not what its name says."""
    lines, skipped = report.lines - before[0], report.skipped - before[1]
    if lines and lines == skipped:
        why = next((bad.why for bad in report.first_skipped if bad.file == path.name), "no usable line")
        raise ConfigurationError([Fault(str(path), f"without a usable line ({why})", FORMATS)])


def find_files(inputs: Sequence[Path]) -> list[Path]:
    """The files named, and those in the folders named that a reader knows. Raises ConfigurationError."""
    found: list[Path] = []
    faults: list[Fault] = []
    for path in inputs:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file() and kind_of(file))
            found += inside
            if not inside:
                faults.append(Fault(str(path), "a folder without listens", FORMATS))
        elif not path.is_file():
            faults.append(Fault(str(path), "not there", "a file or folder"))
        elif not kind_of(path):
            faults.append(Fault(str(path), "of an unknown kind", FORMATS))
        else:
            found.append(path)
    if faults:
        raise ConfigurationError(faults)
    return found


def kind_of(path: Path) -> str:
    """The suffix that says what is in it, without .gz or .xz; empty for what nobody reads."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] in PACKED
    kind = suffixes[-2] if packed and len(suffixes) > 1 else suffixes[-1] if suffixes else ""
    known = (".tsv", ".csv", *LISTENS) if packed else (".tsv", ".csv", ".zip", ".parquet", *LISTENS)
    return kind if kind in known else ""


def _read_file(path: Path, collector: Collector, report: ReadReport) -> None:
    kind = kind_of(path)
    person = path.name.split(".")[0]
    if kind == ".parquet":
        raise ConfigurationError(
            [Fault(str(path), "Parquet", "--engine duckdb or spark for it; --engine local reads text")]
        )
    if kind == ".zip":
        _read_export(path, person, collector, report)
        return
    with open_file(path) as stream:
        if kind == ".tsv":
            _read_tsv(path.name, stream, collector, report)
        elif kind == ".csv":
            _read_lastfm(path.name, person, stream, collector, report)
        else:
            _read_listens(path.name, person, stream, collector, report)


def open_file(path: Path) -> IO[bytes]:
    opened = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix.lower(), open)(path, "rb")
    return cast(IO[bytes], opened)


def _lines(file: str, stream: IO[bytes], report: ReadReport) -> Iterator[tuple[int, str]]:
    """(number, text) of each line that is not blank, without its end."""
    number = 0
    while line := stream.readline(LINE_LIMIT):
        number += 1
        if len(line) == LINE_LIMIT:
            report.lines += 1
            report.skip(file, number, f"longer than {LINE_LIMIT:,} bytes")
            while line and not line.endswith(b"\n"):
                line = stream.readline(LINE_LIMIT)
            continue
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            report.lines += 1
            report.skip(file, number, "not UTF-8")
            continue
        if text:
            yield number, text


def _read_lines(
    file: str,
    lines: Iterator[tuple[int, str]],
    read: Callable[[str], Sequence[Heard]],
    collector: Collector,
    report: ReadReport,
) -> None:
    for number, text in lines:
        report.lines += 1
        try:
            for heard in read(text):
                collector.add(heard)
        except UnusableLine as why:
            report.skip(file, number, str(why))


def tsv_columns(path: str, header: str) -> tuple[str, ...]:
    """The columns named in the first line of our own TSV. Raises ConfigurationError."""
    columns = tuple(column.strip().lower() for column in header.removeprefix("\ufeff").split("\t"))
    allowed = "a first line with user, and name or mbid or both, and plays if known, separated by tabs"
    if set(columns) - set(COLUMNS) or len(set(columns)) < len(columns):
        raise ConfigurationError([Fault(f"{path}, line 1", f"columns {', '.join(columns)[:200]}", allowed)])
    if "user" not in columns or not {"name", "mbid"} & set(columns):
        raise ConfigurationError([Fault(f"{path}, line 1", f"columns {', '.join(columns)[:200]}", allowed)])
    return columns


def read_tsv_columns(path: Path) -> tuple[str, ...]:
    """`tsv_columns` of a file. Raises ConfigurationError."""
    try:
        with open_file(path) as stream:
            header = stream.readline(LINE_LIMIT).decode("utf-8", "replace").rstrip("\r\n")
    except UNREADABLE as error:
        raise ConfigurationError([Fault(str(path), f"unreadable ({error})", FORMATS)]) from None
    return tsv_columns(str(path), header)


def _read_tsv(file: str, stream: IO[bytes], collector: Collector, report: ReadReport) -> None:
    lines = _lines(file, stream, report)
    _, header = next(lines, (1, ""))
    columns = tsv_columns(file, header)

    def read(text: str) -> Sequence[Heard]:
        fields = text.split("\t")
        if len(fields) != len(columns):
            raise UnusableLine(f"{len(fields)} columns instead of {len(columns)}")
        row = dict(zip(columns, fields, strict=True))
        return (
            heard_of(row["user"], row.get("name", ""), row.get("mbid", "").strip(), row.get("plays", "1")),
        )

    _read_lines(file, lines, read, collector, report)


def _read_listens(
    file: str, person: str, stream: IO[bytes], collector: Collector, report: ReadReport
) -> None:
    def read(text: str) -> Sequence[Heard]:
        return [heard_of(*fields) for fields in read_listen(text, person)]

    _read_lines(file, _lines(file, stream, report), read, collector, report)


def _read_export(path: Path, person: str, collector: Collector, report: ReadReport) -> None:
    """A person's own export from ListenBrainz: user.json, and listens/YEAR/MONTH.jsonl."""
    with zipfile.ZipFile(path) as archive:
        members = sorted(name for name in archive.namelist() if name.startswith("listens/"))
        if not members:
            raise ConfigurationError(
                [
                    Fault(
                        str(path), "a .zip without listens/", "the export of listenbrainz.org/settings/export"
                    )
                ]
            )
        if "user.json" in archive.namelist():
            with archive.open("user.json") as stream:
                try:
                    person = str(json.loads(stream.read(LINE_LIMIT))["username"])
                except (ValueError, KeyError, TypeError, RecursionError):
                    report.lines += 1
                    report.skip(f"{path.name}/user.json", 1, "no username; the file's name stands for it")
        for member in members:
            if member.lower().endswith(LISTENS):
                with archive.open(member) as stream:
                    _read_listens(f"{path.name}/{member}", person, stream, collector, report)


def _read_lastfm(file: str, person: str, stream: IO[bytes], collector: Collector, report: ReadReport) -> None:
    """Scrobbles, one a row, of one person (the file's name).

    With a header, the columns `artist` and `artist_mbid` count, whatever else there is; without one, the
    order artist, album, track, date of benjaminbenben.com/lastfm-to-csv.
    """
    lines = _lines(file, stream, report)
    number, first = next(lines, (1, ""))
    delimiter = max(",;\t", key=first.count)
    header = _header(first, delimiter)
    has_header = "artist" in header
    artist, mbid = (header.index("artist") if has_header else 0), None
    if "artist_mbid" in header:
        mbid = header.index("artist_mbid")
    width = len(header) if has_header else 4
    position = number

    def texts() -> Iterator[str]:
        nonlocal position
        if not has_header:
            yield first
        for position, text in lines:  # noqa: B007
            yield text + "\n"

    rows = csv.reader(texts(), delimiter=delimiter)
    while True:
        try:
            row = next(rows, None)
            if row is None:
                return
            report.lines += 1
            if len(row) != width:
                raise UnusableLine(f"{len(row)} columns instead of {width}")
            collector.add(heard_of(person, row[artist], row[mbid] if mbid is not None else ""))
        except (UnusableLine, csv.Error) as why:
            report.lines += isinstance(why, csv.Error)
            report.skip(file, position, str(why))


def _header(line: str, delimiter: str) -> list[str]:
    try:
        columns = next(csv.reader([line], delimiter=delimiter), list[str]())
    except csv.Error:  # a row like the others then, which is counted where it is read
        return []
    return [column.strip().lower().removeprefix("\ufeff").replace(" ", "_") for column in columns]
