"""A list set up in Lidarr: its two import lists made, compared, repaired, removed."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar
from urllib.parse import quote

import msgspec
import structlog

from brainarr.domain.addresses import host_and_path, leads_through, without_query
from brainarr.domain.import_lists import (
    Channel,
    Choices,
    ListFound,
    ListMonitor,
    ListPlan,
    MonitorNew,
    State,
    Terms,
    Unreached,
)
from brainarr.domain.lidarr_events import OUR_TAG
from brainarr.domain.lists import ListKind
from brainarr.domain.webhooks import WebhookPlan
from brainarr.pipeline.ports import ImportLists
from brainarr.service.lists import ListRow

TEST_S = 20.0
"""Lidarr itself waits 100 s for an address that swallows what it is sent."""
BOTH = (Channel.ALBUMS, Channel.ARTISTS)

_OLD_KEY = "it has an old key, or another one"

log = structlog.get_logger(__name__)

Plan = TypeVar("Plan", ListPlan, WebhookPlan, contravariant=True)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one channel of a list stands in Lidarr."""

    channel: Channel
    state: State
    found: ListFound | None
    others: tuple[ListFound, ...] = ()
    """More that read it, each a part of it: a person made them, and picked what is theirs."""
    differences: tuple[str, ...] = ()
    """What is not as it should be, each in words."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a person chose for lists in Lidarr; None: what is there already, else what suits."""

    channels: tuple[Channel, ...] = BOTH
    root_folder: str | None = None
    quality_profile: int | None = None
    metadata_profile: int | None = None
    """Of the artists; single albums are taken without the rest of the discography."""
    search: bool | None = None
    whole_artists: bool | None = None
    """Whether an artist's albums are monitored, or only the artist is added."""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """What was done for one channel."""

    channel: Channel
    name: str
    made: bool
    """False: it was there, and was corrected."""
    unreached: Unreached | None
    """Lidarr could not read it: so it stands there switched off. None: it is on."""


def feed_addresses(row: ListRow, address: str) -> dict[Channel, str]:
    """What each channel's list type fetches; `address` is how Lidarr reaches this server."""
    feed = f"{address}/lists/{row.slug}"
    # The Custom List has no field for a key; Lidarr masks `apikey=` in its logs, not steps of a path.
    return {Channel.ALBUMS: feed, Channel.ARTISTS: f"{feed}/artists?apikey={quote(row.key)}"}


async def read_setups(
    lidarr: ImportLists, rows: Iterable[ListRow], address: str
) -> dict[str, tuple[Standing, ...]]:
    """How both channels of each list (slug) stand in Lidarr, in one question. Raises ProviderError."""
    found = await lidarr.read()

    def standing(channel: Channel, row: ListRow) -> Standing:
        wanted = feed_addresses(row, address)[channel]
        return _standing(channel, row, _ours(found, channel, row.slug, wanted), wanted)

    return {row.slug: _one_key(tuple(standing(channel, row) for channel in BOTH)) for row in rows}


async def read_setup(lidarr: ImportLists, row: ListRow, address: str) -> tuple[Standing, ...]:
    """How both channels of one list stand in Lidarr. Raises ProviderError."""
    return (await read_setups(lidarr, [row], address))[row.slug]


async def set_up(lidarr: ImportLists, row: ListRow, address: str, wanted: Wanted) -> tuple[Placed, ...]:
    """Makes or corrects the import lists: asked twice, they are there once. Raises ProviderError.

    Lidarr's own test comes first. What it cannot read is left switched off, so that no sync fails. Of several
    that read one channel the first is corrected, the others get its address and key.
    """
    found = await lidarr.read()
    choices, tag = await lidarr.choices(), await lidarr.tag(OUR_TAG)
    addresses = feed_addresses(row, address)
    placed: list[Placed] = []
    for channel in wanted.channels:
        there, *others = _ours(found, channel, row.slug, addresses[channel]) or (None,)
        plan = _plan(channel, row, addresses[channel], wanted, choices, tag, there)
        placed.append(await _place(lidarr, plan, there.number if there else None))
        if placed[-1].unreached is not None:
            # What does not reach us by this address would fail by it too.
            continue
        for other in filter(None, others):
            await lidarr.readdress(other.number, plan.address, plan.key)
            placed.append(Placed(channel=channel, name=other.name, made=False, unreached=None))
    return tuple(placed)


