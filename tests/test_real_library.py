"""The benchmark that serves one real person as a Lidarr, on people and artists invented here."""

import gzip
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import real_library
from benchmarks.real_library import build_world, read_identities, read_person

PLAYS = {
    "1": {"1": 90, "2": 50, "6": 3},
    "2": {"1": 5, "2": 7, "3": 9, "4": 2},
    "3": {"2": 4, "3": 8, "4": 6},
    "4": {"1": 3, "3": 2, "5": 1},
}


def write_table(folder: Path, table: str, columns: list[str], rows: Sequence[tuple[object, ...]]) -> None:
    with gzip.open(folder / f"{table}.tsv.gz", "wt", encoding="utf-8", newline="") as file:
        file.writelines("\t".join(map(str, row)) + "\n" for row in (columns, *rows))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    known = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
    names = ["Tin Harbour", "The Glass Parade", "Velvet Static", "Moss", "Moon Ferry", 'Tin "Harbor']
    write_table(
        tmp_path,
        "artists",
        ["artist", "name", "mbid", "begin", "country"],
        [(n, name, known if "Tin" in name else "", 1980 + n, "IS") for n, name in enumerate(names, start=1)],
    )
    plays = [(user, artist, count) for user, library in PLAYS.items() for artist, count in library.items()]
    write_table(tmp_path, "plays", ["user", "artist", "plays"], plays)
    tags = [(user, artist, "dream pop") for user in "234" for artist in "12345"]
    write_table(
        tmp_path, "tags", ["user", "artist", "tag"], [*tags, ("1", "1", "mine alone"), ("2", "99", "x")]
    )
    write_table(tmp_path, "heldout", ["user", "artist"], [("1", "3"), ("2", "5")])
    return tmp_path


def test_spellings_of_one_artist_are_one_artist(data: Path) -> None:
    identities = read_identities(data)
    assert identities["1"] == identities["6"]
    person = read_person(data, "1", identities)
    assert person.plays == {identities["1"]: 93, identities["2"]: 50}
    artist = build_world(data, "1", identities).artists[identities["1"]]
    assert (artist.name, artist.aliases) == ("Tin Harbour", ('Tin "Harbor',))


def test_the_catalogue_knows_nothing_from_the_person_it_is_made_for(data: Path) -> None:
    identities = read_identities(data)
    first, second, third = (identities[number] for number in "123")
    without = build_world(data, "1", identities)
    # Persons 2 and 3 play the second and the third artist; 2 alone plays the first and second together.
    assert dict(without.neighbours[second]) == {third: 2, identities["4"]: 2}
    assert first not in dict(without.neighbours[second])
    assert without.artists[first].listeners == 2
    assert [tag for tag, _ in without.artists[first].genres] == ["dream pop"]
    everybody = build_world(data, "nobody", identities)
    assert dict(everybody.neighbours[second])[first] == 2
    assert "mine alone" in dict(everybody.artists[first].genres)


@pytest.mark.loopback
def test_a_person_gets_recommendations_and_sees_what_was_held_out(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["real_library", str(data), "1"])
    assert real_library.main() == 0
    told = capsys.readouterr().out
    assert "Plays most: Tin Harbour, The Glass Parade" in told
    assert "Held out and found, 1 of 1: Velvet Static" in told


@pytest.mark.parametrize(("folder", "user", "message"), [("none", "1", "has no"), ("", "77", "no user 77")])
def test_what_is_not_there_is_said(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: str,
    user: str,
    message: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["real_library", str(data / folder), user])
    assert real_library.main() == 2
    assert message in capsys.readouterr().err
