"""Profile → gaps: the styles and eras that a library nearly has, each with its reason counted."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

import msgspec

from brainarr.domain.genres import canonical_genre, children_of, parents_of, tree_genres
from brainarr.domain.recommendation import RunOverrides
from brainarr.domain.taste import Gap, GapKind, Profile

# A style counts as there from two artists on; below that its siblings prove no interest in the family.
_THERE = 2
_FAMILY_LEAST = 3
_FAMILY_COVERED = 1 / 3
_FAMILY_SHARE = 0.05
# Fewer than a quarter of what its siblings usually have is few.
_FEW = 0.25
# Close artists must name a style three times as often as the library has it, or they only mirror it.
_LIFT = 3.0
_LEAST_NEAR = 2
# No family may fill the plan alone: the tree has twenty kinds of rock.
_MOST_OF_A_FAMILY = 3
_STRONG_DECADE = 0.1
MOST_STYLES = 10


class _Family(msgspec.Struct, frozen=True):
    """What stands beside a style in the genre tree."""

    parent: str
    others: int
    """Other styles directly below the parent."""
    there: int
    """Of those, how many the library has."""
    typical: float
    """Artists that each of these has: the median."""
    pull: float


def plan_gaps(profile: Profile, near: Sequence[Sequence[str]] = ()) -> tuple[Gap, ...]:
    """Style gaps, then era gaps, the nearest first within each.

    `near`: for each artist that was found close to the library and is not owned, its genres. Of a style that
    the library lacks they are the better witnesses: the tree only tells what is alike, not what is heard.
    """
    return (*_style_gaps(profile, near), *_era_gaps(profile))


def _style_gaps(profile: Profile, near: Sequence[Sequence[str]]) -> list[Gap]:
    named = Counter(genre for genres in near for genre in set(map(canonical_genre, genres)))
    found = [gap for genre in tree_genres() for gap in _style_gap(genre, profile, named[genre], len(near))]
    found.sort(key=lambda pair: (-pair[1].strength, pair[1].name))
    families: Counter[str] = Counter()
    kept: list[Gap] = []
    for family, gap in found:
        families[family] += 1
        if families[family] <= _MOST_OF_A_FAMILY:
            kept.append(gap)
    return kept[:MOST_STYLES]


def _style_gap(genre: str, profile: Profile, named: int, near: int) -> Iterator[tuple[str, Gap]]:
    """(family, gap), or nothing."""
    artists = profile.shape.artists
    own = profile.genre_artists.get(genre, 0)
    family = max(_families(genre, own, profile), key=lambda family: family.pull, default=None)
    witnessed = bool(artists) and named >= _LEAST_NEAR and named * artists >= _LIFT * own * near
    if not parents_of(genre) or not (family or witnessed):
        return
    said = [f"{own or 'None'} of your {artists} artists {'is' if own < 2 else 'are'} of {genre}."]
    if family:
        said.append(
            f"Of the {family.others} other styles of {family.parent} you have {family.there}, "
            f"usually with {family.typical:g} artists."
        )
    if witnessed:
        said.append(f"{named} of {near} artists found close to your library are of it.")
    strength = (family.pull if family else 0.0) + (named / near if witnessed else 0.0)
    parent = family.parent if family else parents_of(genre)[0]
    run = RunOverrides(styles_include=(genre,))
    yield parent, Gap(GapKind.STYLE, genre, " ".join(said), strength, own / artists, run)


def _families(genre: str, own: int, profile: Profile) -> Iterator[_Family]:
    """Those of its families that the library has much of, and this style of them little."""
    counts, artists = profile.genre_artists, profile.shape.artists
    for parent in parents_of(genre):
        others = [other for other in children_of(parent) if other != genre]
        there = [counts[other] for other in others if counts.get(other, 0) >= _THERE]
        share = counts.get(parent, 0) / artists if artists else 0.0
        covered = len(there) / len(others) if others else 0.0
        if len(there) < _FAMILY_LEAST or covered < _FAMILY_COVERED or share < _FAMILY_SHARE:
            continue
        typical = float(median(there))
        if own < _FEW * typical:
            yield _Family(parent, len(others), len(there), typical, share * covered * (1 - own / typical))


def _era_gaps(profile: Profile) -> list[Gap]:
    """Thin decades between two strong ones."""
    shares = profile.decades
    strong = [decade for decade, share in shares.items() if share >= _STRONG_DECADE]
    gaps: list[Gap] = []
    for before, after in pairwise(strong):
        beside = min(shares[before], shares[after])
        for decade in range(before + 10, after, 10):
            share = shares.get(decade, 0.0)
            if share < beside / 2:
                reason = (
                    f"{share:.0%} of your library's first releases are from the {decade}s, between the "
                    f"{before}s ({shares[before]:.0%}) and the {after}s ({shares[after]:.0%})."
                )
                run = RunOverrides(decades_include=(decade,))
                gaps.append(Gap(GapKind.ERA, f"{decade}s", reason, beside - share, share, run))
    return sorted(gaps, key=lambda gap: -gap.strength)
