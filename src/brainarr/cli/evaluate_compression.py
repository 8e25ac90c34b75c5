"""`brainarr evaluate DATASET --compression`: what readers find who see a compressed library."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from brainarr.cli.tellings import PREFIX, surroundings, tellings
from brainarr.errors import ConfigurationError, Fault
from brainarr.pipeline.ports import TokenCounter
from brainarr.similarity.libraries import Crowd, Holding, read_crowd, read_libraries
from brainarr.similarity.models import Floats, ease
from brainarr.similarity.retention import Estimate, cosine_lists, recalls, retention, split

if TYPE_CHECKING:
    from rich.console import RenderableType

SIZES = (20, 50, 100, 200, 400)
"""Artists that are told."""
READERS = ("EASE", "neighbour lists")
TRUTH_SHARE = 0.2
SPLITS = 10
LEAST_KNOWN = 300
"""Artists of a library that the crowd must know: of fewer, the first hundred are no selection."""


Cell = tuple[str, int]
"""A system and how many artists it tells."""


class Row(NamedTuple):
    """One system at one size."""

    system: str
    artists: int
    tokens: float
    """Of the line that names them, on average."""
    retention: Estimate


class CompressionReport(NamedTuple):
    """All rows, system by system, and what they were measured on."""

    known: dict[str, int]
    """Artists of each measured library that the crowd knows."""
    whole: tuple[float, ...]
    """Recall@100 of each reader with the whole library."""
    splits: int
    rows: tuple[Row, ...]


class Readings(NamedTuple):
    """Recalls of shape (libraries, splits, readers), and tokens."""

    whole: Floats
    told: dict[Cell, Floats]
    tokens: dict[Cell, list[int]]


def compression_report(
    folder: Path,
    counter: TokenCounter,
    *,
    splits: int = SPLITS,
    seed: int = 0,
    least_known: int = LEAST_KNOWN,
) -> CompressionReport:
    """Measures the real compressor on the dataset's large libraries. Raises ConfigurationError.

    The readers and the neighbour lists come from all people of the dataset's plays, none of whom owns a
    library: `trained` knows too few artists to leave a library large. Not to be called from a running event
    loop.
    """
    crowd = read_crowd(folder)
    libraries = {
        name: held for name, held in read_libraries(folder, crowd).items() if len(held) >= least_known
    }
    if not libraries:
        wanted = f"a library with {least_known} artists that two people in plays.tsv.gz listen to"
        raise ConfigurationError([Fault("libraries.tsv.gz", "none", wanted)])
    whole, told, tokens = _read_all(list(libraries.values()), crowd, counter, splits, seed)
    try:
        rows = tuple(
            # The same draws for every row: their libraries are comparable one by one.
            Row(*cell, float(np.mean(tokens[cell])), retention(found, whole, np.random.default_rng(seed)))
            for cell, found in told.items()
        )
    except ValueError as error:
        raise ConfigurationError(
            [Fault("libraries.tsv.gz", str(error), "libraries like the crowd's")]
        ) from None
    known = {name: len(held) for name, held in libraries.items()}
    return CompressionReport(known, tuple(whole.mean(axis=(0, 1)).tolist()), splits, rows)


def _read_all(
    libraries: Sequence[Mapping[int, Holding]], crowd: Crowd, counter: TokenCounter, splits: int, seed: int
) -> Readings:
    around = surroundings(crowd)
    readers = (ease(crowd.interactions), cosine_lists(crowd.interactions))
    whole = np.zeros((len(libraries), splits, len(readers)))
    told: dict[Cell, Floats] = {}
    tokens: dict[Cell, list[int]] = {}
    for number, held in enumerate(libraries):
        for turn in range(splits):
            rng = np.random.default_rng((seed, number, turn))
            parts = split(list(held), TRUTH_SHARE, rng)
            systems = tellings(parts.owned, held, around, counter, rng)
            cells = [(system, size) for system in systems for size in SIZES]
            selections = [systems[system].columns[:size] for system, size in cells]
            found = np.array([recalls(reader, [parts.owned, *selections], parts) for reader in readers])
            whole[number, turn] = found[:, 0]
            for place, (system, size) in enumerate(cells, start=1):
                told.setdefault((system, size), np.zeros_like(whole))[number, turn] = found[:, place]
                line = PREFIX + "; ".join(systems[system].names[:size])
                tokens.setdefault((system, size), []).append(counter.count(line))
    return Readings(whole, told, tokens)


def compression_document(report: CompressionReport) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "compression": {
            "libraries": report.known,
            "splits": report.splits,
            "recall@100": _by_reader(report.whole),
            "rows": [
                {
                    "system": row.system,
                    "artists": row.artists,
                    "tokens": round(row.tokens, 1),
                    "ir@100": row.retention.mean,
                    "ci": row.retention.interval,
                    "readers": _by_reader(row.retention.readers),
                    "libraries": dict(zip(report.known, row.retention.libraries, strict=True)),
                }
                for row in report.rows
            ],
        }
    }


def _by_reader(values: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(READERS, values, strict=True))


def compression_table(report: CompressionReport) -> "RenderableType":
    """What people see: information retention with its interval, and below it the tokens of the names."""
    from rich.table import Table

    known = report.known.values()
    table = Table(
        title="Information retention (IR@100) by artists told, with 95 % intervals and tokens",
        caption=f"{len(known)} libraries of {min(known)} to {max(known)} known artists, "
        f"{report.splits} splits each; mean of {' and '.join(READERS)}",
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
    mean, interval = row.retention.mean, row.retention.interval
    spread = f"\n{interval[0]:.2f}–{interval[1]:.2f}" if interval else ""
    return f"{mean:.2f}{spread}\n{row.tokens:.0f} tokens"
