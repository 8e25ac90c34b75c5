"""What a library says of a taste, as figures, charts and names."""

from collections.abc import Mapping
from dataclasses import dataclass

from brainarr.domain.taste import Cluster, Gap, GapKind, Shape
from brainarr.service.profile import Portrait
from brainarr.web.charts import Bar, Chart, Column, Tile, columns, interval_bars, treemap
from brainarr.web.figures import compact, percent, plural

_GENRES, _SEEDS, _TILES = 12, 16, 24
_KINDS = {
    "empty": "nothing in it yet",
    "sampler": "many artists, few albums of each",
    "mixed": "some artists in depth, others by an album",
    "completist": "whole discographies",
}


@dataclass(frozen=True)
class Fact:
    label: str
    figure: str
    more: str = ""


@dataclass(frozen=True)
class Missing:
    """A gap, and what to ask for to fill it."""

    name: str
    reason: str
    wish: str


@dataclass(frozen=True)
class Shown:
    """A portrait as the page tells it."""

    facts: tuple[Fact, ...]
    genres: Chart | None
    decades: Chart | None
    clusters: Chart | None
    groups: tuple[Cluster, ...]
    gaps: tuple[Missing, ...]
    seeds: tuple[tuple[str, float], ...]
    """(name, share of the heaviest's weight), heaviest first."""
    recent: tuple[str, ...]


def show(portrait: Portrait) -> Shown:
    heaviest = max((seed.weight for seed in portrait.seeds), default=0.0) or 1.0
    return Shown(
        facts=facts(portrait.shape, portrait.album_coverage),
        genres=_genres(portrait.genres),
        decades=_decades(portrait.decades),
        clusters=_clusters(portrait.clusters),
        groups=portrait.clusters[:_TILES],
        gaps=tuple(_missing(gap) for gap in portrait.gaps),
        seeds=tuple((seed.name, seed.weight / heaviest) for seed in portrait.seeds[:_SEEDS]),
        recent=portrait.recent,
    )


def facts(shape: Shape, album_coverage: float) -> tuple[Fact, ...]:
    """How large it is, and how much of it tells something."""
    albums = plural(shape.albums, "album")
    if album_coverage < 1:
        albums = f"albums of {percent(album_coverage)} known"
    return (
        Fact("Artists", compact(shape.artists), f"{compact(shape.monitored)} monitored; {albums}"),
        Fact("Kind", shape.kind, _KINDS[shape.kind]),
        _known("Played", shape.played, shape, "no plays are known"),
        _known("Rated", shape.rated, shape, "no ratings are known"),
        _known("With genres", shape.artists - shape.without_genres, shape, "nobody says what it is"),
    )


def _known(label: str, count: int, shape: Shape, none: str) -> Fact:
    if not count:
        return Fact(label, "0", none)
    return Fact(label, compact(count), f"{percent(count / shape.artists)} of the artists")


def _genres(genres: Mapping[str, float]) -> Chart | None:
    """Those that say most."""
    if not genres:
        return None
    rows = list(genres.items())[:_GENRES]
    more = f"The first {len(rows)} of {len(genres)}. " if len(genres) > len(rows) else ""
    note = f"{more}A genre counts what is below it too: shoegaze is rock as well."
    picture = interval_bars(
        [Bar(genre, share, accent=place == 0) for place, (genre, share) in enumerate(rows)],
        title="Genres",
        description="Shares of your taste, most loved first.",
    )
    table = tuple((genre, percent(share)) for genre, share in rows)
    return Chart("Genres", picture, ("Genre", "Share"), table, note)


def _decades(decades: Mapping[int, float]) -> Chart | None:
    if not decades:
        return None
    first, last, most = min(decades), max(decades), max(decades, key=lambda decade: decades[decade])
    every = range(first, last + 10, 10)
    picture = columns(
        [
            Column(f"{decade}s", decades.get(decade, 0.0), f"{decade % 100:02}s", accent=decade == most)
            for decade in every
        ],
        title="Eras",
        description="Shares of the years in which your albums came out first, by decade.",
    )
    table = tuple((f"{decade}s", percent(decades.get(decade, 0.0))) for decade in every)
    return Chart("Eras", picture, ("Decade", "Share"), table, f"Most is from the {most}s.")


def _clusters(clusters: tuple[Cluster, ...]) -> Chart | None:
    if not clusters:
        return None
    shown = clusters[:_TILES]
    picture = treemap(
        [Tile(one.name, one.weight, ", ".join(one.exemplars[:2])) for one in shown],
        title="What your library is made of",
        description="Groups of artists that belong together, each as large as its share.",
    )
    table = tuple((one.name, percent(one.weight), compact(one.size)) for one in shown)
    note = "Artists that belong together, each group as large as its share of your taste."
    return Chart("What your library is made of", picture, ("Group", "Share", "Artists"), table, note)


def _missing(gap: Gap) -> Missing:
    wish = f"music of the {gap.name}" if gap.kind is GapKind.ERA else gap.name
    return Missing(gap.name, gap.reason, wish)
