"""The trained collaborative filter as a source: a folder that `brainarr similarity build` made.

It looks at the whole library at once, answers from this machine, and names what it says by owned artists.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from brainarr.domain.music import Library
from brainarr.domain.names import Tier, clean_name, name_keys
from brainarr.domain.recommendation import Candidate
from brainarr.errors import ProviderRejected, StorageError
from brainarr.settings.values import Section

if TYPE_CHECKING:
    from brainarr.similarity.artifact import Artifact
    from brainarr.similarity.ranking import Contribution

LISTED = 300
"""Candidates; the fusion of two hundred neighbours reaches no further."""


def _folder(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("the path of a folder")
    return text


class SimilaritySettings(Section):
    path: Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_folder)] | None = None
    """The folder; relative to the configuration folder. None: there is no filter."""


class CollaborativeFilter:
    """A source that reads a whole library (pipeline.ports.LibraryReader)."""

    name = "similarity"
    kind = "similarity"
    weight = 1.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._verified = ""
        """The generation that was read through and found whole."""

    async def propose(self, library: Library, weights: Mapping[int, float]) -> tuple[Candidate, ...]:
        return await asyncio.to_thread(self._propose, library, weights)

    async def check(self) -> str:
        header = (await asyncio.to_thread(self._load)).header
        return (
            f"{header.artists:,} artists, from {header.people:,} people, "
            f"trained {header.trained_at:%Y-%m-%d} ({header.engine})"
        )

    def _propose(self, library: Library, weights: Mapping[int, float]) -> tuple[Candidate, ...]:
        from brainarr.similarity.ranking import Owned, rank

        # A filter may be replaced while the server runs; mapping one anew takes milliseconds.
        artifact = self._load()
        # By the root, as for the seeds of the other sources: one giant must not drown the rest of a taste.
        owned = [
            Owned(artist.mbid, artist.name, weights.get(artist.id, 0.0) ** 0.5) for artist in library.artists
        ]
        as_owned = _spellings(library)
        return tuple(
            Candidate(
                clean_name(found.name),
                self.name,
                place,
                mbid=found.mbid,
                strength=found.score,
                popularity=found.listeners,
                because=tuple((as_owned(spoke), spoke.share) for spoke in found.contributions),
            )
            for place, found in enumerate(rank(artifact, owned, LISTED), start=1)
            if clean_name(found.name)
        )

    def _load(self) -> "Artifact":
        """Raises ProviderRejected."""
        from brainarr.similarity.artifact import load
        from brainarr.similarity.verify import verify

        try:
            artifact = load(self._folder)
            if artifact.header.generation != self._verified:
                verify(artifact)
                self._verified = artifact.header.generation
        except StorageError as unusable:
            remedy = f"{unusable.remedy}; or correct similarity.path."
            raise ProviderRejected(self.name, unusable.message, remedy=remedy) from unusable
        return artifact


def _spellings(library: Library) -> "Callable[[Contribution], str]":
    """How the library spells an artist of the filter: evidence of several sources meets under one name."""
    by_mbid = {artist.mbid: artist.name for artist in library.artists if artist.mbid is not None}
    # Few are known to the filter by name alone; those of the library that it may mean have no key yet.
    by_name: dict[str, str] = {}

    def spelling(spoke: "Contribution") -> str:
        if spoke.mbid is not None and spoke.mbid in by_mbid:
            return by_mbid[spoke.mbid]
        if not by_name:
            by_name.update({name_keys(artist.name)[Tier.WORDS]: artist.name for artist in library.artists})
        return by_name.get(name_keys(spoke.name)[Tier.WORDS], spoke.name)

    return spelling
