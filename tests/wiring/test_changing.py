"""Reading and changing the settings of an installed Brainarr: what counts, and what is refused."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from brainarr.errors import ConfigurationError
from brainarr.service.settings import Configuration
from brainarr.settings.layers import Origin
from brainarr.settings.schema import Schema
from brainarr.settings.setting import Kind, Setting
from brainarr.store.tables import settings as rows
from brainarr.wiring.build import House, open_house
from brainarr.wiring.changing import configuration_of
from brainarr.wiring.configuration import Settings
from brainarr.wiring.words import CHAPTERS

PLANTED = "planted-secret-0123456789"
OTHER = "another-secret-9876543210"
OPENAI = {"name": "cloud", "kind": "openai", "api_key": PLANTED}
CLAUDE = {"name": "claude", "kind": "anthropic", "api_key": OTHER}


@asynccontextmanager
async def installed(
    folder: Path, yaml: str = "", environ: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[House, Configuration]]:
    (folder / "config.yaml").write_text(yaml)
    async with open_house(folder, environ or {}) as house:
        yield house, configuration_of(house.ground)


async def by_key(configuration: Configuration) -> dict[str, Setting]:
    return {setting.key: setting for setting in await configuration.read()}


async def chain_of(folder: Path) -> list[tuple[str, str]]:
    """Names and keys of the provider chain, as the next start has them."""
    async with open_house(folder, {}) as house:
        return [
            (entry.name, entry.api_key.get_secret_value() if entry.api_key else "")
            for entry in house.settings.provider_chain
        ]


async def refused(configuration: Configuration, **values: object) -> dict[str, str]:
    """The faults by key."""
    dotted = {key.replace("__", "."): value for key, value in values.items()}
    with pytest.raises(ConfigurationError) as caught:
        await configuration.change(dotted)
    return {fault.key: str(fault) for fault in caught.value.faults}


def test_every_setting_has_its_words_once_and_all_words_have_their_setting():
    known = [".".join(map(str, path)) for path in Schema(Settings).settings()]
    worded = [key for chapter in CHAPTERS for _, key, _ in chapter]
    assert sorted(worded) == sorted(known)
    for chapter in CHAPTERS:
        for _, key, words in chapter:
            assert words.title and words.help and len(words.title) <= 40, key
            assert not words.title.endswith("."), key


def test_choices_in_the_words_are_choices_of_the_setting():
    schema = Schema(Settings)
    for chapter in CHAPTERS:
        for _, key, words in chapter:
            assert set(words.choices) <= set(schema.choices(tuple(key.split(".")))), key


async def test_what_is_optional_says_what_nothing_means(tmp_path: Path):
    async with installed(tmp_path) as (_, configuration):
        silent = [
            setting.key
            for setting in await configuration.read()
            if setting.optional and setting.kind is not Kind.SECRET and not setting.none
        ]
    assert silent == []


async def test_a_setting_tells_its_layer_its_place_and_its_default(tmp_path: Path):
    yaml = "recommend:\n  target: artists\n"
    environ = {"BRAINARR__SERVER__PORT": "8700"}
    async with installed(tmp_path, yaml, environ) as (_, configuration):
        await configuration.change({"recommend.max_recommendations": 7, "costs.monthly_budget": "2.50"})
        found = await by_key(configuration)
    target, port = found["recommend.target"], found["server.port"]
    most, budget = found["recommend.max_recommendations"], found["costs.monthly_budget"]
    assert (target.value, target.locked, target.place) == ("artists", True, "config.yaml, line 2")
    assert (port.value, port.locked, port.place) == (8700, True, "BRAINARR__SERVER__PORT")
    assert (most.value, most.default, most.origin, most.locked) == (7, 20, Origin.DATABASE, False)
    assert (budget.kind, budget.value, budget.unit) == (Kind.MONEY, "2.50", "")
    assert found["recommend.discovery"].choices[2][0] == "exploratory"
    assert not found["recommend.discovery"].is_set
    assert found["database.url"].locked
    assert "BRAINARR__DATABASE__URL" in found["database.url"].place


async def test_what_was_changed_holds_at_the_next_start_until_it_is_forgotten(tmp_path: Path):
    weights = {"deezer": 0.25}
    async with installed(tmp_path) as (_, configuration):
        await configuration.change(
            {"recommend.styles_avoid": ["polka"], "recommend.source_weights": weights, "log.level": "debug"}
        )
    async with open_house(tmp_path, {}) as house:
        recommend = house.settings.recommend
        assert (recommend.styles_avoid, recommend.source_weights) == (("polka",), weights)
        assert house.settings.log.level == "debug"
        await configuration_of(house.ground).change({}, ["log.level", "recommend.source_weights"])
    async with open_house(tmp_path, {}) as house:
        assert house.settings.log.level == "info"
        assert house.settings.recommend.source_weights == {}
        assert house.settings.recommend.styles_avoid == ("polka",)


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("recommend.target", "songs", "artists, albums or mixed"),
        ("recommend.max_recommendations", 0, "from 1 to 100"),
        ("recommend.max_recommendations", "", "from 1 to 100"),
        ("recommend.styles_avoid", "rock", "list"),
        ("recommend.source_weights", {"nobody": 1}, "no source 'nobody'"),
        ("recommend.schedule", "sometimes", "cron"),
        ("server.workers", 3, "redis.url"),
        ("lastfm.user", "me", "lastfm.api_key"),
        ("lidarr.url", {"a": 1}, ""),
        ("provider_chain", [], "at least one"),
        ("provider_chain", [{"kind": "openai"}], "API key"),
        ("server.prt", 1, "server.port"),
        ("recommend", {}, "recommend"),
        ("database.url", "sqlite:///other.db", "BRAINARR__DATABASE__URL"),
    ],
)
async def test_what_a_start_would_refuse_is_refused_and_nothing_of_it_stored(
    tmp_path: Path, key: str, value: object, allowed: str
):
    async with installed(tmp_path) as (_, configuration):
        before = await configuration.read()
        with pytest.raises(ConfigurationError) as caught:
            await configuration.change({key: value, "log.level": "debug"})
        # What does not go together is a fault of the section.
        assert any(f"{fault.key}.".startswith(key.partition(".")[0]) for fault in caught.value.faults)
        assert allowed in str(caught.value)
        assert [fault.key for fault in await configuration.check({key: value})] == [
            fault.key for fault in caught.value.faults
        ]
        assert await configuration.read() == before


async def test_a_locked_setting_is_refused_with_the_place_that_locks_it(tmp_path: Path):
    async with installed(tmp_path, "lidarr:\n  url: http://here\n", {"BRAINARR__LOG__LEVEL": "info"}) as (
        _,
        configuration,
    ):
        faults = await refused(configuration, lidarr__url="http://there", log__level="debug")
        assert "config.yaml, line 2" in faults["lidarr.url"]
        assert "BRAINARR__LOG__LEVEL" in faults["log.level"]
        with pytest.raises(ConfigurationError, match="line 2"):
            await configuration.change({}, ["lidarr.url"])


async def test_a_folder_that_nobody_may_write_to_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    async with installed(tmp_path) as (_, configuration):
        faults = await refused(
            configuration, backup__folder=str(tmp_path / "file" / "below"), log__file="no/such/place.log"
        )
        assert faults.keys() == {"backup.folder", "log.file"}
        await configuration.change({"backup.folder": "not/there/yet", "log.file": "brainarr.log"})


@pytest.mark.parametrize(
    "name", ["config.yaml", "./config.yaml", "secret.key", "brainarr.db", "brainarr.db-wal", "link"]
)
async def test_the_log_does_not_go_into_a_file_that_brainarr_lives_of(tmp_path: Path, name: str):
    (tmp_path / "link").symlink_to("config.yaml")
    async with installed(tmp_path) as (_, configuration):
        assert "log.file" in await refused(configuration, log__file=name)


async def test_secrets_are_encrypted_and_nowhere_to_be_read_again(tmp_path: Path):
    with capture_logs() as lines:
        async with installed(tmp_path) as (house, configuration):
            await configuration.change(
                {
                    "lidarr.api_key": PLANTED,
                    "provider_chain": [OPENAI],
                    "notifications.urls": [f"ntfy://{PLANTED}@host/topic"],
                    "redis.url": f"redis://:{PLANTED}@host:1/0",
                },
                by="somebody",
            )
            found = await by_key(configuration)
            faults = await refused(configuration, lidarr__timeout=PLANTED, lidarr__api_key=[PLANTED])
            async with house.db.reading() as connection:
                stored = str((await connection.execute(select(rows))).all())
    assert PLANTED not in f"{found}{faults}{stored}{lines}"
    assert (found["lidarr.api_key"].value, found["lidarr.api_key"].is_set) == (None, True)
    assert (found["redis.url"].value, found["redis.url"].secret) == (None, True)
    assert found["notifications.urls"].value == ["unchanged:0"]
    (said,) = [line for line in lines if line["event"] == "settings changed"]
    assert said["by"] == "somebody"
    assert "lidarr.api_key" in said["changed"]


async def test_unchanged_secrets_of_the_chain_stay_in_another_order_and_under_another_name(tmp_path: Path):
    async with installed(tmp_path) as (_, configuration):
        await configuration.change({"provider_chain": [OPENAI, CLAUDE]})
        shown = (await by_key(configuration))["provider_chain"].value
        assert isinstance(shown, list)
        first, second = shown
        assert (first["api_key"], second["api_key"]) == ("unchanged:cloud", "unchanged:claude")
        await configuration.change({"provider_chain": [{**second, "name": "renamed"}, first]})
    assert await chain_of(tmp_path) == [("renamed", OTHER), ("cloud", PLANTED)]


async def test_the_bare_mark_keeps_the_secret_of_the_entry_of_that_name(tmp_path: Path):
    async with installed(tmp_path) as (_, configuration):
        await configuration.change({"provider_chain": [OPENAI, CLAUDE]})
        await configuration.change(
            {"provider_chain": [{**CLAUDE, "api_key": "unchanged"}, {**OPENAI, "api_key": "another-one"}]}
        )
        stranger = {"name": "stranger", "kind": "openai", "api_key": "unchanged"}
        faults = await refused(configuration, provider_chain=[stranger])
        assert "no stored secret of 'stranger'" in faults["provider_chain.0.api_key"]
    assert await chain_of(tmp_path) == [("claude", OTHER), ("cloud", "another-one")]


async def test_an_address_of_notifications_stays_where_others_come_and_go(tmp_path: Path):
    async with installed(tmp_path) as (house, configuration):
        await configuration.change({"notifications.urls": ["ntfy://one", "ntfy://two"]})
        await configuration.change({"notifications.urls": ["unchanged:1", "ntfy://three"]})
        assert "entry" not in str(await configuration.check({"notifications.urls": ["unchanged:1"]}))
        faults = await configuration.check({"notifications.urls": ["unchanged:7"]})
        assert [fault.key for fault in faults] == ["notifications.urls.0"]
    async with open_house(tmp_path, {}) as house:
        kept = [url.get_secret_value() for url in house.settings.notifications.urls]
    assert kept == ["ntfy://two", "ntfy://three"]


async def test_two_who_save_at_once_both_have_their_way(tmp_path: Path):
    async with installed(tmp_path) as (house, configuration):
        other = configuration_of(house.ground)
        await asyncio.gather(
            configuration.change({"recommend.target": "mixed"}),
            other.change({"recommend.discovery": "similar"}),
            other.change({"log.level": "warning"}),
        )
        found = await by_key(configuration)
    values = [found[key].value for key in ("recommend.target", "recommend.discovery", "log.level")]
    assert values == ["mixed", "similar", "warning"]


async def test_two_changes_that_do_not_go_together_do_not_both_succeed(tmp_path: Path):
    """Each is right by itself: a user needs the key that the other one takes away."""
    async with installed(tmp_path) as (house, configuration):
        await configuration.change({"lastfm.api_key": PLANTED})
        ends = await asyncio.gather(
            configuration.change({"lastfm.user": "me"}),
            configuration_of(house.ground).change({}, ["lastfm.api_key"]),
            return_exceptions=True,
        )
    assert sorted(type(end).__name__ for end in ends) == ["ConfigurationError", "NoneType"]
    async with open_house(tmp_path, {}):
        pass


async def test_the_api_key_goes_back_to_a_new_one(tmp_path: Path):
    async with installed(tmp_path) as (house, configuration):
        first = house.api_key
        await configuration.change({"server.api_key": PLANTED})
        await configuration.change({}, ["server.api_key"])
    async with open_house(tmp_path, {}) as house:
        assert house.api_key not in (first, PLANTED, "")


async def test_what_cannot_change_while_it_runs_is_pending_until_the_next_start(tmp_path: Path):
    async with installed(tmp_path) as (_, configuration):
        await configuration.change({"server.port": 8701, "recommend.target": "mixed"})
        found = await by_key(configuration)
        assert found["server.port"].needs_restart and found["server.port"].pending
        assert not found["recommend.target"].needs_restart
    async with installed(tmp_path) as (house, configuration):
        assert house.settings.server.port == 8701
        assert not (await by_key(configuration))["server.port"].pending


TOLD = {
    "lidarr": ("lidarr.url", "lidarr.api_key", "http://lidarr:8686"),
    "last.fm": ("lastfm.base_url", "lastfm.api_key", "https://mirror.example/2.0/"),
    "listenbrainz": ("listenbrainz.base_url", "listenbrainz.token", "https://mirror.example"),
    "its other address": ("listenbrainz.labs_url", "listenbrainz.token", "https://mirror.example"),
}


@pytest.mark.parametrize(("address", "secret", "first"), TOLD.values(), ids=TOLD)
async def test_a_secret_does_not_follow_its_address_to_another_host(
    tmp_path: Path, address: str, secret: str, first: str
):
    async with installed(tmp_path) as (_, configuration):
        await configuration.change({address: first, secret: PLANTED})
        # Another path on that very host is the same service still.
        await configuration.change({address: f"{first.rstrip('/')}/below"})
        stored = await configuration.read()
        for elsewhere in ("https://evil.example", "http://evil.example:8686", first.replace("//", "//not-")):
            with pytest.raises(ConfigurationError) as caught:
                await configuration.change({address: elsewhere})
            assert [fault.key for fault in caught.value.faults] == [address]
            assert PLANTED not in str(caught.value)
            assert [fault.key for fault in await configuration.check({address: elsewhere})] == [address]
        assert await configuration.read() == stored
        await configuration.change({address: "http://moved.example", secret: PLANTED})
        assert (await by_key(configuration))[address].value == "http://moved.example"


async def test_a_secret_does_not_follow_in_two_steps_either(tmp_path: Path):
    async with installed(tmp_path) as (_, configuration):
        await configuration.change({"lidarr.url": "http://lidarr:8686", "lidarr.api_key": PLANTED})
        await configuration.change({}, ["lidarr.url"])
        assert "lidarr.url" in await refused(configuration, lidarr__url="http://evil.example")
        await configuration.change({"lidarr.url": "http://evil.example"}, ["lidarr.api_key"])


async def test_going_back_to_the_usual_address_is_going_to_another_host(tmp_path: Path):
    async with installed(tmp_path) as (_, configuration):
        await configuration.change({"lastfm.base_url": "http://mirror.example", "lastfm.api_key": PLANTED})
        with pytest.raises(ConfigurationError, match=r"lastfm\.base_url"):
            await configuration.change({}, ["lastfm.base_url"])


async def test_a_secret_that_a_variable_fixes_stays_with_its_address(tmp_path: Path):
    environ = {"BRAINARR__LIDARR__API_KEY": PLANTED}
    async with installed(tmp_path, "", environ) as (_, configuration):
        faults = await refused(configuration, lidarr__url="http://evil.example")
    assert "BRAINARR__LIDARR__API_KEY" in faults["lidarr.url"]


async def test_no_entry_of_the_chain_takes_a_key_to_another_host(tmp_path: Path):
    async with installed(tmp_path) as (_, configuration):
        await configuration.change({"provider_chain": [OPENAI, CLAUDE]})
        kept = {"name": "cloud", "kind": "openai", "api_key": "unchanged:cloud"}
        for change in (
            [{**kept, "base_url": "https://evil.example/v1"}],
            [kept, {"name": "new", "kind": "openai_compatible", "base_url": "https://evil.example/v1",
                    "api_key": "unchanged:claude"}],
            [{**kept, "kind": "openrouter"}],
        ):  # fmt: skip
            faults = await refused(configuration, provider_chain=change)
            assert all(key.endswith(".base_url") for key in faults), faults
        # The same host by another name, and a second model there, are fine.
        await configuration.change({"provider_chain": [kept, {**kept, "name": "two", "model": "gpt-5"}]})
    assert await chain_of(tmp_path) == [("cloud", PLANTED), ("two", PLANTED)]


async def test_where_people_find_brainarr_is_no_place_that_its_key_is_told(tmp_path: Path):
    async with installed(tmp_path) as (_, configuration):
        await configuration.change({"server.api_key": PLANTED})
        await configuration.change({"server.external_url": "https://music.example.org"})