async def take_down(
    lidarr: ImportLists, row: ListRow, address: str, channels: Collection[Channel] = BOTH
) -> int:
    """Removes them from Lidarr; what they brought stays. How many there were. Raises ProviderError."""
    addresses = feed_addresses(row, address)
    there = await lidarr.read()
    gone = [one for channel in channels for one in _ours(there, channel, row.slug, addresses[channel])[:1]]
    for one in gone:
        await lidarr.remove(one.number)
        log.info("an import list was removed from Lidarr", name=one.name)
    return len(gone)


async def _place(lidarr: ImportLists, plan: ListPlan, number: int | None) -> Placed:
    unreached = await stand(lidarr, plan, number, "list")
    log.info("an import list stands in Lidarr", name=plan.name, made=number is None, on=unreached is None)
    return Placed(channel=plan.channel, name=plan.name, made=number is None, unreached=unreached)


class _Stands(Protocol[Plan]):
    """Where import lists, or webhooks, of one Lidarr are made."""

    async def test(self, plan: Plan, number: int | None) -> Unreached | None: ...

    async def make(self, plan: Plan) -> None: ...

    async def change(self, number: int, plan: Plan) -> None: ...


async def stand(there: _Stands[Plan], plan: Plan, number: int | None, what: str) -> Unreached | None:
    """Makes it, or corrects the one of that `number`, after Lidarr's own test of it, of which the outcome is
    answered. What that could not reach is left switched off. Raises ProviderError."""
    unreached = await _tested(there, plan, number, what)
    if unreached is not None:
        plan = msgspec.structs.replace(plan, enabled=False)
    if number is None:
        await there.make(plan)
    else:
        await there.change(number, plan)
    return unreached


async def _tested(there: _Stands[Plan], plan: Plan, number: int | None, what: str) -> Unreached | None:
    try:
        async with asyncio.timeout(TEST_S):
            return await there.test(plan, number)
    except TimeoutError:
        return Unreached(
            f"Lidarr's test of the {what} did not end within {TEST_S:g} s",
            "A firewall may stand between the two: Lidarr must reach Brainarr under this address.",
        )


def _ours(found: Iterable[ListFound], channel: Channel, slug: str, address: str) -> tuple[ListFound, ...]:
    """Those that read this channel: first the oldest by this address, else by another that leads here; then
    others that read at this address, or at that of the first."""
    place = host_and_path(address)
    mine = [one for one in found if one.channel is channel and leads_through(one.address, f"/lists/{slug}")]
    mine.sort(key=lambda one: (host_and_path(one.address) != place, one.number))
    # Anything else may be another Brainarr's.
    places = {place, *(host_and_path(one.address) for one in mine[:1])}
    return tuple(one for one in mine if host_and_path(one.address) in places)


def _standing(channel: Channel, row: ListRow, found: Sequence[ListFound], address: str) -> Standing:
    if not found:
        return Standing(channel=channel, state=State.MISSING, found=None)
    first, *others = found
    differences = [
        *_differences(channel, row, first, address),
        *(f"{one.name}: {said}" for one in others for said in _elsewhere(one, address)),
    ]
    return Standing(
        channel=channel,
        state=State.DIFFERS if differences else State.SET_UP,
        found=first,
        others=tuple(others),
        differences=tuple(differences),
    )


def _one_key(standings: tuple[Standing, ...]) -> tuple[Standing, ...]:
    """Lidarr shows the key of the artists only: where that is old, the one of the albums is, too."""
    if not any(_OLD_KEY in one.differences for one in standings):
        return standings
    return tuple(
        one
        if one.found is None or _OLD_KEY in one.differences
        else msgspec.structs.replace(one, state=State.DIFFERS, differences=(*one.differences, _OLD_KEY))
        for one in standings
    )


