"""`brainarr evaluate DATASET --compression`: what a reader still finds when it sees a compressed library only."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import numpy as np

from brainarr.domain.music import Library, Mbid, OwnedArtist
from brainarr.errors import ConfigurationError, Fault
from brainarr.pipeline.compress import compress
from brainarr.pipeline.plaintext import quote
from brainarr.pipeline.ports import TokenCounter
from brainarr.pipeline.profile import profile_library
from brainarr.similarity.libraries import Crowd, Holding, read_crowd, read_libraries
from brainarr.similarity.models import ease, popularity
from brainarr.similarity.retention import (
    Columns,
    Estimate,
    Split,
    by_popularity,
    co_listening_lists,
    cosine_lists,
    in_random_order,
    recall,
    retention,
    split,
    stratified,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

SIZES = (20, 50, 100, 200, 400)
"""Artists that are told."""
READERS = ("EASE", "neighbour lists")
TRUTH_SHARE = 0.2
LEAST_KNOWN = 300
"""Artists of a library that the crowd must know: of fewer, the first hundred are no selection."""
SPLITS = 10

NEIGHBOURS = "Brainarr, neighbour lists"
PLAYS = "Brainarr, plays"
BOTH = "Brainarr, plays and neighbour lists"
GENRES = "Brainarr, genres alone"

_AT = datetime(2011, 1, 1, tzinfo=UTC)  # no artist of the data has a date, so any moment does
_AMPLE = 1_000_000
_NAMES = "Artists: "


class Row(NamedTuple):
    """One system at one size."""

    system: str
    artists: int
    tokens: float
    """Of the names, on average (o200k)."""
    retention: Estimate
    readers: dict[str, float]
    """The same, for each reader."""


class CompressionReport(NamedTuple):
    """All rows, system by system, and what they were measured on."""

    known: dict[str, int]
    """Artists of each measured library that the crowd knows."""
    whole: dict[str, float]
    """Recall@100 of each reader with the whole library."""
    splits: int
    rows: tuple[Row, ...]


class Telling(NamedTuple):
    """A library's artists in the order in which they are told, and as they are spelt there."""

    columns: Columns
    names: list[str]


def compression_report(
    folder: Path, counter: TokenCounter, *, splits: int = SPLITS, seed: int = 0, least_known: int = LEAST_KNOWN
) -> CompressionReport:
    """Measures the real compressor on the dataset's large libraries; about a minute. Raises ConfigurationError.

    A fifth of each library is held out, `splits` times; the rest is compressed and read. The readers and the
    neighbour lists come from the dataset's other people, never from a library. Not to be called from a running
    event loop: the profile brings its own.
    """
    crowd = read_crowd(folder)
    libraries = {
        name: held for name, held in read_libraries(folder, crowd).items() if len(held) >= least_known
    }
    if not libraries:
        wanted = f"a library with {least_known} artists that two people in plays.tsv.gz listen to"
        raise ConfigurationError([Fault("libraries.tsv.gz", "none", wanted)])
    readers = (ease(crowd.interactions), cosine_lists(crowd.interactions))
    listeners = popularity(crowd.interactions)
    near = {
        _mbid(column): [_mbid(other) for other in listed.tolist()]
        for column, listed in enumerate(co_listening_lists(crowd.interactions))
    }
    whole = np.zeros((len(libraries), splits, len(readers)))
    told: dict[tuple[str, int], Any] = {}
    tokens: dict[tuple[str, int], list[int]] = {}
    for number, held in enumerate(libraries.values()):
        for turn in range(splits):
            rng = np.random.default_rng((seed, number, turn))
            parts = split(list(held), TRUTH_SHARE, rng)
            whole[number, turn] = [recall(reader, parts.owned, parts) for reader in readers]
            for system, telling in _tellings(parts, held, crowd, listeners, near, counter, rng).items():
                for size in SIZES:
                    cell = told.setdefault((system, size), np.zeros_like(whole))
                    first = telling.columns[:size]
                    cell[number, turn] = [recall(reader, first, parts) for reader in readers]
                    text = _NAMES + "; ".join(telling.names[:size])
                    tokens.setdefault((system, size), []).append(counter.count(text))
    rows = tuple(
        _row(system, size, cell, whole, float(np.mean(tokens[system, size])), seed)
        for (system, size), cell in told.items()
    )
    known = {name: len(held) for name, held in libraries.items()}
    return CompressionReport(known, _by_reader(whole.mean(axis=(0, 1))), splits, rows)


