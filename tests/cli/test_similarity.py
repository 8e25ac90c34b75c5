"""brainarr similarity, as a person calls it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Brainarr
from tests.similarity.worlds import mbid, name, scene_of, tsv_of_scenes


@pytest.fixture
def listens(tmp_path: Path) -> str:
    (tmp_path / "plays.tsv").write_text(tsv_of_scenes(range(60)))
    return str(tmp_path / "plays.tsv")


def test_a_filter_is_built_and_shown(brainarr: Brainarr, tmp_path: Path, listens: str):
    folder = str(tmp_path / "filter")
    said = brainarr("similarity", "build", listens, "--output", folder)
    assert (said.exit_code, said.stdout) == (0, f"{folder}: 36 artists, 60 people, 540 pairs\n")
    shown = brainarr("similarity", "show", folder)
    assert shown.exit_code == 0
    assert "by the local engine" in shown.stdout
    assert "ease: weight 1, fitted to 60 people" in shown.stdout


def test_the_models_that_vote_can_be_chosen(brainarr: Brainarr, tmp_path: Path, listens: str):
    folder = str(tmp_path / "filter")
    args = ("--output", folder, "--model", "bm25", "--model", "rp3beta")
    assert brainarr("similarity", "build", listens, *args).exit_code == 0
    shown = brainarr("similarity", "show", folder).stdout.splitlines()[2:]
    assert [line.split(":")[0] for line in shown] == ["bm25", "rp3beta"]


@pytest.mark.parametrize("asked", ["the BAND 0", mbid(0)])
def test_who_is_near_an_artist_is_shown_by_name_or_mbid(
    brainarr: Brainarr, tmp_path: Path, listens: str, asked: str
):
    folder = str(tmp_path / "filter")
    brainarr("similarity", "build", listens, "--output", folder)
    said = brainarr("similarity", "show", folder, "--artist", asked, "--most", "3")
    assert said.exit_code == 0
    near = [line.split() for line in said.stdout.splitlines()[1:]]
    assert [row[0] for row in near] == ["1", "2", "3"]
    assert all(scene_of(int(row[2])) == 0 and row[-1] == mbid(int(row[2])) for row in near)


def test_lines_that_cannot_be_used_are_named(brainarr: Brainarr, tmp_path: Path, listens: str):
    with Path(listens).open("a") as lines:
        lines.write("ann\x1b[2J\t\t\t1\nann\tAir\n")
    said = brainarr("similarity", "build", listens, "--output", str(tmp_path / "filter"))
    assert said.exit_code == 0
    assert "2 of 542 lines could not be used:" in said.stderr
    assert "plays.tsv, line 543: 2 columns instead of 4" in said.stderr


@pytest.mark.parametrize("engine", ["local", "duckdb"])
def test_a_refresh_adds_people(brainarr: Brainarr, tmp_path: Path, listens: str, engine: str):
    folder = str(tmp_path / "filter")
    brainarr("similarity", "build", listens, "--output", folder, "--engine", engine)
    Path(listens).write_text(tsv_of_scenes(range(58, 63)))
    said = brainarr("similarity", "build", listens, "--output", folder, "--refresh", "--engine", engine)
    assert (said.exit_code, said.stdout) == (0, f"{folder}: 36 artists, 63 people, 567 pairs\n")


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("none.tsv",), "none.tsv: not there"),
        (("plays.tsv", "--engine", "abacus"), "'abacus'"),
        (("plays.tsv", "--keep", "0"), "--keep"),
        (("plays.tsv", "--refresh", "--keep", "20"), "--keep: with --refresh"),
        (("plays.tsv", "--model", "svd"), "'svd'"),
        (("plays.tsv", "--refresh", "--model", "bm25"), "--model: with --refresh"),
        (("plays.tsv", "--refresh", "--engine", "spark"), "--refresh: with --engine spark"),
        (("plays.tsv", "--least-listeners", "100"), "--least-listeners"),
        (("broken.tsv",), "broken.tsv, line 1: columns who, what"),
    ],
)
def test_what_cannot_be_used_exits_with_2_and_says_what_is_allowed(
    brainarr: Brainarr, tmp_path: Path, listens: str, args: tuple[str, ...], named: str,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.tsv").write_text("who\twhat\n")
    said = brainarr("similarity", "build", *args, "--output", "filter")
    assert said.exit_code == 2
    assert named in said.stderr.replace("\n", " ")
    assert "Traceback" not in said.output


def test_what_is_not_in_a_filter_or_no_filter_is_a_message(brainarr: Brainarr, tmp_path: Path, listens: str):
    nowhere = brainarr("similarity", "show", str(tmp_path))
    assert nowhere.exit_code == 1
    assert "there is no filter here. Build it again: brainarr similarity build" in nowhere.stderr
    brainarr("similarity", "build", listens, "--output", str(tmp_path / "filter"))
    unknown = brainarr("similarity", "show", str(tmp_path / "filter"), "--artist", "Nobody")
    assert unknown.exit_code == 1
    assert "not in this filter" in unknown.stderr
    (tmp_path / "both.tsv").write_text(tsv_of_scenes(range(60)).replace(f"\t{name(1)}\t", f"\t{name(0)}\t"))
    brainarr("similarity", "build", str(tmp_path / "both.tsv"), "--output", str(tmp_path / "filter"))
    twice = brainarr("similarity", "show", str(tmp_path / "filter"), "--artist", name(0))
    assert f"Name one: {mbid(0)}, {mbid(1)}" in twice.stderr


def test_a_place_that_no_filter_can_be_put_in_is_named_before_anything_is_read(
    brainarr: Brainarr, listens: str
):
    said = brainarr("similarity", "build", listens, "--output", listens)
    assert said.exit_code == 1
    assert "plays.tsv: no filter can be written here" in said.stderr.replace("\n", "")
    assert "Name another --output" in said.stderr
    assert "Reading" not in said.stderr


def test_a_folder_of_somebody_elses_is_left_alone_whatever_its_name(
    brainarr: Brainarr, tmp_path: Path, listens: str
):
    theirs = tmp_path / "filter" / "0123456789abcdef" / "letter.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("keep me")
    assert brainarr("similarity", "build", listens, "--output", str(tmp_path / "filter")).exit_code == 0
    assert theirs.read_text() == "keep me"
