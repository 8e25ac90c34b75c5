"""Previews: thirty seconds of what is recommended, found when somebody wants to hear them; none is kept."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from brainarr.domain.media import Sound
from brainarr.errors import NotFound, ProviderError, ProviderUnavailable
from brainarr.pipeline.ports import Clock, PreviewSource
from brainarr.service.recommendations import read_recommendation
from brainarr.store.session import Database

AT_ONCE = 4
LONGEST_S = 25.0
NOTHING = timedelta(hours=1)
MOST_REMEMBERED = 1_000


class _Music(msgspec.Struct, frozen=True):
    artist: str
    album: str | None


class Previews:
    """Asks one source after the other; that none has a preview is remembered for an hour."""

    def __init__(self, db: Database, sources: Sequence[PreviewSource], clock: Clock) -> None:
        self._db = db
        self._sources = tuple(sources)
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nothing: dict[_Music, datetime] = {}

    async def listen(self, recommendation_id: int) -> Sound:
        """Raises NotFound, with a word on why, and ProviderUnavailable when who may have one is away."""
        item = (await read_recommendation(self._db, recommendation_id)).recommendation
        music = _Music(item.artist, item.album)
        if not self._sources:
            raise NotFound(
                "Nobody is asked for previews.",
                remedy="Set deezer.enabled or itunes.enabled to true.",
            )
        if self._nothing.get(music, self._clock()) > self._clock():
            raise self._nobody(music)
        failures: list[ProviderError] = []
        async with self._turns:
            try:
                async with asyncio.timeout(LONGEST_S):
                    for source in self._sources:
                        try:
                            if found := await source.preview(music.artist, music.album):
                                return found
                        except ProviderError as error:
                            failures.append(error)
            except TimeoutError:
                raise ProviderUnavailable("previews", f"none came within {LONGEST_S:g} s.") from None
        if failures:
            raise ProviderUnavailable(
                "previews", f"{failures[0].message}", remedy="Try again in a minute."
            ) from failures[0]
        self._remember(music)
        raise self._nobody(music)

    def _nobody(self, music: _Music) -> NotFound:
        asked = " and ".join(source.name for source in self._sources)
        return NotFound(f"No preview of {music.artist} was found (asked: {asked}).")

    def _remember(self, music: _Music) -> None:
        now = self._clock()
        if len(self._nothing) >= MOST_REMEMBERED:
            self._nothing = {known: until for known, until in self._nothing.items() if until > now}
        if len(self._nothing) < MOST_REMEMBERED:
            self._nothing[music] = now + NOTHING
