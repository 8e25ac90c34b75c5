"""`brainarr evaluate` as a person calls it, on invented people; and on the real ones where they are."""

import csv
import json
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Brainarr
from tests.datasets import COLD_ARTIST, COLD_PERSON, PEOPLE, Row, Tables, said, scenes, write

SYSTEMS = (
    "similarity",
    "popular",
    "ease",
    "rp3beta",
    "spectral",
    "tags",
    "home",
    "pipeline",
    "pipeline+score",
    "pipeline+learnt",
    "pipeline+learnt+genres",
    "neighbours",
)
Lists = dict[tuple[str, str], list[str]]
"""(system, person) → artists, best first."""


def answers(model: str = "gpt") -> list[str]:
    """Everybody gets three of the first scene and one that is held out of p0 and known of nobody."""
    names = ("tango band 3", "tango band 4", "tango band 5", "Cold Start")
    return [said(model, f"p{person}", names) for person in range(PEOPLE)]


def recommended(brainarr: Brainarr, folder: Path, file: Path) -> Lists:
    """What `--recommendations` writes; ranks count from 1 without a gap."""
    result = brainarr("evaluate", str(folder), "--recommendations", str(file))
    assert result.exit_code == 0, result.output
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        assert reader.fieldnames == ["user", "rank", "artist", "system"]
        found: Lists = defaultdict(list)
        for row in reader:
            mine = found[row["system"], row["user"]]
            mine.append(row["artist"])
            assert int(row["rank"]) == len(mine)
    return dict(found)


