"""The reference is read out of the code; here it is held against what a running Brainarr itself shows."""

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from brainarr.cli.app import app
from brainarr.llm.kinds import KINDS
from brainarr.settings.schema import Schema
from brainarr.web.app import describe_api
from brainarr.wiring.configuration import Settings
from docs.site.commands import commands, commands_page
from docs.site.markdown import prose
from docs.site.messages import health_messages, messages_page, problem_kinds
from docs.site.prices import prices_page
from docs.site.routes import routes_page
from docs.site.settings import lists_of_sections, settings_page

SETTINGS = settings_page()
COMMANDS = commands_page()
ROUTES = routes_page()


def test_every_setting_stands_there_once_with_its_variable():
    schema = Schema(Settings)
    keys = {".".join(map(str, path)) for path in schema.settings()}
    lists = {".".join(map(str, path)) for path in lists_of_sections()}
    assert "provider_chain" in lists
    entries = {
        f"{name}.0.{key}"
        for name in lists
        for branch in schema.branches((*name.split("."), 0))
        for key in branch["properties"]
    }
    shown = re.findall(r'<a id="([\w.]+)"></a>`([\w.]+)`<br>`(\w+)`', SETTINGS)
    assert sorted(anchor for anchor, _, _ in shown) == sorted(keys | entries)
    assert all(anchor == key for anchor, key, _ in shown)
    assert all(variable == f"BRAINARR__{key.upper().replace('.', '__')}" for _, key, variable in shown)


def test_what_a_secret_is_set_to_is_nowhere():
    assert "*secret*" in SETTINGS
    row = next(line for line in SETTINGS.splitlines() if '"server.api_key"' in line)
    assert row.endswith("*secret* |")


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_says_what_its_own_help_says(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")
    words = name.split()[1:]
    said = CliRunner().invoke(app, [*words, "--help"])
    assert said.exit_code == 0
    chapter = COMMANDS.split(f"\n## {name}\n")[1].split("\n## ")[0]
    offered = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", said.output)) - {"--help", "--config"}
    assert {option for option in offered if option not in chapter} == set()


def test_there_are_commands_within_commands_and_none_that_is_hidden():
    names = {name for name, _ in commands()}
    assert {"brainarr serve", "brainarr db upgrade", "brainarr api-key", "brainarr api-key add"} <= names
    assert "web-process" not in COMMANDS


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    methods = ("get", "post", "put", "patch", "delete")
    return [
        (method.upper(), path, operation)
        for path, item in describe_api()["paths"].items()
        for method, operation in item.items()
        if method in methods
    ]


def test_every_address_stands_there_with_what_it_takes_and_answers():
    for method, path, operation in operations():
        chapter = ROUTES.split(f"\n### {method} {path}\n")[1].split("\n### ")[0]
        for parameter in operation.get("parameters", ()):
            assert parameter["name"] == "idempotency-key" or f"`{parameter['name']}`" in chapter, path
        answers = operation["responses"].keys() - (
            {"401", "403", "422", "429"} if path.startswith("/api/") else set()
        )
        assert {status for status in answers if f"- **{status}**" not in chapter} == set(), path
    assert len(operations()) > 60


def test_what_is_to_be_posted_is_told_field_by_field():
    chapter = ROUTES.split("\n### POST /api/v1/runs\n")[1].split("\n### ")[0]
    for field in ("list", "dry_run", "wish", "styles_include", "seeds"):
        assert f"| `{field}` | body |" in chapter


def test_every_message_is_listed():
    page = messages_page()
    assert {issue.message for issue in health_messages() if prose(issue.message) not in page} == set()
    assert {kind.name for kind in problem_kinds() if f":{kind.name}`" not in page} == set()


def test_every_kind_of_provider_has_its_price_or_says_that_it_has_none():
    rows = {
        row[0].strip("`"): row[1:]
        for row in re.findall(r"^\| (`\w+`) \| (.*) \|$", prices_page(), re.MULTILINE)
    }
    assert rows.keys() == KINDS.keys()
    for name, kind in KINDS.items():
        priced = "$" in rows[name][0]
        assert priced == (kind.needs_key and kind.default_model is not None), name


def test_a_word_with_marks_in_it_stays_that_word():
    assert prose("a_b <c> `d_e` *f*\n g") == r"a\_b &lt;c> `d_e` \*f\* g"
