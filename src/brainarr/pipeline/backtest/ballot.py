"""The voices of one cut as a matrix: any weighting of the sources ranks in a millisecond, as `fuse` would."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from brainarr.domain.music import OwnedArtist
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import Fused

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]
"""The place of each hidden artist in a ranking, 1 is best; 0: it is not in it."""


class Ballot(msgspec.Struct, frozen=True):
    """Who may be named at one cut, and what each source said for them."""

    sources: tuple[str, ...]
    votes: Floats
    """artists × sources: what the source says for the artist, 0 where nothing. Rows by name."""
    named: NDArray[np.bool_]
    """artists × sources: whether it named the artist; it may have said 0 for it."""
    novelty: Floats
    """artists: what the novelty dial multiplies the sum of votes with."""
    popularity: Floats
    """artists: against the usual, 0 where unknown; where no source shows any, in how many lists it stood."""
    hidden: NDArray[np.int64]
    """The row of each hidden artist; -1: no source named it."""


def make_ballot(
    ranking: Sequence[Fused], sources: Sequence[str], hidden: Sequence[OwnedArtist], lists: Mapping[str, int]
) -> Ballot:
    """`ranking`: fused with the weight 1 for every source, owned artists taken out; `lists`: in how many
    neighbour lists each name stood."""
    rows = sorted(ranking, key=lambda item: item.artist)
    column = {source: number for number, source in enumerate(sources)}
    votes = np.zeros((len(rows), len(sources)))
    named = np.zeros(votes.shape, dtype=bool)
    for number, item in enumerate(rows):
        for source, vote in item.votes.items():
            votes[number, column[source]] = vote
            named[number, column[source]] = True
    sums = votes.sum(axis=1)
    told = np.array([item.popularity or 0.0 for item in rows])
    if not told.any():
        told = np.array([float(lists.get(item.artist, 0)) for item in rows])
    by_mbid = {item.mbid: number for number, item in enumerate(rows) if item.mbid is not None}
    by_name: dict[str, int] = {}
    # Where one name stands with and without an identifier, the bare one may be anybody's.
    for number, item in sorted(enumerate(rows), key=lambda row: row[1].mbid is not None):
        by_name.setdefault(name_keys(item.artist)[Tier.WORDS], number)

    def row_of(artist: OwnedArtist) -> int:
        if artist.mbid is not None and artist.mbid in by_mbid:
            return by_mbid[artist.mbid]
        number = by_name.get(name_keys(artist.name)[Tier.WORDS], -1)
        # Two identifiers are two artists, however alike their names.
        namesake = number >= 0 and artist.mbid is not None and rows[number].mbid is not None
        return -1 if namesake else number

    return Ballot(
        sources=tuple(sources),
        votes=votes,
        named=named,
        novelty=np.array([item.score for item in rows]) / np.where(sums > 0, sums, 1.0),
        popularity=told,
        hidden=np.array([row_of(artist) for artist in hidden], dtype=np.int64),
    )


def places(ballot: Ballot, weights: Mapping[str, float]) -> Places:
    """Where the hidden artists stand when each source has this vote; without any vote nobody is named."""
    loud = np.array([weights.get(source, 0.0) for source in ballot.sources])
    return _places(ballot, ballot.votes @ loud * ballot.novelty, named=ballot.named @ (loud > 0))


def places_by_popularity(ballot: Ballot) -> Places:
    """Where they stand when whoever was named is ranked by popularity alone."""
    return _places(ballot, ballot.popularity, named=np.ones(len(ballot.popularity), bool))


def _places(ballot: Ballot, scores: Floats, named: NDArray[np.bool_]) -> Places:
    # Stable, and rows stand by name: equal scores in the order of `fuse`.
    order = np.argsort(-np.where(named, scores, -np.inf), kind="stable")
    place = np.empty(len(order) + 1, dtype=np.int64)
    place[order] = np.arange(1, len(order) + 1)
    place[:-1][~named] = 0
    place[-1] = 0
    return place[ballot.hidden]
