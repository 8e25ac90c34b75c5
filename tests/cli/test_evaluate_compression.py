"""What a compressed library still tells: the real compressor, on an invented crowd and on the real data."""

import gzip
import os
import random
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from brainarr.cli.evaluate_compression import (
    SIZES,
    CompressionReport,
    compression_document,
    compression_report,
    compression_table,
)
from brainarr.cli.tellings import BOTH, GENRES, NEIGHBOURS, PLAYS, surroundings, tellings
from brainarr.errors import ConfigurationError
from brainarr.similarity.libraries import read_crowd, read_libraries
from tests.pipeline.builders import O200K

SIMPLE = ("random", "most popular", "stratified by genre")
CIRCLES = ("swing", "polka", "grime", "soul", "doom metal", "ska", "bebop", "tango", "techno", "dub")
FAMOUS = ("techno", "dub")
ARTISTS = 30
"""Of each circle of listeners."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten circles, two of them famous, and two libraries that hold half of the last four."""
    rng = random.Random(0)
    folder = tmp_path_factory.mktemp("dataset")
    rows: dict[str, list[tuple[object, ...]]] = {
        "artists": [("artist", "name")],
        "plays": [("user", "artist", "plays")],
        "tags": [("user", "artist", "tag")],
        "libraries": [("library", "name", "plays")],
    }
    for number, circle in enumerate(CIRCLES):
        artists = range(number * ARTISTS, (number + 1) * ARTISTS)
        rows["artists"] += [(artist, f"{circle} {artist}") for artist in artists]
        rows["tags"] += [("u", artist, circle) for artist in artists]
        for person in range(40 if circle in FAMOUS else 15):
            rows["plays"] += [(f"{circle}{person}", artist, 1) for artist in rng.sample(artists, 12)]
        for library in ("x", "y") if number >= 6 else ():
            held = rng.sample(artists, 15)
            rows["libraries"] += [(library, f"{circle} {artist}", artist * 7 % 97) for artist in held]
    for table, lines in rows.items():
        text = "\n".join("\t".join(map(str, line)) for line in lines)
        (folder / f"{table}.tsv.gz").write_bytes(gzip.compress(text.encode()))
    return folder


@pytest.fixture(scope="module")
def report(data: Path) -> CompressionReport:
    return compression_report(data, O200K, splits=3, least_known=50)


def kept(report: CompressionReport, system: str, artists: int) -> float:
    return next(row.retention.mean for row in report.rows if (row.system, row.artists) == (system, artists))


def test_every_system_is_measured_at_every_size(report: CompressionReport):
    assert [(row.system, row.artists) for row in report.rows] == [
        (system, size) for system in (*SIMPLE, GENRES, NEIGHBOURS, PLAYS, BOTH) for size in SIZES
    ]
    assert report.known == {"x": 60, "y": 60}


def test_who_is_told_everything_keeps_everything(report: CompressionReport):
    assert {row.retention.mean for row in report.rows if row.artists >= 50} == {1.0}


def test_who_tells_every_circle_keeps_more_than_who_tells_the_famous(report: CompressionReport):
    assert kept(report, "most popular", 20) < 0.8
    assert kept(report, NEIGHBOURS, 20) > kept(report, "most popular", 20) + 0.15
    assert kept(report, GENRES, 20) > kept(report, "most popular", 20) + 0.15


def test_the_same_seed_gives_the_same_report(data: Path, report: CompressionReport):
    assert compression_report(data, O200K, splits=3, least_known=50) == report
    assert compression_report(data, O200K, splits=3, least_known=50, seed=1).rows != report.rows


def test_what_is_measured_stands_in_the_compressed_text(data: Path):
    crowd = read_crowd(data)
    held = read_libraries(data, crowd)["x"]
    owned = np.array(sorted(held))
    told = tellings(owned, held, surroundings(crowd), O200K, np.random.default_rng(0))
    for telling in told.values():
        assert sorted(telling.columns.tolist()) == owned.tolist()
        assert telling.names == [held[column].name for column in telling.columns.tolist()]
    plays = [held[column].plays for column in told[PLAYS].columns.tolist()]
    assert plays == sorted(plays, reverse=True)


def test_people_and_programs_read_the_same_figures(report: CompressionReport):
    rows = compression_document(report)["compression"]["rows"]
    first = rows[0]
    assert (first["system"], first["artists"], first["ir@100"]) == ("random", 20, kept(report, "random", 20))
    assert first["tokens"] > 40 and set(first["readers"]) == {"EASE", "neighbour lists"}
    out = Console(width=110, file=StringIO())
    out.print(compression_table(report))
    shown = out.file.getvalue()  # type: ignore[attr-defined]
    assert f"{first['ir@100']:.2f}" in shown and f"{first['tokens']:.0f} tokens" in shown


def test_a_dataset_without_large_libraries_is_refused(data: Path):
    with pytest.raises(
        ConfigurationError, match=r"libraries\.tsv\.gz: none is not usable; allowed: a library"
    ):
        compression_report(data, O200K, least_known=61)


def test_real_libraries_keep_what_brainarr_promises():
    """The aims are .90 and .96 at a hundred artists; docs/benchmarks.md has the full measurement, one split
    of six libraries is a rougher look."""
    folder = Path(os.environ.get("BRAINARR_DATA", "/nowhere")) / "lastfm"
    if not (folder / "libraries.tsv.gz").is_file():
        pytest.skip("BRAINARR_DATA does not name the folder of the listening data")
    measured = compression_report(folder, O200K, splits=1, least_known=400)
    assert kept(measured, NEIGHBOURS, 100) > 0.87
    assert kept(measured, BOTH, 100) > 0.92
    for simple in SIMPLE:
        assert kept(measured, NEIGHBOURS, 100) > kept(measured, simple, 100) + 0.04
        assert kept(measured, NEIGHBOURS, 20) > kept(measured, simple, 20) + 0.1
