"""What stands in a Lidarr for Brainarr, all together, and what happens by itself once Lidarr can reach it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from brainarr.domain.import_lists import Channel, State
from brainarr.errors import Conflict, NotFound, ProviderError
from brainarr.sandbox.faults import Fault, Faults
from brainarr.sandbox.lidarr.held import Notification
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.service.health import read_health
from brainarr.service.lidarr_link import PAUSE, WEBHOOK, next_try, read_left_off, switch_on
from brainarr.service.lidarr_links import Link, Linked, connect_link, read_link, remove_link, repair_link
from brainarr.service.lidarr_setup import Wanted
from brainarr.service.lists import DEFAULT_LIST, create_list
from brainarr.service.webhook_keys import forget_webhook_key, known_webhook_key, webhook_key
from brainarr.wiring.build import House
from brainarr.wiring.sandboxed import Sandboxed, open_sandboxed
from tests.store.given import StandingClock

pytestmark = pytest.mark.loopback

RECEIVER = "/webhooks/lidarr/default"
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Town:
    sandboxed: Sandboxed
    clock: StandingClock
    address: str
    """Where this Brainarr answers."""

    @property
    def house(self) -> House:
        return self.sandboxed.house

    @property
    def web(self) -> Faults:
        return self.sandboxed.web

    @property
    def lists(self):
        return self.house.outside.lidarrs["default"].lists

    @property
    def webhook(self) -> Notification:
        (one,) = self.sandboxed.lidarr.notifications.values()
        return one

    def _here(self):
        return self.house.db, self.house.installation.secrets, self.lists, "default"

    async def connect(self, address: str | None = None, **choices: object) -> Linked:
        where = address or self.address
        return await connect_link(*self._here(), where, Wanted(), clock=self.clock, **choices)  # type: ignore[arg-type]

    async def status(self) -> Link:
        return await read_link(*self._here(), self.address)

    async def repair(self, slugs: list[str] | None = None) -> Linked:
        return await repair_link(*self._here(), self.address, clock=self.clock, slugs=slugs)

    async def remove(self, slugs: list[str] | None = None) -> int:
        return await remove_link(*self._here(), self.address, slugs)

    async def switch_on(self) -> int:
        db, secrets, lists, instance = self._here()
        return await switch_on(db, secrets, {instance: lists}, self.address, clock=self.clock)

    async def left_off(self) -> list[str]:
        return [one.channel for one in await read_left_off(self.house.db)]

    def states(self) -> list[bool]:
        """Which of both lists and the webhook are on, in Lidarr's own eyes."""
        lists = [one.enable_automatic_add for one in self.sandboxed.lidarr.lists.values()]
        return [*lists, *(bool(one.flags) for one in self.sandboxed.lidarr.notifications.values())]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    world, clock = starter_world(), StandingClock()
    async with open_sandboxed(tmp_path, world, demo_library(world)[:3], clock=clock) as sandboxed:
        address = str(sandboxed.albums_list.fields["baseUrl"]).removesuffix(f"/lists/{DEFAULT_LIST}")
        sandboxed.lidarr.lists.clear()
        yield Town(sandboxed, clock, address)


async def test_connected_lists_and_webhook_stand_as_they_should(town: Town) -> None:
    linked = await town.connect()
    assert [one.made for one in linked.lists] == [True, True]
    assert linked.webhook is not None and linked.webhook.made
    assert linked.left_off == ()
    assert town.states() == [True, True, True]
    link = await town.status()
    assert link.is_right
    assert link.warning == ""
    assert town.webhook.fields["url"] == f"{town.address}{RECEIVER}"
    key = await known_webhook_key(town.house.db, town.house.installation.secrets, "default")
    assert town.webhook.fields["headers"] == [{"key": "X-Api-Key", "value": key}]
    assert town.webhook.tags == ()
    assert {"onGrab", "onReleaseImport", "onUpgrade", "onArtistAdd", "onArtistDelete"} <= town.webhook.flags
    assert {"onAlbumDelete", "onDownloadFailure", "onImportFailure", "onHealthIssue"} <= town.webhook.flags


async def test_connected_twice_everything_is_there_once(town: Town) -> None:
    await town.connect()
    linked = await town.connect()
    assert [one.made for one in linked.lists] == [False, False]
    assert linked.webhook is not None and not linked.webhook.made
    assert len(town.states()) == 3


async def test_nothing_is_right_before_anything_is_there(town: Town) -> None:
    link = await town.status()
    assert not link.is_right
    assert link.webhook.state is State.MISSING


