"""Adding: albums that a person chose from an artist's discography go to Lidarr at once."""

from collections.abc import Mapping, Sequence

import msgspec

from brainarr.domain.life import Actor, Event
from brainarr.domain.music import Mbid, ReleaseGroup
from brainarr.domain.recommendation import Status
from brainarr.errors import Conflict, NotFound, ProviderError
from brainarr.pipeline.ports import Clock, Importer, ImportOptions
from brainarr.service.albums import Discographies, Discography
from brainarr.service.blocks import covering
from brainarr.service.instances import of_instance
from brainarr.service.push import AS_LIDARR_HAS_IT, HAD, Monitor, note_not_taken, note_pushed
from brainarr.service.recommendations import Decision, decide, find
from brainarr.store import recommendations
from brainarr.store.history import PUSH, write_history
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

PATIENCE_S = 25.0
"""How long the catalogue may take to say which albums there are."""


class Choice(msgspec.Struct, frozen=True):
    """What a person picked of an artist's albums, and how Lidarr takes it in."""

    albums: tuple[Mbid, ...]
    monitor: Monitor = Monitor.CHOSEN
    options: ImportOptions = AS_LIDARR_HAS_IT


class Added(msgspec.Struct, frozen=True):
    """What became of one part of a choice."""

    title: str
    """Of the album; the artist's name for the artist as such."""
    mbid: Mbid
    problem: str | None = None
    """Why Lidarr did not take it, and what to do about it; None: it did."""
    had: str = ""
    """What to know of how it came to be there; "": it was added."""


async def add_albums(
    db: Database,
    recommendation_id: int,
    choice: Choice,
    importers: Mapping[str, Importer],
    discographies: Discographies,
    *,
    clock: Clock,
    actor: Actor = Actor.PERSON,
) -> tuple[Added, ...]:
    """Adds albums of the recommended artist, each by itself: one that is refused does not stop the others.

    Where the choice holds what was recommended, that is approved and pushed with it; else the recommendation
    stays as it is, and its history says what was added. Raises NotFound, also for an album that is none of
    the artist's; Conflict when nothing was chosen, the artist is blocked, or its Lidarr is not configured;
    ProviderError when Lidarr took nothing at all.
    """
    if not choice.albums and choice.monitor in (Monitor.CHOSEN, Monitor.FUTURE):
        raise Conflict("No album was chosen.", remedy="Choose one, or all of them.")
    if choice.albums and choice.monitor is Monitor.NONE:
        raise Conflict(
            "Albums were chosen, and nothing is to be monitored.", remedy="Leave out one of the two."
        )
    known = await discographies.read(recommendation_id, patience=PATIENCE_S)
    row = known.recommendation
    importer = of_instance(importers, row.instance)
    async with db.reading() as connection:
        if block := await covering(connection, row.recommendation):
            raise Conflict(f"{block.name} is blocked.", remedy="Revoke the block first.")
    albums = _picked(known, choice.albums)
    added, failure = await _add_each(row, albums, choice, importer)
    if failure is not None and all(one.problem for one in added):
        await note_not_taken(db, recommendation_id, failure, clock)
        raise failure
    taken = [one for one in added if one.problem is None]
    if _holds(choice, taken, row) and row.status in _STILL_OPEN:
        if row.status not in recommendations.ON_THE_WAY:
            await decide(db, recommendation_id, Decision.APPROVE, clock=clock, actor=actor)
        await note_pushed(db, recommendation_id, clock, actor, note=_told(taken, choice))
        return added
    async with db.transaction() as connection:
        current = await find(connection, recommendation_id, to_change=True)
        note = _told(taken, choice)
        await write_history(connection, [current], Event.ADDED, clock(), actor=actor, channel=PUSH, note=note)
    return added


def _picked(known: Discography, wanted: Sequence[Mbid]) -> tuple[ReleaseGroup, ...]:
    by_mbid = {album.group.mbid: album.group for album in known.albums}
    strange = [mbid for mbid in wanted if mbid not in by_mbid]
    if strange and (known.pending or known.failure):
        raise Conflict(
            "Which albums there are is not known at the moment.", remedy="Try again when MusicBrainz answers."
        )
    if strange:
        raise NotFound(f"The artist has no album {strange[0]}.", remedy="Choose from the list of albums.")
    return tuple(by_mbid[mbid] for mbid in dict.fromkeys(wanted))


_STILL_OPEN = (Status.PENDING, *recommendations.ON_THE_WAY, Status.REJECTED, Status.FAILED)
"""Nothing of it is in the library yet, and approving it is possible."""


def _holds(choice: Choice, taken: Sequence[Added], row: RecommendationRow) -> bool:
    """Whether what was taken in is, or has in it, what was recommended."""
    group = row.recommendation.release_group_mbid
    return group is None or choice.monitor is Monitor.ALL or any(one.mbid == group for one in taken)


async def _add_each(
    row: RecommendationRow, albums: Sequence[ReleaseGroup], choice: Choice, importer: Importer
) -> tuple[tuple[Added, ...], ProviderError | None]:
    """What became of each part, and the last failure among them."""
    item, options = row.recommendation, choice.options
    added: list[Added] = []
    failure: ProviderError | None = None
    if choice.monitor in (Monitor.ALL, Monitor.NONE):
        try:
            monitored = msgspec.structs.replace(options, monitor=choice.monitor.value)
            taken = await importer.add_artist(item.artist_mbid, item.artist, monitored)
            added.append(Added(item.artist, item.artist_mbid, had=HAD[taken]))
        except ProviderError as error:
            return (Added(item.artist, item.artist_mbid, str(error)),), error
    options = msgspec.structs.replace(
        options,
        beside=tuple(album.mbid for album in albums),
        new_releases=choice.monitor in (Monitor.FUTURE, Monitor.ALL),
    )
    for album in albums:
        try:
            taken = await importer.add_album(album.mbid, item.artist_mbid, item.artist, options)
            added.append(Added(album.title, album.mbid, had=HAD[taken]))
        except ProviderError as error:
            failure = error
            added.append(Added(album.title, album.mbid, str(error)))
    return tuple(added), failure


_WATCHED = {
    Monitor.CHOSEN: "",
    Monitor.FUTURE: "; future releases are monitored",
    Monitor.ALL: "; all albums are monitored",
    Monitor.NONE: "; nothing else is monitored",
}


def _told(taken: Sequence[Added], choice: Choice) -> str:
    return (", ".join(one.title for one in taken) + _WATCHED[choice.monitor])[:1_000]