def measured(brainarr: Brainarr, folder: Path, *options: str) -> dict[str, Any]:
    result = brainarr("evaluate", str(folder), "--json", *options)
    assert result.exit_code == 0, result.output

    def no_number(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    return json.loads(result.stdout, parse_constant=no_number)


def of_people(lists: Lists) -> Lists:
    """Without whoever stands in heldout only."""
    return {key: artists for key, artists in lists.items() if key[1] != COLD_PERSON}


def table(tables: Tables, name: str) -> Mapping[str, set[str]]:
    """Person → artists."""
    found: dict[str, set[str]] = defaultdict(set)
    for user, artist, *_ in tables[name][1:]:
        found[str(user)].add(str(artist))
    return found


def test_what_is_held_out_changes_no_recommendation(brainarr: Brainarr, tmp_path: Path):
    """With a cold artist, a namesake of it and a cold person among the held out."""
    tables = scenes()
    seeing = write(tmp_path / "seeing", tables, answers())
    blind = write(
        tmp_path / "blind", {name: rows for name, rows in tables.items() if name != "heldout"}, answers()
    )
    one = of_people(recommended(brainarr, seeing, tmp_path / "seeing.tsv"))
    other = recommended(brainarr, blind, tmp_path / "blind.tsv")
    assert one == other
    assert {system for system, _ in one} >= {*SYSTEMS, "gpt", "pipeline+gpt"}


def test_what_a_person_calls_the_held_out_changes_nothing_for_that_person(brainarr: Brainarr, tmp_path: Path):
    """The learnt weights alone are everybody's together, and so may know of it through the others."""
    tables = scenes()
    held = table(tables, "heldout")["p3"]
    others: list[Row] = [row for row in tables["tags"] if row[0] != "p3" or row[1] not in held]
    shouted: list[Row] = [("p3", artist, word) for artist in held for word in ("tango", "aaa", "seen live")]
    silent = write(tmp_path / "silent", {**tables, "tags": others}, answers())
    loud = write(tmp_path / "loud", {**tables, "tags": [others[0], *shouted, *others[1:]]}, answers())
    one = recommended(brainarr, silent, tmp_path / "silent.tsv")
    other = recommended(brainarr, loud, tmp_path / "loud.tsv")
    mine = {key for key in one if key[1] == "p3" and "learnt" not in key[0]}
    assert len(mine) >= len(SYSTEMS) - 2
    assert {key: one[key] for key in mine} == {key: other[key] for key in mine}
    assert one != other, "to the others it tells something"


def test_no_system_recommends_what_is_owned_or_the_same_twice(brainarr: Brainarr, tmp_path: Path):
    tables = scenes()
    owned = table(tables, "trained")
    folder = write(tmp_path / "data", tables, answers())
    for (_, person), artists in recommended(brainarr, folder, tmp_path / "out.tsv").items():
        assert len(artists) == len(set(artists)) <= 20
        assert not owned[person] & set(artists)


def test_a_model_is_one_more_voice_and_changes_nothing_else(brainarr: Brainarr, tmp_path: Path):
    tables = scenes()
    answers_of_one = [said("gpt", "p1", ["tango band 9", "Cold Start"])]
    without = recommended(brainarr, write(tmp_path / "without", tables), tmp_path / "without.tsv")
    file = tmp_path / "with.tsv"
    added = recommended(brainarr, write(tmp_path / "with", tables, answers_of_one), file)
    assert {key: added[key] for key in without} == without
    assert added["gpt", "p1"] == ["a9", COLD_ARTIST]
    assert "a9" in added["pipeline+gpt", "p1"] and "a9" not in added["pipeline", "p1"]
    for pipeline in ("pipeline", "pipeline+score", "pipeline+learnt"):
        for person in range(PEOPLE):
            if person != 1:
                key = (pipeline, f"p{person}")
                assert added.get((f"{pipeline}+gpt", f"p{person}")) == without.get(key)


def test_what_of_a_models_names_is_wasted_is_counted(brainarr: Brainarr, tmp_path: Path):
    tables = scenes()
    name = {row[0]: str(row[1]) for row in tables["artists"]}
    mine = sorted(table(tables, "trained")["p0"])
    fresh = [artist for artist in name if str(artist).startswith("a") and artist not in mine][1:6]
    names = [name[artist] for artist in fresh[:4]]
    told = [name[mine[0]], names[0], "Nobody Knows Them", *names, "Greatest Hits"]
    loop = [name[artist] for artist in fresh[:4]]
    folder = write(tmp_path / "data", tables, [said("gpt", "p0", [*told, *loop])])
    waste = measured(brainarr, folder)["waste"]
    # 12 names: one owned; one named before, and four in a circle; one unknown, and one that is an album's.
    assert waste == [
        {
            "model": "gpt",
            "named": 12,
            "owned": round(1 / 12, 4),
            "duplicate": round(5 / 12, 4),
            "unknown": round(2 / 12, 4),
        }
    ]


def test_people_and_programs_read_the_same_figures(brainarr: Brainarr, tmp_path: Path):
    folder = write(tmp_path / "data", scenes(), answers())
    document = measured(brainarr, folder)
    names = [system["name"] for system in document["systems"]]
    models = ["gpt", *(f"{pipeline}+gpt" for pipeline in ("pipeline", "pipeline+score", "pipeline+learnt"))]
    assert sorted(names) == sorted([*SYSTEMS, *models])
    assert (document["people"], document["artists"]) == (PEOPLE + 1, 42)
    for system in document["systems"]:
        for measure in ("recall@20", "ndcg@20"):
            low, high = system["ci"][measure]
            assert 0 <= low <= system[measure] <= high <= 1
    assert set(document["learnt_weights"]) == {"genre", "era", "diversity", "confidence"}
    shown = brainarr("evaluate", str(folder)).output
    for system in document["systems"]:
        line = next(line for line in shown.splitlines() if line.split()[:1] == [system["name"]])
        assert f"{system['recall@20']:.4f}" in line and f"{system['ndcg@20']:.4f}" in line
    assert f"{PEOPLE + 1} people, 42 artists." in shown and "of what a model named" in shown


def test_the_figures_can_be_computed_again_from_the_recommendations(brainarr: Brainarr, tmp_path: Path):
    tables = scenes()
    folder = write(tmp_path / "data", tables, answers())
    lists = recommended(brainarr, folder, tmp_path / "out.tsv")
    held = table(tables, "heldout")
    for system in measured(brainarr, folder)["systems"]:
        recalls = [
            len(wanted & set(lists.get((system["name"], person), ()))) / len(wanted)
            for person, wanted in held.items()
        ]
        assert system["recall@20"] == round(sum(recalls) / len(recalls), 4)


def test_who_listens_to_a_scene_is_recommended_the_rest_of_it(brainarr: Brainarr, tmp_path: Path):
    systems = {
        system["name"]: system for system in measured(brainarr, write(tmp_path / "data", scenes()))["systems"]
    }
    # What is held out of somebody and known of nobody, and whatever a stranger likes, cannot be found.
    for name in ("pipeline", "pipeline+score", "pipeline+learnt", "similarity"):
        assert systems[name]["recall@20"] > 0.8
        assert systems[name]["recall@20"] > systems["popular"]["recall@20"] + 0.2
        assert systems[name]["genre_divergence"] < systems["popular"]["genre_divergence"]
    assert systems["popular"]["against_ease"]["ci"]["recall@20"][1] < 0


def test_without_held_out_artists_there_are_recommendations_but_no_figures(
    brainarr: Brainarr, tmp_path: Path
):
    tables = {**scenes(), "heldout": [("user", "artist")]}
    folder = write(tmp_path / "data", tables)
    refused = brainarr("evaluate", str(folder))
    assert refused.exit_code == 2
    assert "a heldout.tsv to measure with, or only --recommendations FILE" in refused.output
    assert brainarr("evaluate", str(folder), "--plot", str(tmp_path / "x.svg")).exit_code == 2
    file = str(tmp_path / "out.tsv")
    done = brainarr("evaluate", str(folder), "--recommendations", file)
    assert done.exit_code == 0 and "Nothing is held out, so nothing was measured." in done.output
    assert measured(brainarr, folder, "--recommendations", file)["systems"] == []


def test_a_plot_is_a_picture_of_every_system(brainarr: Brainarr, tmp_path: Path):
    file = tmp_path / "plot.svg"
    folder = write(tmp_path / "data", scenes(), answers("<b>&model"))
    result = brainarr("evaluate", str(folder), "--plot", str(file))
    assert result.exit_code == 0, result.output
    drawn = ET.parse(file).getroot()
    texts = {text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {*SYSTEMS, "<b>&model"} <= texts


def test_a_model_with_markup_in_its_name_is_shown_as_it_is_called(brainarr: Brainarr, tmp_path: Path):
    shown = brainarr("evaluate", str(write(tmp_path / "data", scenes(), answers("[red]m"))))
    assert shown.exit_code == 0 and "[red]m" in shown.output


@pytest.mark.parametrize("name", ["pipeline", "neighbours", "score", "learnt+genres"])
def test_a_model_cannot_be_called_like_a_system(brainarr: Brainarr, tmp_path: Path, name: str):
    refused = brainarr("evaluate", str(write(tmp_path / "data", scenes(), answers(name))))
    assert refused.exit_code == 2
    assert f"model_answers.jsonl: model {name} is not usable; allowed: a name no system has" in refused.output


@pytest.mark.parametrize("option", ["--recommendations", "--plot"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_computed(
    brainarr: Brainarr, tmp_path: Path, option: str
):
    for path in (tmp_path / "no/such/folder.tsv", tmp_path):
        refused = brainarr("evaluate", str(tmp_path / "nowhere"), option, str(path))
        assert refused.exit_code == 2
        assert f"{option}: {path} is not usable; allowed: a file in a folder that exists" in refused.output


def test_a_full_disk_is_a_failure_that_names_the_file(brainarr: Brainarr, tmp_path: Path):
    folder = write(tmp_path / "data", scenes())
    failed = brainarr("evaluate", str(folder), "--recommendations", "/dev/full")
    assert failed.exit_code == 1 and "/dev/full cannot be written: No space left on device" in failed.output


def test_an_unusable_data_set_is_an_unusable_argument(brainarr: Brainarr, tmp_path: Path):
    folder = write(tmp_path / "data", scenes())
    (folder / "trained.tsv").write_text("user\tartist\np1\tzz\n")
    refused = brainarr("evaluate", str(folder))
    assert refused.exit_code == 2 and "Traceback" not in refused.output
    assert f"{folder / 'trained.tsv'}, line 2: artist zz is not usable" in refused.output


def test_the_two_measurements_are_not_mixed(brainarr: Brainarr, tmp_path: Path):
    refused = brainarr("evaluate", str(tmp_path), "--compression", "--tune", "1")
    assert refused.exit_code == 2 and "--compression" in refused.output


def test_tuning_finds_what_is_hidden_inside_and_never_looks_at_what_is_held_out(
    brainarr: Brainarr, tmp_path: Path
):
    tables = scenes()
    folder = write(tmp_path / "data", tables)
    without = write(tmp_path / "without", {**tables, "heldout": [("user", "artist")]})
    figures = measured(brainarr, folder, "--tune", "3")["systems"]
    blind = measured(brainarr, without, "--tune", "3")["systems"]
    assert [(system["name"], system["ci"]) for system in figures] == [
        (system["name"], system["ci"]) for system in blind
    ]
    other = measured(brainarr, folder, "--tune", "4")["systems"]
    assert figures != other


def test_tuning_needs_somebody_with_two_artists(brainarr: Brainarr, tmp_path: Path):
    tables: Tables = {
        "artists": [("artist", "name"), ("a", "Alone"), ("b", "Beside")],
        "trained": [("user", "artist"), ("p", "a"), ("q", "b")],
    }
    refused = brainarr("evaluate", str(write(tmp_path, tables)), "--tune", "0")
    assert refused.exit_code == 2
    assert "nobody is not usable; allowed: somebody with two artists in trained.tsv" in refused.output


SMALL: Mapping[str, Mapping[str, Sequence[tuple[str, ...]]]] = {
    "one person": {"trained": [("p", "a"), ("p", "b")], "heldout": [("p", "c")]},
    "one artist": {"trained": [("p", "a"), ("q", "a")], "heldout": [("p", "b")]},
    "one pair": {"trained": [("p", "a")], "heldout": [("p", "a")]},
    "only strangers": {"trained": [("p", "a"), ("q", "b")], "heldout": [("s", "a")]},
    "everybody alike": {
        "trained": [(person, artist) for person in "pqrs" for artist in "abc"],
        "heldout": [("p", "d")],
    },
}


@pytest.mark.parametrize("case", SMALL)
@pytest.mark.parametrize("tagged", [False, True])
def test_the_smallest_data_sets_are_measured(brainarr: Brainarr, tmp_path: Path, case: str, tagged: bool):
    artists: list[Row] = [("artist", "name"), *((letter, f"Band {letter}") for letter in "abcd")]
    tables: Tables = {"artists": artists}
    for name, rows in SMALL[case].items():
        tables[name] = [("user", "artist"), *rows]
    if tagged:
        tables["tags"] = [("user", "artist", "tag"), *((u, a, "dub") for u in "pqx" for a in "abcd")]
    folder = write(tmp_path, tables, [said("gpt", "p", ["Band d"]), said("gpt", "zz", ["Band a"])])
    found = measured(brainarr, folder)
    assert [system["name"] for system in found["systems"]][:2] == ["similarity", "popular"]
    assert brainarr("evaluate", str(folder), "--plot", str(tmp_path / "plot.svg")).exit_code == 0
