"""The documentation describes what exists: a key, an address or a verdict without its row fails here."""

import re
from pathlib import Path
from typing import Any

import pytest

from brainarr.domain.recommendation import Outcome, Verdict
from brainarr.settings.setting import plain
from brainarr.web import problems
from brainarr.web.app import describe_api
from brainarr.wiring.configuration import Settings, load_settings
from docs.site.settings import shown_default

ROOT = Path(__file__).parent.parent
SETTINGS = (ROOT / "docs/settings.md").read_text()
API = (ROOT / "docs/api.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def sections() -> dict[str, set[str]]:
    """Section → keys, as the settings are read."""
    schema = Settings.model_json_schema()

    def keys(node: dict[str, Any]) -> set[str]:
        inner = node.get("items", node)
        return set(schema["$defs"][inner["$ref"].rpartition("/")[2]]["properties"])

    return {name: keys(node) for name, node in schema["properties"].items()}


@pytest.mark.parametrize("section", sorted(sections()))
def test_every_setting_has_its_row_and_every_row_its_setting(section: str):
    chapter = SETTINGS.split(f"\n## {section}\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", chapter, re.MULTILINE)) == sections()[section]


@pytest.mark.parametrize("section", sorted(sections()))
def test_every_default_is_the_one_that_holds(section: str):
    """Where the table has a value. What depends on something else is in words there."""
    chapter = SETTINGS.split(f"\n## {section}\n")[1].split("\n## ")[0]
    usual = plain(Settings())[section]
    if isinstance(usual, dict):
        for key, told in re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", chapter, re.MULTILINE):
            assert _same(told, shown_default(usual[key]).strip("`")), key


def _same(told: str, held: str) -> bool:
    """A long text may be cut, and a number may be written without its zeros."""
    if told.endswith("…"):
        return held.startswith(told[:-1])
    return told == held or (told.isdecimal() and float(told) == float(held))


def test_every_address_is_documented():
    paths = {path for path in describe_api()["paths"] if path.startswith("/api/")}
    decisions = ("approve", "/reject", "/block")
    assert all(decision in API for decision in decisions)
    missing = {path for path in paths if path.replace("{decision}", "approve") not in API}
    assert missing == set()


def test_every_problem_type_is_documented_with_its_status():
    kinds = {kind.name: kind.status for kind in vars(problems).values() if isinstance(kind, problems.Kind)}
    documented = re.findall(r"^\| `([\w-]+)` \| (\d+) \|", API, re.MULTILINE)
    assert {name: int(status) for name, status in documented} == kinds


def test_every_verdict_and_outcome_is_explained():
    how = (ROOT / "docs/how-it-works.md").read_text()
    assert {verdict for verdict in Verdict if f"| {verdict} |" not in how} == set()
    trouble = (ROOT / "docs/troubleshooting.md").read_text()
    assert {
        outcome for outcome in set(Outcome) - {Outcome.OK, Outcome.EMPTY} if f"| {outcome} |" not in trouble
    } == set()


def test_every_example_of_a_configuration_is_one(tmp_path: Path):
    texts = [document.read_text() for document in DOCUMENTS]
    examples = [found for text in texts for found in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    assert examples
    for example in examples:
        (tmp_path / "config.yaml").write_text(example)
        load_settings(tmp_path, {})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_link_within_the_documentation_is_broken(document: Path):
    links = re.findall(r"\]\((?!https?://)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []
