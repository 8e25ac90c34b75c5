"""The benchmarks of names and of recorded answers: on invented artists, and the bars on the real data."""

import asyncio
import gzip
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import answers, names
from benchmarks.catalogue import SearchedCatalog, catalog_artist
from benchmarks.names import OTHERS, OURS, Named, fold, read_artists, wilson
from brainarr.sandbox.world import sandbox_mbid

ROWS = [
    ("Tin Harbour", "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"),
    ("Tin Harbor", "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"),
    ("The Glass Parade", ""),
    ("Velvet & Static", ""),
    ("Ольга Мороз", ""),
    ("Anna Møller", ""),
]


def write(path: Path, lines: Sequence[str]) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        file.writelines(f"{line}\n" for line in lines)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    artists = [f"{at}\t{name}\t{mbid}\t\t" for at, (name, mbid) in enumerate(ROWS, start=1)]
    write(tmp_path / "artists.tsv.gz", ["artist\tname\tmbid\tbegin\tcountry", *artists])
    invented = [
        f"{word} {noun}" for word in ("Pale", "Loud", "Odd", "Far") for noun in ("Moth", "Kiln", "Reef")
    ]
    libraries = ["glass parade", "Pale Moth feat. Odd Reef", *invented]
    write(tmp_path / "libraries.tsv.gz", ["library\tname\tplays", *(f"0\t{name}\t1" for name in libraries)])
    write(tmp_path / "trained.tsv.gz", ["user\tartist", "7\t3"])
    lines = ("Glass Parade", "tin harbour", "Nobody Real", "Velvet and Static", "Tin Harbor", "Anna Møller")
    said = "Sure:\n" + "\n".join(f"{at}. {line}" for at, line in enumerate(lines, start=1))
    row = {"model": "m", "user": 7, "answer": said}
    write(tmp_path / "model_answers.jsonl.gz", [json.dumps(row)])
    return tmp_path


def test_spellings_of_one_artist_are_one_and_credits_are_none(data: Path) -> None:
    artists, counts = read_artists(data)
    assert [artist.others for artist in artists if artist.name == "Tin Harbour"] == [("Tin Harbor",)]
    assert "glass parade" not in {artist.name for artist in artists}
    assert (counts["merged by their spelling"], counts["left out: joined or nameless"]) == (1, 1)
    assert fold("Beatles, The") == fold("The Beatles") == fold("beatles")


@pytest.mark.parametrize(
    ("system", "asked", "found"),
    [
        ("tiers", "Glass Parade, The", "The Glass Parade"),
        ("tiers", "Olga Moroz", "Ольга Мороз"),
        ("tiers", "Glas Parade", None),
        ("resolver", "Olga Moroz", "Ольга Мороз"),
        ("resolver", "Velvet and Static feat. Nobody", "Velvet & Static"),
        ("Lidarr's CleanArtistName", "velvet AND static", "Velvet & Static"),
        ("Lidarr's CleanArtistName", "Glass Parade", None),
        ("edit ratio ≥ 90", "The Glas Parade", "The Glass Parade"),
        ("token_set ≥ 95", "Parade, Glass the", "The Glass Parade"),
    ],
)
def test_each_system_finds_what_it_is_known_to_find(system: str, asked: str, found: str | None) -> None:
    artists = [Named(sandbox_mbid(name), name) for name, _ in ROWS]
    resolve = (OURS | OTHERS)[system](artists)
    assert resolve(asked) == (sandbox_mbid(found) if found else None)


def test_the_catalogue_is_searched_as_musicbrainz_is() -> None:
    catalog = SearchedCatalog([catalog_artist(sandbox_mbid(name), name) for name, _ in ROWS])

    def search(name: str) -> list[str]:
        return [artist.name for artist in asyncio.run(catalog.find_artists(name))]

    assert search("ANNA MOLLER") == ["Anna Møller"]
    assert search("Tin Harbor") == ["Tin Harbor", "Tin Harbour"]
    assert search("Ol'ga Moroz") == ["Ольга Мороз"]
    assert search("Harbour Nobody") == []


