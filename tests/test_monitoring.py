"""Dashboard, alert rules and docs/monitoring.md name metrics that exist, and every metric is documented."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from brainarr import metrics
from brainarr.service.execution import execute_run
from brainarr.service.runs import request_run
from brainarr.wiring.build import open_house
from brainarr.wiring.serve import web_app
from docs.site.metrics import measured_metrics, process_metrics, stored_metrics
from tests.cli.conftest import World, standing

ROOT = Path(__file__).parent.parent
DASHBOARD = json.loads((ROOT / "dashboards/brainarr.json").read_text())
ALERTS = yaml.safe_load((ROOT / "dashboards/alerts.yml").read_text())
DOCS = (ROOT / "docs/monitoring.md").read_text()

METRIC = re.compile(r"\b(?:brainarr|process)_[a-z_]+")
IN_QUOTES = re.compile(r"""\"[^\"]*\"|'[^']*'""")
SUFFIX = re.compile(r"_(?:bucket|count|sum)$")


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])
    for group in ALERTS["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def named_in(expression: str) -> set[str]:
    """The metrics that an expression asks for: names outside of quotes."""
    return set(METRIC.findall(IN_QUOTES.sub("", expression)))


def documented() -> dict[str, str]:
    """Name → type, out of the tables."""
    rows = re.findall(r"^\| (`(?:brainarr|process)_[^|]+) \| ([a-z ]+) \|", DOCS, re.MULTILINE)
    return {name: kind for cell, kind in rows for name in re.findall(r"`([a-z_]+)`", cell)}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    from brainarr.sandbox.starter import demo_library, starter_world

    music = starter_world()
    with standing(music, demo_library(music)[:8]) as servers:
        yield servers


@pytest.fixture
async def scraped(world: World, tmp_path: Path) -> AsyncIterator[tuple[dict[str, str], set[str]]]:
    """What /metrics shows after a run in the sandbox: name → type, and the names of the samples."""
    environ = world.environ | {"BRAINARR__COSTS__MONTHLY_BUDGET": "5"}
    async with open_house(tmp_path, environ) as house:
        asked = await request_run(house.db, "default", clock=house.clock)
        detail = await execute_run(house.runs, asked.id)
        assert detail.recommendations, detail.run
        # What needs a model, a poll that carries something, and the cache's own room.
        metrics.model_answered("home", "ok", 2.0)
        metrics.feed_polled("default", "artists", 3)
        for level in ("memory", "database"):
            metrics.cache_looked_up(level, "hit")
            metrics.cache_evicted(level)
            metrics.cache_holds(level, 1, 100)
        transport = httpx2.ASGITransport(app=web_app(house))
        async with httpx2.AsyncClient(transport=transport, base_url="http://brainarr") as client:
            # The first one is counted by the second.
            await client.get("/metrics", headers={"X-Api-Key": house.api_key})
            answer = await client.get("/metrics", headers={"X-Api-Key": house.api_key})
    assert answer.status_code == 200
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", answer.text, re.MULTILINE))
    samples = set(re.findall(r"^([a-z_]+)[{ ]", answer.text, re.MULTILINE))
    yield kinds, samples


@pytest.mark.loopback
async def test_every_metric_is_documented_with_its_type_and_what_is_documented_exists(
    scraped: tuple[dict[str, str], set[str]],
) -> None:
    kinds, _ = scraped
    # The classic text format has no state sets.
    said = {name: kind.replace("state set", "gauge") for name, kind in documented().items()}
    assert said == kinds


@pytest.mark.loopback
async def test_the_reference_has_what_is_shown(scraped: tuple[dict[str, str], set[str]]) -> None:
    kinds, _ = scraped
    read = {
        row.name: row.kind.replace("state set", "gauge")
        for row in (*stored_metrics(), *measured_metrics(), *process_metrics())
    }
    assert read == kinds


def test_the_reference_has_the_labels_that_are_documented() -> None:
    rows = re.findall(r"^\| `(brainarr_[a-z_]+)` \| [a-z ]+ \| ([a-z_, ]*)\|", DOCS, re.MULTILINE)
    told = {name: set(filter(None, re.split(r"[, ]+", cell))) for name, cell in rows}
    # Of a state set the name is a label as well.
    read = {row.name: set(row.labels) for row in (*stored_metrics(), *measured_metrics())}
    assert {name: labels - {name} for name, labels in told.items()} == read


@pytest.mark.loopback
async def test_whatever_dashboard_and_alerts_ask_for_exists(scraped: tuple[dict[str, str], set[str]]) -> None:
    kinds, samples = scraped
    known = samples | set(kinds)
    asked = set().union(*map(named_in, expressions()))
    assert len(asked) > 25
    assert {name for name in asked if name not in known} == set()
    # And the other way round: nothing is measured that nobody looks at.
    looked_at = {SUFFIX.sub("", name) for name in asked}
    assert {name for name in kinds if name.startswith("brainarr_")} - looked_at == set()


def test_labels_in_expressions_are_those_that_are_documented() -> None:
    rows = re.findall(r"^\| `(brainarr_[a-z_]+)` \| [a-z ]+ \| ([a-z_, ]*)\|", DOCS, re.MULTILINE)
    labels = {name: set(filter(None, re.split(r"[, ]+", cell))) for name, cell in rows}
    assert len(labels) > 30
    for expression in expressions():
        for name, selector in re.findall(r"(brainarr_[a-z_]+)\{([^}]*)\}", expression):
            used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", IN_QUOTES.sub("", selector)))
            assert used <= labels[SUFFIX.sub("", name)] | {"job"}, expression


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_expression_is_balanced(expression: str) -> None:
    closing = {")": "(", "]": "[", "}": "{"}
    open_: list[str] = []
    for char in IN_QUOTES.sub("", expression):
        if char in closing.values():
            open_.append(char)
        elif char in closing:
            assert open_.pop() == closing[char]
    assert not open_


def test_the_dashboard_can_be_imported() -> None:
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))
    assert [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"] == [
        "Overview",
        "Runs",
        "Providers and cost",
        "Cache",
        "Feeds",
        "HTTP",
        "Process and database",
    ]
    variables = {variable["name"]: variable["type"] for variable in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource": "datasource", "job": "query"}
    for panel in panels():
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells)), "panels overlap"


def test_every_alert_says_what_to_do() -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"] and rule["annotations"]["description"]
