"""The people of a data set as the pipeline sees a person: a library, a profile, a catalogue to verify in.

Nothing here sees what is held out, and nothing of a person's own tags reaches their own view.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from brainarr.domain.genres import genre_shares
from brainarr.domain.music import CatalogArtist, Library, Mbid, OwnedArtist
from brainarr.domain.recommendation import Fused, Verified
from brainarr.domain.taste import Profile, Seed
from brainarr.pipeline.profile import profile_library
from brainarr.similarity.content import TagProfile
from brainarr.similarity.dataset import Dataset
from brainarr.similarity.named import NameIndex

MOST_TAGS = 30
_THEN = datetime(2011, 1, 1, tzinfo=UTC)
"""The data does not say when anybody came to anything."""


@lru_cache(maxsize=1 << 16)
def mbid_of(column: int) -> Mbid:
    """An identifier of the data set's own: not everybody in it has one, and none is looked up."""
    return Mbid(f"00000000-0000-4000-8000-{column:012d}")


def column_of(mbid: Mbid) -> int:
    return int(mbid[-12:])


class People:
    """What one evaluation knows of everybody."""

    def __init__(self, dataset: Dataset, tags: TagProfile) -> None:
        self._dataset = dataset
        self._tags = tags
        # Those that are listened to come first, and so are meant.
        self._named = NameIndex(enumerate(dataset.catalogue.names))
        self._voted = [self._votes(column, -2) for column in range(dataset.trained.shape[1])]
        self._told: tuple[int, frozenset[int]] = (-2, frozenset())

    def column_named(self, name: str) -> int | None:
        """The artist of that name, by the deterministic tiers; of namesakes the one that is listened to."""
        return self._named.find(name)

    def owned(self, person: int) -> list[int]:
        trained = self._dataset.trained
        return trained.indices[trained.indptr[person] : trained.indptr[person + 1]].tolist()

    async def profile(self, person: int) -> Profile:
        artists = tuple(
            OwnedArtist(
                column,
                self._dataset.catalogue.names[column],
                mbid_of(column),
                tuple(name for name, _ in self._genres(column, person)),
                last_release_year=self._dataset.catalogue.years[column],
            )
            for column in self.owned(person)
        )
        return await profile_library(Library(artists, {}, frozenset(), _THEN), _THEN)

    def seeds(self, person: int) -> Mapping[Mbid, Seed]:
        """All of the library: a service may be asked about a hundred artists."""
        owned = self.owned(person)
        names = self._dataset.catalogue.names
        return {mbid_of(column): Seed(mbid_of(column), names[column], 1 / len(owned), "") for column in owned}

    def verified(self, fused: Fused, person: int) -> Verified | None:
        """None: no such artist. What people call music is all the data has of genres, so that every word
        counts, not only those that the genre tree knows."""
        if fused.mbid is None:
            return None
        column = column_of(fused.mbid)
        catalogue = self._dataset.catalogue
        genres = self._genres(column, person)
        artist = CatalogArtist(
            fused.mbid,
            catalogue.names[column],
            country=catalogue.countries[column] or None,
            begin=catalogue.years[column],
            genres=genres,
        )
        return Verified(fused, artist, None, genres=_shares(genres), year=catalogue.years[column])

    def _genres(self, column: int, person: int) -> tuple[tuple[str, float], ...]:
        """(tag, people other than `person` who gave it), most first."""
        if column >= len(self._voted):
            return ()
        if self._told[0] != person:
            self._told = (person, frozenset(self._tags.tagged(person).tolist()))
        return self._votes(column, person) if column in self._told[1] else self._voted[column]

    def _votes(self, column: int, person: int) -> tuple[tuple[str, float], ...]:
        votes = self._tags.votes(column, person)
        return tuple((tag, float(count)) for tag, count in list(votes.items())[:MOST_TAGS])


# To nearly everybody an artist is the same.
_shares = lru_cache(maxsize=1 << 13)(genre_shares)