def _row(system: str, size: int, told: Any, whole: Any, tokens: float, seed: int) -> Row:
    try:
        # The same draws for every row, so that rows may be compared by their libraries.
        estimate = retention(told, whole, np.random.default_rng(seed))
    except ValueError as error:
        raise ConfigurationError([Fault("libraries.tsv.gz", str(error), "libraries like the crowd's")]) from None
    each = (told.mean(axis=1) / whole.mean(axis=1)).mean(axis=0)
    return Row(system, size, tokens, estimate, _by_reader(each))


def _by_reader(values: Any) -> dict[str, float]:
    return dict(zip(READERS, values.tolist(), strict=True))


def _tellings(
    parts: Split,
    held: Mapping[int, Holding],
    crowd: Crowd,
    listeners: Any,
    near: Mapping[Mbid, Sequence[Mbid]],
    counter: TokenCounter,
    rng: np.random.Generator,
) -> dict[str, Telling]:
    strata = {column: (*crowd.genres[column], "")[0] for column in parts.owned.tolist()}
    plain = {
        "random": in_random_order(parts.owned, rng),
        "most popular": by_popularity(parts.owned, listeners),
        "stratified by genre": stratified(parts.owned, strata, rng),
    }
    tellings = {
        system: Telling(order, [quote(held[column].name, 60) for column in order.tolist()])
        for system, order in plain.items()
    }
    silent = _library(parts, held, crowd, with_plays=False)
    heard = _library(parts, held, crowd, with_plays=True)
    for system, library, lists in (
        (GENRES, silent, {}),
        (NEIGHBOURS, silent, near),
        (PLAYS, heard, {}),
        (BOTH, heard, near),
    ):
        tellings[system] = _told_by_brainarr(library, lists, counter)
    return tellings


def _library(parts: Split, held: Mapping[int, Holding], crowd: Crowd, *, with_plays: bool) -> Library:
    artists = tuple(
        OwnedArtist(
            column,
            held[column].name,
            _mbid(column),
            crowd.genres[column],
            plays=held[column].plays if with_plays else 0,
        )
        for column in parts.owned.tolist()
    )
    return Library(artists, {}, frozenset(), _AT)


def _mbid(column: int) -> Mbid:
    """Stands for an artist within one measurement: the data knows the MBID of some only."""
    return Mbid(str(UUID(int=column)))


def _told_by_brainarr(
    library: Library, near: Mapping[Mbid, Sequence[Mbid]], counter: TokenCounter
) -> Telling:
    """The names in the compressed text. It says as many as fit, so its first ones are what a smaller budget
    leaves."""
    profile = asyncio.run(profile_library(library, _AT))
    text = compress(
        library, profile, level="moderate", budget=_AMPLE, overhead=0, counter=counter, neighbours=near
    ).text
    names = text.splitlines()[-1].removeprefix(_NAMES).split("; ")
    spelt = {quote(artist.name, 60): artist.id for artist in reversed(library.artists)}
    return Telling(np.array([spelt[name] for name in names], dtype=np.intp), names)


def compression_document(report: CompressionReport) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "compression": {
            "libraries": report.known,
            "splits": report.splits,
            "recall@100": report.whole,
            "rows": [
                {
                    "system": row.system,
                    "artists": row.artists,
                    "tokens": round(row.tokens, 1),
                    "ir@100": row.retention.mean,
                    "ci": row.retention.interval,
                    "readers": row.readers,
                    "libraries": dict(zip(report.known, row.retention.libraries, strict=True)),
                }
                for row in report.rows
            ],
        }
    }


def compression_table(report: CompressionReport) -> "RenderableType":
    """What people see: information retention with its interval, and below it the tokens of the names."""
    from rich.table import Table

    libraries, known = len(report.known), report.known.values()
    table = Table(
        title="Information retention (IR@100) by artists told, with 95 % intervals and tokens",
        caption=f"{libraries} libraries of {min(known)} to {max(known)} known artists, {report.splits} splits "
        "each; what Recall@100 keeps, mean of two readers",
        box=None,
        header_style="bold",
    )
    table.add_column("Told by")
    for size in SIZES:
        table.add_column(str(size), justify="right")
    for system in dict.fromkeys(row.system for row in report.rows):
        cells = [_cell(row) for row in report.rows if row.system == system]
        table.add_row(system, *cells)
    return table


def _cell(row: Row) -> str:
    mean, interval, _ = row.retention
    spread = f"\n{interval[0]:.2f}–{interval[1]:.2f}" if interval else ""
    return f"{mean:.2f}{spread}\n{row.tokens:.0f} t"
