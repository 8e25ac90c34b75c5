"""Whatever Brainarr says when something is amiss has its entry in docs/troubleshooting.md, in those words."""

import re
from pathlib import Path

import pytest

from docs.site.messages import HealthMessage, health_messages, lidarr_messages, problem_kinds
from docs.site.said import UNKNOWN, Said, calls

TROUBLE = (Path(__file__).parents[2] / "docs/troubleshooting.md").read_text()
MONITORING = (Path(__file__).parents[2] / "docs/monitoring.md").read_text()
HEALTH = list(health_messages())
LIDARR = list(lidarr_messages())


def chapter(title: str) -> str:
    return re.split(r"^#+ ", TROUBLE.split(f"# {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(title: str) -> list[str]:
    return re.findall(r"^\| (.+?) \|", chapter(title), re.MULTILINE)[1:]


@pytest.mark.parametrize("issue", HEALTH, ids=lambda issue: f"{issue.source}: {issue.message}")
def test_every_issue_of_health_has_its_entry(issue: HealthMessage):
    # What only says at run time what is amiss goes by its source.
    entry = f"**{issue.source}**, with what it said" if issue.message == UNKNOWN else f'"{issue.message}"'
    assert entry in first_cells("What health says")


def test_no_entry_of_health_is_of_something_that_is_never_said():
    said = {f'"{issue.message}"' for issue in HEALTH}
    assert [
        cell for cell in first_cells("What health says") if cell.startswith('"') and cell not in said
    ] == []


@pytest.mark.parametrize("message", LIDARR)
def test_whatever_is_said_of_a_lidarr_has_its_entry(message: str):
    assert f'"{message}"' in first_cells("What Brainarr says of a Lidarr")


def test_every_problem_type_has_its_entry_and_the_other_way_round():
    assert sorted(first_cells("What the API answers")) == sorted(f"`{kind.name}`" for kind in problem_kinds())


def test_every_source_of_health_is_in_the_table_of_monitoring():
    told = set(
        re.findall(r"^\| (\w+) \|", MONITORING.split("\n## Health\n")[1].split("\n## ")[0], re.MULTILINE)
    )
    assert told - {"source"} == {issue.source for issue in HEALTH}


def said_by(code: str, folder: Path) -> list[Said]:
    (folder / "module.py").write_text(code)
    return list(calls(folder, ["Issue"]))


def test_messages_are_found_however_they_are_put_together(tmp_path: Path):
    code = """
def issues(name, ago):
    times = "once" if ago else f"{ago} times"
    message = f"{name} failed {times}"
    message = f"{name} was away " + times
    for what, cure in (("red", "a"), ("blue", "b")):
        yield Issue("Source", message.strip(), f"{what} {what}", cure, about=name)
"""
    (found,) = said_by(code, tmp_path)
    assert found.given == (
        ("Source",),
        ("… was away once", "… was away … times"),
        ("red red", "red blue", "blue red", "blue blue"),
        ("a", "b"),
    )
    assert found.named == {"about": ("…",)}


def test_of_several_branches_only_those_count_that_lead_there(tmp_path: Path):
    code = """
def issues(state, age):
    if state is None:
        message = "never"
        return Issue(message)
    if age > 8:
        message = "old"
    elif age > 4:
        message = "ageing"
        yield Issue(message)
    else:
        raise ValueError
    yield Issue(message)
"""
    assert [found.given for found in said_by(code, tmp_path)] == [
        (("never",),),
        (("ageing",),),
        (("old", "ageing"),),
    ]


def test_what_cannot_be_followed_is_left_open_and_never_lost(tmp_path: Path):
    code = """
def issues(folders):
    for folder, why in folders:
        message: str = f"{folder} a {b(1)} {why}."
        longer = "a"
        longer += folder
        yield Issue(message, why, d.e, longer)
"""
    (found,) = said_by(code, tmp_path)
    assert found.given == (("… a …",), ("…",), ("…",), ("…",))