def test_an_interval_holds_the_share_and_never_leaves_the_scale() -> None:
    assert wilson(0, 100) == (0.0, 3.7)
    assert wilson(50, 100) == (40.38, 59.62)
    assert wilson(28, 28)[1] == 100.0


def test_the_report_names_every_class_and_who_was_misled(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["names", str(data), "--sample", "5", "--json"])
    assert names.main() == 0
    report = json.loads(capsys.readouterr().out)
    asked = {(row["system"], row["spelling"]) for row in report["scores"]}
    assert {("tiers", "as it is"), ("token_set ≥ 95", "absent, feat."), ("resolver", "absent, all")} <= asked
    monkeypatch.setattr(sys, "argv", ["names", str(data), "--sample", "5"])
    assert names.main() == 0
    assert "% wrongly accepted" in capsys.readouterr().out


def test_an_answer_is_judged_line_by_line(data: Path) -> None:
    row = asyncio.run(answers.measure(data, 1))["all"]
    assert (row["lines"], row["owned"], row["duplicates"], row["unknown"]) == (6, 0, 0, 0)
    # "Glass Parade" is owned; "Tin Harbor" is another spelling of one that is delivered once.
    assert (row["delivered"], row["known_not_owned"], row["survived_percent"]) == (3, 3, 100.0)


@pytest.mark.parametrize("benchmark", [names, answers])
def test_a_folder_without_the_data_is_refused(
    benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark", str(tmp_path)])
    assert benchmark.main() == 2
    assert "artists.tsv.gz" in capsys.readouterr().err


@pytest.fixture(scope="module")
def lastfm() -> Path:
    folder = Path(os.environ.get("BRAINARR_DATA", "/nowhere")) / "lastfm"
    if not (folder / "artists.tsv.gz").is_file():
        pytest.skip("BRAINARR_DATA does not name the folder of the Last.fm data")
    return folder


@pytest.fixture(scope="module")
def measured(lastfm: Path) -> dict[tuple[str, str], dict[str, Any]]:
    report = names.measure(lastfm, OURS, sample=200, seed=1)
    return {(row["system"], row["spelling"]): row for row in report["scores"]}


@pytest.mark.parametrize("system", OURS)
def test_at_most_one_name_in_a_hundred_is_taken_for_somebody_else(
    measured: dict[tuple[str, str], dict[str, Any]], system: str
) -> None:
    assert measured[system, "absent, all"]["wrong_percent"] <= 1.0
    assert measured[system, "all held"]["wrong_percent"] <= 1.0
    assert measured[system, "one typo"]["wrong_percent"] <= 1.0


@pytest.mark.parametrize("system", OURS)
@pytest.mark.parametrize(
    ("spelling", "least"),
    [
        ("as it is", 99),
        ("The added", 97),
        ("The removed", 97),
        ("& / and", 97),
        ("feat.", 97),
        ("Last, First", 97),
        ("accents lost", 97),
        ("Unicode form", 97),
        ("romanised", 85),
    ],
)
def test_real_names_are_found_in_other_spellings(
    measured: dict[tuple[str, str], dict[str, Any]], system: str, spelling: str, least: float
) -> None:
    assert measured[system, spelling]["right_percent"] >= least


@pytest.mark.thorough
def test_of_recorded_answers_nothing_owned_is_delivered_and_little_is_lost(lastfm: Path) -> None:
    report = asyncio.run(answers.measure(lastfm, every=15))
    for model, row in report.items():
        assert (row["owned"], row["duplicates"], row["unknown"]) == (0, 0, 0), (model, row["examples"])
        assert row["survived_percent"] >= 95, (model, row["examples"])
    assert report["all"]["delivered"] > 3_000
