"""docs/pages.md shows every page of the app, with its picture."""

import re
from pathlib import Path

import pytest

from tests.browser.places import FIXED

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "docs/pages.md").read_text()
PICTURES = dict(re.findall(r"!\[([^\]]+)\]\(screenshots/([\w-]+)\.jpg\)", PAGES))


@pytest.mark.parametrize("place", [*FIXED, "recommendation", "run"])
def test_every_page_of_the_app_has_its_picture(place: str):
    assert {f"{place}-desktop", f"{place}-phone"} & set(PICTURES.values())


def test_every_picture_is_there_and_has_words_of_its_own():
    shown = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", PAGES)
    assert len({alt for alt, _ in shown}) == len(shown)
    assert [path for _, path in shown if not (ROOT / "docs" / path).exists()] == []


def test_every_chapter_says_something_before_it_shows_something():
    for chapter in re.split(r"^## ", PAGES, flags=re.MULTILINE)[1:]:
        title, said = chapter.split("\n", 1)
        assert len(said.split("![")[0].strip()) > 40, title


def test_the_measured_figures_are_those_of_the_evaluation():
    how = (ROOT / "docs/how-it-works.md").read_text()
    told = re.findall(r"^\| `([\w.+-]+)`[^|]* \| (\.\d{4} \([^)]+\)) \|$", how, re.MULTILINE)
    measured = dict(
        re.findall(
            r"^\| `([\w.+-]+)` \| (\.\d{4} \([^)]+\)) \|",
            (ROOT / "docs/evaluation.md").read_text(),
            re.MULTILINE,
        )
    )
    assert len(told) == 8
    assert all(measured[name] == recall for name, recall in told)