def _elsewhere(found: ListFound, address: str) -> list[str]:
    """What is wrong with where it reads, and with what key."""
    if host_and_path(found.address) != host_and_path(address):
        return [f"it reads {without_query(found.address)}, not {without_query(address)}"]
    return [_OLD_KEY] if found.address.rstrip("/") != address else []


def _differences(channel: Channel, row: ListRow, found: ListFound, address: str) -> list[str]:
    """What keeps it from working as promised; a person's own choices are no difference."""
    said = _elsewhere(found, address)
    if not found.enabled:
        said.append("Enable Automatic Add is off, so it adds nothing")
    if channel is Channel.ALBUMS and found.monitor != ListMonitor.SPECIFIC_ALBUM:
        said.append("Monitor is not Specific Album, so it does not stop at the album you approved")
    if channel is Channel.ALBUMS and found.monitor_new != MonitorNew.NONE:
        said.append("Monitor New Albums is not None, so later albums come along")
    if _of_owned_artists(channel, row) and not found.monitor_existing:
        said.append("Monitor Existing Albums is off, so albums that Lidarr lists already stay unmonitored")
    if channel is Channel.ARTISTS and found.monitor == ListMonitor.SPECIFIC_ALBUM:
        said.append("Monitor is Specific Album, which for a list of artists means all their albums")
    return said


def _plan(
    channel: Channel,
    row: ListRow,
    address: str,
    wanted: Wanted,
    choices: Choices,
    tag: int,
    there: ListFound | None,
) -> ListPlan:
    monitor, monitor_new = _monitoring(channel, wanted, there)
    search = wanted.search if wanted.search is not None else bool(there and there.search)
    return ListPlan(
        channel=channel,
        name=there.name if there else f"{row.name} ({channel})",
        address=address,
        key=row.key,
        enabled=True,
        monitor=monitor,
        monitor_new=monitor_new,
        monitor_existing=_of_owned_artists(channel, row) or bool(there and there.monitor_existing),
        search=search,
        terms=_terms(channel, wanted, choices, tag, there),
    )


def _of_owned_artists(channel: Channel, row: ListRow) -> bool:
    """Whether it names albums that Lidarr lists already, unmonitored."""
    return channel is Channel.ALBUMS and row.kind is not ListKind.DISCOVER


def _monitoring(channel: Channel, wanted: Wanted, there: ListFound | None) -> tuple[ListMonitor, MonitorNew]:
    if channel is Channel.ALBUMS:
        return ListMonitor.SPECIFIC_ALBUM, MonitorNew.NONE
    if wanted.whole_artists is None and there and there.monitor == ListMonitor.ENTIRE_ARTIST:
        return ListMonitor.ENTIRE_ARTIST, _known(there.monitor_new)
    if wanted.whole_artists:
        return ListMonitor.ENTIRE_ARTIST, MonitorNew.ALL
    return ListMonitor.NONE, MonitorNew.NONE


def _known(text: str) -> MonitorNew:
    return MonitorNew(text) if text in set(MonitorNew) else MonitorNew.NONE


def _terms(channel: Channel, wanted: Wanted, choices: Choices, tag: int, there: ListFound | None) -> Terms:
    """What was chosen, else what is there as far as Lidarr still has it, else what suits."""
    suited = choices.suited[channel]
    old = there.terms if there else suited
    metadata = None if channel is Channel.ALBUMS else wanted.metadata_profile
    known_folders = {folder.rstrip("/\\") for folder in choices.root_folders}
    return Terms(
        root_folder=wanted.root_folder
        or (old.root_folder if old.root_folder.rstrip("/\\") in known_folders else suited.root_folder),
        quality_profile=wanted.quality_profile
        or (
            old.quality_profile if old.quality_profile in choices.quality_profiles else suited.quality_profile
        ),
        metadata_profile=metadata
        or (
            old.metadata_profile
            if old.metadata_profile in choices.metadata_profiles
            else suited.metadata_profile
        ),
        tags=tuple(sorted({*old.tags, tag})),
    )
