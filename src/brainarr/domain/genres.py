"""The genre tree: so that "shoegaze" counts for "rock" too. Spellings follow MusicBrainz' genre list."""

import math
from collections.abc import Mapping
from functools import lru_cache

from brainarr.domain.genre_tree import TREE

# A parent gets half of what its child gets: enough that two kinds of rock meet, not enough to hide the
# difference.
_DECAY = 0.5
# A band is of a style when a fifth of its genre votes say so; a single vote among many is a passer-by's.
_OF_A_STYLE = 0.2


def _key(name: str) -> str:
    return name.strip().lower().replace("-", " ").replace("_", " ")


def _read_tree(text: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """(spelling key → name, name → parents), both in the order of `text`."""
    names: dict[str, str] = {}
    parents: dict[str, tuple[str, ...]] = {}
    path: list[str] = []
    for line in text.strip("\n").splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name, _, others = line.strip().partition(" / ")
        name = names.get(_key(name), name)
        for spelling in (name, *others.split(", ")) if others else (name,):
            names.setdefault(_key(spelling), name)
        del path[depth:]
        known = parents.get(name, ())
        parents[name] = known if not path or path[-1] in known else (*known, path[-1])
        path.append(name)
    return names, parents


def _turned_round(parents: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    children: dict[str, tuple[str, ...]] = {}
    for genre, above in parents.items():
        for parent in above:
            children[parent] = (*children.get(parent, ()), genre)
    return children


_NAMES, _PARENTS = _read_tree(TREE)
_CHILDREN = _turned_round(_PARENTS)


@lru_cache(maxsize=8192)
def canonical_genre(name: str) -> str:
    """MusicBrainz' spelling of a genre; names that the tree does not know come back lower-cased and bounded.

    >>> canonical_genre("Hip-Hop")
    'hip hop'
    """
    key = _key(name)
    return _NAMES.get(key) or " ".join(name.lower().split())[:60]


def parents_of(genre: str) -> tuple[str, ...]:
    """The genres directly above `genre` (canonical); empty for a root or an unknown one."""
    return _PARENTS.get(genre, ())


def children_of(genre: str) -> tuple[str, ...]:
    """The genres directly below `genre` (canonical), in the tree's order; empty for a leaf or an unknown
    one."""
    return _CHILDREN.get(genre, ())


def tree_genres() -> tuple[str, ...]:
    """Every genre of the tree, those above before those below."""
    return tuple(_PARENTS)


def spellings() -> Mapping[str, str]:
    """Every spelling of every genre, lower-case and with spaces for hyphens, and the genre that it means."""
    return _NAMES


def known_genre(name: str) -> bool:
    """Whether the tree holds it: tags such as "seen live" or "female vocalists" are not genres."""
    return _key(name) in _NAMES


@lru_cache(maxsize=8192)
def lineage(name: str) -> tuple[tuple[str, float], ...]:
    """(genre, weight) of a genre and everything above it: 1 for itself, half for each step up, the largest
    where several ways lead to the same ancestor.

    >>> lineage("shoegaze")
    (('shoegaze', 1.0), ('alternative rock', 0.5), ('rock', 0.25))
    """
    weights: dict[str, float] = {}
    level = [canonical_genre(name)]
    weight = 1.0
    while level:
        above: list[str] = []
        for genre in level:
            if weight > weights.get(genre, 0.0):
                weights[genre] = weight
                above.extend(parents_of(genre))
        level, weight = above, weight * _DECAY
    return tuple(weights.items())


def genre_shares(genres: tuple[tuple[str, float], ...]) -> dict[str, float]:
    """Shares summing to 1 over (name, votes), ancestors included; empty for no genres or no votes.

    Votes count by their logarithm: the famous have a hundred for "rock" and ten for what sets them apart.
    """
    shares: dict[str, float] = {}
    for name, votes in genres:
        for genre, weight in lineage(name):
            shares[genre] = shares.get(genre, 0.0) + math.log1p(max(votes, 0.0)) * weight
    total = sum(shares.values())
    return {genre: share / total for genre, share in shares.items()} if total > 0 else {}


def style_share(genres: tuple[tuple[str, float], ...], styles: tuple[str, ...]) -> float:
    """The share of the votes that go to `styles` or to genres below them, 0 to 1.

    >>> style_share((("shoegaze", 3), ("techno", 1)), ("Rock",))
    0.75
    """
    wanted = {canonical_genre(style) for style in styles}
    votes = [(max(count, 0.0), any(genre in wanted for genre, _ in lineage(name))) for name, count in genres]
    total = sum(count for count, _ in votes)
    return sum(count for count, meant in votes if meant) / total if total else 0.0


def of_a_style(genres: tuple[tuple[str, float], ...], styles: tuple[str, ...]) -> bool:
    """Whether music with these (name, votes) is of one of `styles` or of a genre below one."""
    return style_share(genres, styles) >= _OF_A_STYLE