async def test_an_old_lidarr_is_warned_of(town: Town) -> None:
    town.sandboxed.lidarr.version = "2.9.6.4552"
    assert "only the first artist" in (await town.status()).warning
    town.sandboxed.lidarr.version = "2.10.0.4574"
    assert (await town.status()).warning == ""


async def test_what_lidarr_cannot_reach_yet_is_switched_on_as_soon_as_it_can(town: Town) -> None:
    linked = await town.connect(NOWHERE)
    assert len(linked.left_off) == 3
    assert town.states() == [False, False, False]
    assert await town.left_off() == ["albums", "artists", WEBHOOK]
    async with town.house.db.reading() as connection:
        assert await next_try(connection) == town.clock() + PAUSE
    town.clock.advance(minutes=10)
    assert await town.switch_on() == 3
    assert town.states() == [True, True, True]
    assert (await town.status()).is_right
    assert await town.left_off() == []
    async with town.house.db.reading() as connection:
        assert await next_try(connection) is None


async def test_health_says_what_lidarr_cannot_reach(town: Town) -> None:
    await town.connect(NOWHERE)
    issues = await read_health(town.house.db, clock=town.clock)
    (issue,) = [issue for issue in issues if issue.source == "Connection"]
    assert f"cannot reach Brainarr at {NOWHERE}" in issue.message
    assert "albums of default, artists of default, the webhook are switched off" in issue.message
    assert "server.external_url" in issue.remedy
    await town.switch_on()
    assert not [
        one for one in await read_health(town.house.db, clock=town.clock) if one.source == "Connection"
    ]


async def test_what_is_still_out_of_reach_waits_on_and_says_why(town: Town) -> None:
    town.web.inject(Fault("/lists/", status=503))
    await town.connect()
    assert await town.left_off() == ["albums", "artists"]
    town.clock.advance(minutes=10)
    assert await town.switch_on() == 0
    (first, _) = await read_left_off(town.house.db)
    assert first.tried_at == town.clock()
    assert "server.external_url" in first.remedy
    town.web.clear()
    assert await town.switch_on() == 2


async def test_what_a_person_switched_off_stays_off(town: Town) -> None:
    await town.connect()
    for one in town.sandboxed.lidarr.lists.values():
        one.enable_automatic_add = False
    town.clock.advance(hours=1)
    assert await town.switch_on() == 0
    assert town.states() == [False, False, True]


async def test_what_a_person_removed_or_switched_on_meanwhile_is_let_be(town: Town) -> None:
    await town.connect(NOWHERE)
    albums, artists = town.sandboxed.lidarr.lists.values()
    albums.enable_automatic_add = True
    del town.sandboxed.lidarr.lists[artists.id]
    town.sandboxed.lidarr.notifications.clear()
    assert await town.switch_on() == 0
    assert await town.left_off() == []
    # It still reads the old address: the person's own doing, and `status` says so.
    assert albums.fields["baseUrl"] == f"{NOWHERE}/lists/default"
    assert town.states() == [True]


async def test_a_lidarr_that_is_away_when_it_is_tried_is_tried_again(town: Town, tmp_path: Path) -> None:
    await town.connect(NOWHERE)

    class Away:
        webhooks = town.lists.webhooks

        async def read(self):
            raise ProviderError("lidarr", "is away.", remedy="Wait.")

    lidarrs = {"default": Away()}
    secrets = town.house.installation.secrets
    town.clock.advance(minutes=10)
    with pytest.raises(ProviderError, match="away"):
        await switch_on(town.house.db, secrets, lidarrs, town.address, clock=town.clock)  # type: ignore[arg-type]
    # The webhook was asked about by itself, and is on.
    assert await town.left_off() == ["albums", "artists"]
    (first, _) = await read_left_off(town.house.db)
    assert first.said.endswith("is away")
    assert first.tried_at == town.clock()


async def test_without_an_address_of_today_the_one_lidarr_was_told_is_tried(town: Town) -> None:
    town.web.inject(Fault("/lists/", status=503, times=2))
    await town.connect()
    db, secrets, lists, instance = town.house.db, town.house.installation.secrets, town.lists, "default"
    assert await switch_on(db, secrets, {instance: lists}, None, clock=town.clock) == 2
    assert await town.left_off() == []


async def test_a_lidarr_that_is_configured_no_more_is_forgotten(town: Town) -> None:
    await town.connect(NOWHERE)
    assert await switch_on(town.house.db, town.house.installation.secrets, {}, None, clock=town.clock) == 0
    assert await town.left_off() == []


