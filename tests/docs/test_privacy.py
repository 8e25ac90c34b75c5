"""docs/privacy.md names every host that Brainarr asks by itself, and how to switch each off."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from brainarr.llm.kinds import KINDS
from brainarr.settings.schema import Schema
from brainarr.settings.setting import plain, within
from brainarr.wiring.configuration import Settings, load_settings

ROOT = Path(__file__).parents[2]
PRIVACY = (ROOT / "docs/privacy.md").read_text()
SCHEMA = Schema(Settings)
MINE = re.compile(r"(?:127\.|localhost|\[?::1)")


def default_hosts() -> Iterator[tuple[str, str]]:
    """Setting → the host that it leads to when nobody says anything."""
    values = plain(Settings())
    for path in SCHEMA.settings():
        value = within(values, tuple(map(str, path)))
        if isinstance(value, str) and (host := urlsplit(value).hostname) and "://" in value:
            yield ".".join(map(str, path)), host


def rows(title: str) -> list[list[str]]:
    chapter = PRIVACY.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in chapter.splitlines()
        if line.startswith("|")
    ]


ASKED = {
    name: row for row in rows("Whom Brainarr asks by itself") for name in re.findall(r"^`([\w.-]+)`", row[0])
}


@pytest.mark.parametrize(("key", "host"), list(default_hosts()))
def test_every_host_of_the_default_settings_is_named_with_what_it_is_told_and_how_to_switch_it_off(
    key: str, host: str
):
    section = key.split(".")[0]
    if section == "lastfm":
        # Asked only with a key of yours.
        assert any(
            f"`{host}`" in row[0] and "`lastfm.api_key`" in row[3]
            for row in rows("Whom it asks if you say so")
        )
        return
    told = ASKED[host]
    assert all(told[1:])
    assert f"`{section}." in told[3]


def test_nobody_is_named_who_is_not_asked():
    assert ASKED.keys() == {host for key, host in default_hosts() if not key.startswith("lastfm.")}


def test_every_model_in_the_cloud_is_named_with_its_host():
    named = dict(re.findall(r"^\| `(\w+)` \| `([\w.-]+)` \|$", PRIVACY, re.MULTILINE))
    hosts = {name: urlsplit(kind.base_url).hostname or "" for name, kind in KINDS.items() if kind.base_url}
    assert named == {name: host for name, host in hosts.items() if not MINE.match(host)}
    at_home = {name for name, host in hosts.items() if MINE.match(host)}
    assert {name for name in at_home if f"`{name}`" not in PRIVACY} == set()


def test_every_switch_is_a_setting():
    switches = set(re.findall(r"`([a-z_]+\.[a-z_.]+)(?:: [\w\"/:.-]+)?`", PRIVACY))
    known = {".".join(map(str, path)) for path in SCHEMA.settings()} | {"auth.oidc"}
    hosts = set(ASKED) | {host for _, host in default_hosts()} | {"archive.org"}
    unknown = {
        name for name in switches - known - hosts if not name.endswith((".com", ".ai", ".xyz", ".md", ".org"))
    }
    assert unknown == set()


def test_with_the_settings_for_nobody_no_foreign_host_is_left(tmp_path: Path):
    (example,) = re.findall(r"## Nobody but your own machines\n\n```yaml\n(.*?)```", PRIVACY, re.DOTALL)
    (tmp_path / "config.yaml").write_text(example)
    values = plain(load_settings(tmp_path, {}).values)
    left = {
        key: host
        for key, _ in default_hosts()
        if (host := urlsplit(str(within(values, tuple(key.split("."))))).hostname)
        and within(values, (key.split(".")[0], "enabled")) is not False
        and not key.startswith("lastfm.")
    }
    assert left == {"musicbrainz.base_url": "mirror.lan"}
