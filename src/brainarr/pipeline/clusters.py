"""Taste clusters: artists that belong together by genre and by the neighbours they share."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from brainarr.domain.genres import parents_of
from brainarr.domain.music import Mbid
from brainarr.domain.taste import Cluster

MOST_CLUSTERS = 12
_EXEMPLARS = 8
# A cluster below this share of the library is folded into its nearest relative: it would get no seed of its
# own.
_SMALLEST_SHARE = 0.02
# Two clusters whose artists' neighbour lists overlap this much are one circle of listeners under two genre
# words.
_SAME_LISTENERS = 0.35
UNLABELLED = "unlabelled"


class Member(msgspec.Struct, frozen=True, gc=False):
    """An artist as the clusters and the seeds need it."""

    id: int
    name: str
    mbid: Mbid | None
    weight: int
    """Millionths."""
    plays: int
    genres: tuple[str, ...]
    """Its own, canonical; without ancestors."""


class Group(msgspec.Struct):
    """A cluster with its members, heaviest first."""

    name: str
    members: list[Member]
    share: float
    genres: tuple[str, ...]

    @property
    def described(self) -> Cluster:
        exemplars = tuple(member.name for member in self.members[:_EXEMPLARS])
        return Cluster(self.name, self.share, self.genres, exemplars, len(self.members))


def cluster_members(
    members: Sequence[Member],
    genre_weights: Mapping[str, int],
    genre_artists: Mapping[str, int],
    neighbours: Mapping[Mbid, Sequence[Mbid]],
) -> list[Group]:
    """At most `MOST_CLUSTERS` groups covering every member, heaviest first; `members` come heaviest first
    too.

    A member belongs to the genre of its own that is both loved here and telling (weight × inverse document
    frequency), unless most of the owned artists that listeners place near it belong elsewhere.
    """
    if not members:
        return []
    salience = {
        genre: weight * math.log1p(len(members) / genre_artists[genre])
        for genre, weight in genre_weights.items()
    }
    home = {member.id: _most_salient(member.genres, salience) for member in members}
    _follow_neighbours(home, members, neighbours)
    _fold_small(home, members, salience)
    _join_same_listeners(home, members, neighbours)
    return _groups(home, members)


def _most_salient(genres: tuple[str, ...], salience: Mapping[str, float]) -> str:
    return max(genres, key=lambda genre: salience.get(genre, 0.0), default=UNLABELLED)


def _follow_neighbours(
    home: dict[int, str], members: Sequence[Member], neighbours: Mapping[Mbid, Sequence[Mbid]]
) -> None:
    """Moves a member to where at least three, and most, of its owned neighbours are. Decided on the state
    before."""
    if not neighbours:
        return
    by_mbid = {member.mbid: member.id for member in members if member.mbid is not None}
    moves: dict[int, str] = {}
    for member in members:
        if member.mbid is None or member.mbid not in neighbours:
            continue
        places = Counter(home[by_mbid[near]] for near in neighbours[member.mbid] if near in by_mbid)
        if places and (top := places.most_common(1)[0])[1] >= 3 and 2 * top[1] > places.total():
            moves[member.id] = top[0]
    home.update(moves)


def _fold_small(home: dict[int, str], members: Sequence[Member], salience: Mapping[str, float]) -> None:
    """Folds clusters that are too small, or too many, into their parent genre, smallest first, roots into the
    largest cluster that is left."""
    sizes: Counter[str] = Counter()
    for member in members:
        sizes[home[member.id]] += member.weight
    smallest = _SMALLEST_SHARE * sizes.total()
    folded: dict[str, str] = {}
    while len(sizes) > 1:
        name = min(sizes, key=lambda one: (sizes[one], one))
        if sizes[name] >= smallest and len(sizes) <= MOST_CLUSTERS:
            break
        size = sizes.pop(name)
        above = parents_of(name)
        target = (
            max(above, key=lambda genre: salience.get(genre, 0.0)) if above else sizes.most_common(1)[0][0]
        )
        sizes[target] += size
        folded[name] = target
    for number, name in home.items():
        while name in folded and name not in sizes:
            name = folded[name]
        home[number] = name


def _join_same_listeners(
    home: dict[int, str], members: Sequence[Member], neighbours: Mapping[Mbid, Sequence[Mbid]]
) -> None:
    circles: dict[str, set[Mbid]] = {}
    for member in members:
        if member.mbid is not None and member.mbid in neighbours:
            circles.setdefault(home[member.id], set()).update(neighbours[member.mbid])
    joined: dict[str, str] = {}
    names = sorted(circles)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            if other in joined or one in joined:
                continue
            union = len(circles[one] | circles[other])
            if union and len(circles[one] & circles[other]) / union >= _SAME_LISTENERS:
                joined[other] = one
    if joined:
        home.update({number: joined[name] for number, name in home.items() if name in joined})


def _groups(home: Mapping[int, str], members: Sequence[Member]) -> list[Group]:
    gathered: dict[str, list[Member]] = {}
    for member in members:
        gathered.setdefault(home[member.id], []).append(member)
    total = sum(member.weight for member in members) or 1
    groups: list[Group] = []
    for name, inside in gathered.items():
        words = Counter(genre for member in inside[:200] for genre in member.genres)
        genres = tuple(genre for genre, _ in words.most_common(5))
        groups.append(Group(name, inside, sum(member.weight for member in inside) / total, genres))
    return sorted(groups, key=lambda group: (-group.share, group.name))