async def test_a_webhook_that_a_person_bent_is_told_and_straightened(town: Town) -> None:
    await town.connect()
    hook = town.webhook
    hook.flags = frozenset({"onGrab", "onRename"})
    hook.tags = (1,)
    hook.fields["url"] = f"{NOWHERE}{RECEIVER}"
    standing = (await town.status()).webhook
    assert standing.state is State.DIFFERS
    assert [said.split(",")[0] for said in standing.differences] == [
        f"it tells {NOWHERE}{RECEIVER}",
        "it does not tell of ReleaseImport",
        "it has tags",
    ]
    linked = await town.repair()
    assert linked.webhook is not None
    assert (await town.status()).is_right
    assert (town.webhook.id, town.webhook.tags) == (hook.id, ())
    assert "onRename" in town.webhook.flags


async def test_a_new_key_makes_the_webhook_differ_until_it_is_repaired(town: Town) -> None:
    await town.connect()
    secrets = town.house.installation.secrets
    await forget_webhook_key(town.house.db, "default")
    key = await webhook_key(town.house.db, secrets, "default", clock=town.clock)
    assert (await town.status()).webhook.differences == ("it has an old key, or another one",)
    await town.repair()
    assert town.webhook.fields["headers"] == [{"key": "X-Api-Key", "value": key}]


async def test_removed_and_set_up_again_the_webhook_has_another_key(town: Town) -> None:
    """So one that leaked is revoked."""
    await town.connect()
    secrets = town.house.installation.secrets
    leaked = await known_webhook_key(town.house.db, secrets, "default")
    await town.remove()
    assert await known_webhook_key(town.house.db, secrets, "default") is None
    await town.connect()
    assert town.webhook.fields["headers"][0]["value"] not in (None, leaked)
    assert (await town.status()).is_right


async def test_a_repair_corrects_and_makes_nothing(town: Town) -> None:
    assert await town.repair() == Linked((), None)
    await town.connect()
    albums, artists = town.sandboxed.lidarr.lists.values()
    del town.sandboxed.lidarr.lists[artists.id]
    albums.should_monitor = "entireArtist"
    linked = await town.repair()
    assert [one.channel for one in linked.lists] == [Channel.ALBUMS]
    assert linked.webhook is None
    assert len(town.sandboxed.lidarr.lists) == 1


async def test_removed_everything_is_gone_and_so_is_what_waited(town: Town) -> None:
    await town.connect(NOWHERE)
    assert await town.remove() == 3
    assert town.states() == []
    assert await town.left_off() == []
    assert await town.remove() == 0


async def test_one_list_alone_is_connected_repaired_and_removed(town: Town) -> None:
    secrets = town.house.installation.secrets
    other = await create_list(town.house.db, secrets, "Late Night", clock=town.clock)
    linked = await town.connect(slugs=[other.slug], webhook=False)
    assert {one.name for one in linked.lists} == {"Late Night (albums)", "Late Night (artists)"}
    assert town.sandboxed.lidarr.notifications == {}
    await town.connect()
    assert len(town.sandboxed.lidarr.lists) == 4
    assert await town.remove([other.slug]) == 2
    assert len(town.sandboxed.lidarr.lists) == 2
    assert len(town.sandboxed.lidarr.notifications) == 1
    with pytest.raises(NotFound, match="unheard-of"):
        await town.repair(["unheard-of"])


async def test_a_list_for_another_lidarr_is_not_set_up_in_this_one(town: Town) -> None:
    db, secrets, lists, _ = town.house.db, town.house.installation.secrets, town.lists, ""
    with pytest.raises(Conflict, match="for the Lidarr default"):
        await connect_link(
            db, secrets, lists, "attic", town.address, Wanted(), clock=town.clock, slugs=["default"]
        )


async def test_the_worker_has_a_task_that_comes_when_something_is_left_off(town: Town) -> None:
    from brainarr.wiring.working import house_chores

    (chore,) = [one for one in house_chores(town.house) if one.task.name == "lidarr_setup"]
    assert chore.task.wanted is not None
    async with town.house.db.reading() as connection:
        assert await chore.task.wanted(connection) is None
    town.web.inject(Fault("/lists/", status=503, times=2))
    await town.connect()
    async with town.house.db.reading() as connection:
        assert await chore.task.wanted(connection) == town.clock() + timedelta(minutes=10)
    await chore.do(None, None)  # type: ignore[arg-type]
    assert town.states() == [True, True, True]
