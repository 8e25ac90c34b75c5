"""One click in Brainarr, and a Lidarr has both lists: against the sandbox, over HTTP, there and back."""

from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from brainarr.domain.import_lists import Channel, State
from brainarr.domain.lists import ListKind
from brainarr.errors import ProviderRejected
from brainarr.sandbox import listsync
from brainarr.sandbox.lidarr.holdings import NOTHING, STANDARD, Holdings
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.service import lidarr_setup
from brainarr.service.lidarr_setup import Wanted, read_setup, set_up, take_down
from brainarr.service.lists import DEFAULT_LIST, ListRow, read_list, rotate_key
from brainarr.wiring.sandboxed import open_sandboxed

pytestmark = pytest.mark.loopback

NOWHERE = "http://127.0.0.1:9/brainarr"


@dataclass
class Town:
    lists: lidarr_setup.ImportLists
    row: ListRow
    address: str
    """Where this Brainarr answers."""
    lidarr: Holdings
    rotate: object

    async def states(self) -> list[State]:
        return [one.state for one in await read_setup(self.lists, self.row, self.address)]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    world = starter_world()
    async with open_sandboxed(tmp_path, world, demo_library(world)[:3]) as sandboxed:
        house = sandboxed.house
        assert house.outside.lidarr is not None
        address = str(sandboxed.albums_list.fields["baseUrl"]).removesuffix(f"/lists/{DEFAULT_LIST}")
        sandboxed.lidarr.lists.clear()
        secrets = house.installation.secrets
        row = await read_list(house.db, secrets, DEFAULT_LIST)

        async def rotate() -> ListRow:
            return await rotate_key(house.db, secrets, DEFAULT_LIST, clock=house.clock)

        yield Town(house.outside.lidarr.lists, row, address, sandboxed.lidarr, rotate)


async def test_both_lists_are_made_so_that_only_approved_music_comes(town: Town) -> None:
    assert await town.states() == [State.MISSING, State.MISSING]
    placed = await set_up(town.lists, town.row, town.address, Wanted())
    assert [(one.name, one.made, one.unreached) for one in placed] == [
        ("Brainarr AI Recommendations (albums)", True, None),
        ("Brainarr AI Recommendations (artists)", True, None),
    ]
    albums, artists = town.lidarr.lists.values()
    assert (albums.implementation, albums.should_monitor) == ("LidarrImport", "specificAlbum")
    assert albums.options.metadata_profile_id == NOTHING
    assert (artists.implementation, artists.should_monitor) == ("CustomImport", "none")
    assert artists.options.metadata_profile_id == STANDARD
    for made in (albums, artists):
        assert made.enable_automatic_add
        assert not made.should_search
        assert made.options.monitor_new_items == "none"
        assert [town.lidarr.tags[tag] for tag in made.options.tags] == ["brainarr"]
    assert await town.states() == [State.SET_UP, State.SET_UP]
    synced = await listsync.sync(town.lidarr)
    assert synced.fetch_failures == ()


async def test_asked_twice_they_are_there_once(town: Town) -> None:
    await set_up(town.lists, town.row, town.address, Wanted())
    placed = await set_up(town.lists, town.row, town.address, Wanted())
    assert [one.made for one in placed] == [False, False]
    assert len(town.lidarr.lists) == 2


async def test_a_lidarr_that_cannot_reach_us_gets_them_switched_off(town: Town) -> None:
    placed = await set_up(town.lists, town.row, NOWHERE, Wanted())
    for one in placed:
        assert one.unreached is not None
        assert "server.external_url" in one.unreached.remedy
    assert not any(made.enable_automatic_add for made in town.lidarr.lists.values())
    # With the right address it is one more click.
    placed = await set_up(town.lists, town.row, town.address, Wanted())
    assert [(one.made, one.unreached) for one in placed] == [(False, None), (False, None)]
    assert await town.states() == [State.SET_UP, State.SET_UP]


async def test_a_lidarr_that_waits_for_an_address_that_is_silent_is_not_waited_for(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lidarr_setup, "TEST_S", 0.0)
    (placed,) = await set_up(town.lists, town.row, town.address, Wanted(channels=(Channel.ALBUMS,)))
    assert placed.unreached is not None
    assert "did not end" in placed.unreached.said


