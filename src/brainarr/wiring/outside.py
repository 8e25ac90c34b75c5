"""Everything outside that the settings name: built here, closed here."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from brainarr import tracing
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.music import Plays
from brainarr.http import Http, Media
from brainarr.llm.models import Link, open_links
from brainarr.pipeline.ports import Clock, Reserve
from brainarr.providers import coverart, deezer, itunes, lastfm, lidarr, listenbrainz, musicbrainz
from brainarr.providers.collaborative import CollaborativeFilter
from brainarr.providers.coverart import CoverArt
from brainarr.providers.deezer import Deezer
from brainarr.providers.itunes import Itunes
from brainarr.providers.lastfm import Lastfm
from brainarr.providers.lidarr import Lidarr, LidarrPictures, LidarrSettings
from brainarr.providers.listenbrainz import ListenBrainz
from brainarr.providers.musicbrainz import MusicBrainz, MusicBrainzNeighbours, MusicBrainzReleases
from brainarr.providers.notifications import AppriseTarget, open_targets
from brainarr.providers.oidc import OpenId
from brainarr.wiring.configuration import Settings

LABELS = {
    "listenbrainz": "ListenBrainz",
    "deezer": "Deezer",
    "lastfm": "Last.fm",
    "musicbrainz": "MusicBrainz",
    "similarity": "the trained filter",
}
"""How people know each service."""


@dataclass(frozen=True)
class Listener:
    """Where one person's listens are counted."""

    service: str
    read: Callable[[], Awaitable[tuple[Plays, ...]]]
    """Raises ProviderError."""


@dataclass(frozen=True)
class Outside:
    """The adapters, each to one service; None where the settings do not call for it."""

    lidarrs: Mapping[str, Lidarr]
    """By instance, that of the section `lidarr` first."""
    musicbrainz: MusicBrainz
    neighbours: MusicBrainzNeighbours | None
    """MusicBrainz once more, as a similarity source."""
    releases: MusicBrainzReleases
    """MusicBrainz' search, for what is new."""
    listenbrainz: ListenBrainz | None
    deezer: Deezer | None
    lastfm: Lastfm | None
    coverart: CoverArt | None
    itunes: Itunes | None
    lidarr_pictures: LidarrPictures | None
    trained: CollaborativeFilter | None
    """The filter on this machine."""
    links: tuple[Link, ...]
    """The provider chain in failover order."""
    listeners: tuple[Listener, ...]
    messengers: tuple[AppriseTarget, ...]
    openid: OpenId | None
    """Where people sign in besides."""

    @property
    def lidarr(self) -> Lidarr | None:
        """That of the section `lidarr`."""
        return self.lidarrs.get(DEFAULT_INSTANCE)


@asynccontextmanager
async def open_outside(
    settings: Settings, folder: Path, clock: Clock, reserve: Reserve | None = None
) -> AsyncIterator[Outside]:
    """Asks nobody anything yet. Closes every connection at the end.

    `folder`: the configuration's; `reserve`: how the processes keep the pace towards services together.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(tracing.exporting_to(settings.tracing.endpoint))

        def kept(http: Http) -> Http:
            stack.push_async_callback(http.aclose)
            http.reserve = reserve
            return http

        links = open_links(settings.provider_chain)
        for link in links:
            if link.model is not None:
                stack.push_async_callback(link.model.aclose)
        brainz = settings.listenbrainz
        similar = (
            ListenBrainz(brainz, kept(listenbrainz.connect(brainz)), kept(listenbrainz.connect_labs(brainz)))
            if brainz.enabled or brainz.user
            else None
        )
        scrobbles = (
            Lastfm(settings.lastfm, kept(lastfm.connect(settings.lastfm)))
            if settings.lastfm.api_key
            else None
        )
        # One client for both, so that together they keep the pace that MusicBrainz allows.
        encyclopaedia = kept(musicbrainz.connect(settings.musicbrainz))
        listeners: list[Listener] = []
        if similar and (listener := brainz.user):
            listeners.append(Listener(similar.name, lambda: similar.plays(listener)))
        if scrobbles and (user := settings.lastfm.user):
            listeners.append(Listener(scrobbles.name, lambda: scrobbles.plays(user)))
        yield Outside(
            lidarrs={
                instance: Lidarr(one, kept(lidarr.connect(one, name=name)))
                for instance, name, one in _lidarrs(settings)
            },
            musicbrainz=MusicBrainz(settings.musicbrainz, encyclopaedia),
            neighbours=MusicBrainzNeighbours(settings.musicbrainz, encyclopaedia)
            if settings.musicbrainz.neighbour_seeds
            else None,
            releases=MusicBrainzReleases(encyclopaedia),
            listenbrainz=similar if brainz.enabled else None,
            deezer=Deezer(settings.deezer, kept(deezer.connect(settings.deezer)))
            if settings.deezer.enabled
            else None,
            lastfm=scrobbles,
            coverart=CoverArt(kept(coverart.connect(settings.coverart)))
            if settings.coverart.enabled
            else None,
            itunes=Itunes(settings.itunes, kept(itunes.connect(settings.itunes)))
            if settings.itunes.enabled
            else None,
            lidarr_pictures=LidarrPictures(
                kept(lidarr.connect_for_pictures(settings.lidarr)),
                Media(LidarrPictures.name, settings.lidarr.url),
            )
            if settings.lidarr.url and settings.lidarr.api_key
            else None,
            trained=CollaborativeFilter(folder / settings.similarity.path)
            if settings.similarity.path
            else None,
            links=links,
            listeners=tuple(listeners),
            messengers=open_targets(settings.notifications),
            openid=OpenId(settings.auth.oidc, clock) if settings.auth.oidc else None,
        )


def _lidarrs(settings: Settings) -> Iterator[tuple[str, str, LidarrSettings]]:
    """Of each: its instance, how messages call it, and its settings."""
    if settings.lidarr.url and settings.lidarr.api_key:
        yield DEFAULT_INSTANCE, Lidarr.kind, settings.lidarr
    for one in settings.lidarrs:
        yield one.name, f"{Lidarr.kind} {one.name}", one.as_first
