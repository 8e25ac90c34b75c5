"""Wishes that fit a person: something to click for whoever does not know yet what to say."""

from collections.abc import Mapping, Sequence

from brainarr.domain.genres import known_genre
from brainarr.domain.taste import Cluster, Gap, GapKind

MOST = 6


def example_wishes(
    clusters: Sequence[Cluster],
    genres: Mapping[str, float],
    decades: Mapping[int, float],
    gaps: Sequence[Gap],
) -> tuple[str, ...]:
    """At most six, all of which `read_wish` understands: of the profile's clusters, eras and gaps."""
    loved = [genre for genre in genres if known_genre(genre)]
    found: list[str] = []
    for cluster in clusters[:2]:
        own = [genre for genre in cluster.genres if known_genre(genre)]
        if own and cluster.exemplars:
            found.append(f"{own[0]} like {cluster.exemplars[0]}, nothing too obscure")
    if loved and decades:
        most = max(decades, key=lambda decade: decades[decade])
        found.append(f"five {loved[0]} albums from the {most}s")
    missed = [gap.name for gap in gaps if gap.kind is GapKind.STYLE and known_genre(gap.name)]
    found += [f"{genre} albums, something new to me" for genre in missed[:1]]
    if len(clusters) > 1 and all(cluster.exemplars for cluster in clusters[:2]):
        one, other = (cluster.exemplars[0] for cluster in clusters[:2])
        found.append(f"like {one} and {other}, but calm")
    found.append("something completely different, ten artists")
    return tuple(dict.fromkeys(found))[:MOST]