async def test_a_wrong_key_is_named_as_one(town: Town) -> None:
    wrong = msgspec.structs.replace(town.row, key="another")
    placed = await set_up(town.lists, wrong, town.address, Wanted())
    for one in placed:
        assert one.unreached is not None
        assert "refuses the key" in one.unreached.remedy


async def test_what_a_person_changed_in_lidarr_is_told_and_repaired(town: Town) -> None:
    await set_up(town.lists, town.row, town.address, Wanted())
    albums, artists = town.lidarr.lists.values()
    albums.should_monitor, albums.enable_automatic_add = "entireArtist", False
    artists.should_monitor = "specificAlbum"
    standing = await read_setup(town.lists, town.row, town.address)
    assert [one.state for one in standing] == [State.DIFFERS, State.DIFFERS]
    assert any("Specific Album" in said for said in standing[0].differences)
    assert any("Automatic Add" in said for said in standing[0].differences)
    await set_up(town.lists, town.row, town.address, Wanted())
    assert await town.states() == [State.SET_UP, State.SET_UP]


async def test_a_persons_own_choices_survive_a_repair(town: Town) -> None:
    await set_up(town.lists, town.row, town.address, Wanted())
    _, artists = town.lidarr.lists.values()
    artists.name, artists.should_search, artists.should_monitor = "Mine", True, "entireArtist"
    artists.options.quality_profile_id = 3
    artists.should_monitor_existing = True
    assert await town.states() == [State.SET_UP, State.SET_UP]
    await set_up(town.lists, town.row, town.address, Wanted())
    repaired = town.lidarr.lists[artists.id]
    assert (repaired.name, repaired.should_search, repaired.should_monitor) == ("Mine", True, "entireArtist")
    assert repaired.options.quality_profile_id == 3
    assert repaired.should_monitor_existing


async def test_the_part_that_a_person_picked_survives_a_repair(town: Town) -> None:
    await set_up(town.lists, town.row, town.address, Wanted())
    albums, _ = town.lidarr.lists.values()
    albums.fields |= {"tagIds": [16], "rootFolderPaths": ["/brainarr/1960s"]}
    await set_up(town.lists, town.row, town.address, Wanted())
    fields = town.lidarr.lists[albums.id].fields
    assert (fields["tagIds"], fields["rootFolderPaths"], fields["profileIds"]) == (
        [16],
        ["/brainarr/1960s"],
        [],
    )


async def test_a_new_key_makes_it_differ_until_it_is_repaired(town: Town) -> None:
    await set_up(town.lists, town.row, town.address, Wanted())
    town.row = await town.rotate()  # type: ignore[operator]
    standing = await read_setup(town.lists, town.row, town.address)
    # Lidarr shows no key of albums: it is as old as the other.
    assert [one.differences for one in standing] == [("it has an old key, or another one",)] * 2
    placed = await set_up(town.lists, town.row, town.address, Wanted())
    assert all(one.unreached is None for one in placed)
    assert (await listsync.sync(town.lidarr)).fetch_failures == ()


async def test_parts_of_a_list_get_its_new_key_and_address_and_stay_what_they_are(town: Town) -> None:
    await set_up(town.lists, town.row, town.address, Wanted())
    albums, artists = town.lidarr.lists.values()
    part, second = deepcopy(albums), deepcopy(artists)
    part.id, second.id = 901, 902
    part.name, second.name = "Jazz", "More artists"
    part.should_monitor, part.enable_automatic_add = "none", False
    part.fields["tagIds"] = [3]
    theirs = deepcopy(artists)
    theirs.id, theirs.name = 903, "Of another Brainarr"
    theirs.fields["baseUrl"] = "http://elsewhere:8690/lists/default/artists?apikey=theirs"
    town.lidarr.lists |= {one.id: one for one in (part, second, theirs)}
    assert await town.states() == [State.SET_UP, State.SET_UP]
    town.row = await town.rotate()  # type: ignore[operator]
    standing = await read_setup(town.lists, town.row, town.address)
    assert "More artists: it has an old key, or another one" in standing[1].differences
    assert [one.name for one in standing[0].others] == ["Jazz"]
    placed = await set_up(town.lists, town.row, town.address, Wanted())
    assert [one.name for one in placed] == [albums.name, "Jazz", artists.name, "More artists"]
    lists = town.lidarr.lists
    assert lists[901].fields["apiKey"] == town.row.key
    assert lists[902].fields["baseUrl"].endswith(f"?apikey={town.row.key}")
    assert (lists[901].should_monitor, lists[901].enable_automatic_add) == ("none", False)
    assert (lists[901].name, lists[901].fields["tagIds"]) == ("Jazz", [3])
    assert lists[903].fields["baseUrl"].endswith("theirs")
    assert await town.states() == [State.SET_UP, State.SET_UP]


async def test_parts_of_a_list_stay_as_they_are_while_lidarr_cannot_reach_us(town: Town) -> None:
    await set_up(town.lists, town.row, town.address, Wanted())
    albums, _ = town.lidarr.lists.values()
    part = deepcopy(albums)
    part.id, part.name = 901, "Jazz"
    town.lidarr.lists[901] = part
    before = deepcopy(part.fields)
    placed = await set_up(town.lists, town.row, NOWHERE, Wanted())
    assert [one.name for one in placed if one.channel is Channel.ALBUMS] == [albums.name]
    assert town.lidarr.lists[901].fields == before


async def test_lists_that_were_entered_by_hand_are_taken_over(town: Town) -> None:
    await set_up(town.lists, town.row, NOWHERE, Wanted())
    by_hand, _ = town.lidarr.lists.values()
    by_hand.name = "New music"
    standing = await read_setup(town.lists, town.row, town.address)
    assert "http://127.0.0.1:9/brainarr/lists/default" in standing[0].differences[0]
    await set_up(town.lists, town.row, town.address, Wanted())
    assert town.lidarr.lists[by_hand.id].fields["baseUrl"] == f"{town.address}/lists/default"
    assert len(town.lidarr.lists) == 2


async def test_what_lidarr_refuses_is_said_in_its_words_with_the_cure(town: Town) -> None:
    with pytest.raises(ProviderRejected) as caught:
        await set_up(town.lists, town.row, town.address, Wanted(root_folder="/elsewhere"))
    assert "Root folder '/elsewhere' does not exist" in caught.value.message
    assert caught.value.remedy
    assert town.lidarr.lists == {}


async def test_choices_are_taken(town: Town) -> None:
    wanted = Wanted(quality_profile=2, metadata_profile=2, search=True, whole_artists=True)
    await set_up(town.lists, town.row, town.address, wanted)
    albums, artists = town.lidarr.lists.values()
    assert (albums.options.quality_profile_id, albums.should_search) == (2, True)
    assert (artists.should_monitor, artists.options.monitor_new_items) == ("entireArtist", "all")
    assert artists.options.metadata_profile_id == 2


async def test_removed_they_are_gone_and_other_lists_stay(town: Town) -> None:
    await set_up(town.lists, town.row, town.address, Wanted())
    other = msgspec.structs.replace(town.row, slug="default-2", name="Another")
    await set_up(town.lists, other, town.address, Wanted())
    assert await take_down(town.lists, town.row, town.address) == 2
    assert [made.name for made in town.lidarr.lists.values()] == ["Another (albums)", "Another (artists)"]
    assert await take_down(town.lists, town.row, town.address) == 0


async def test_of_artists_that_are_owned_what_lidarr_lists_already_is_monitored(town: Town) -> None:
    await set_up(town.lists, town.row, town.address, Wanted())
    assert not any(made.should_monitor_existing for made in town.lidarr.lists.values())
    gaps = msgspec.structs.replace(town.row, kind=ListKind.GAPS)
    albums, _ = await read_setup(town.lists, gaps, town.address)
    assert (albums.state, len(albums.differences)) == (State.DIFFERS, 1)
    await set_up(town.lists, gaps, town.address, Wanted())
    albums_list, artists = town.lidarr.lists.values()
    assert (albums_list.should_monitor_existing, artists.should_monitor_existing) == (True, False)
    assert [one.state for one in await read_setup(town.lists, gaps, town.address)] == [State.SET_UP] * 2
