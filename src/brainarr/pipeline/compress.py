"""Library and Profile → Compressed: the text that stands for a library in a prompt, within a token budget."""

from collections.abc import Iterator, Mapping, Sequence

from brainarr.domain.music import Library, Mbid, OwnedAlbum, OwnedArtist
from brainarr.domain.taste import Compressed, Profile
from brainarr.pipeline.plaintext import quote
from brainarr.pipeline.ports import TokenCounter
from brainarr.pipeline.select import rank_exemplars

LEVELS = ("none", "minimal", "moderate", "aggressive")
"""From everything to least: each level is tried when the one before it did not fit."""

# Retention is flat beyond 400 names (SCIENCE §4: 1.01 of the full library): more only cost money and
# patience.
_NAMES = {"moderate": 600, "aggressive": 400}
# The aggressive level promises a whole prompt under 2,000 tokens (kept with a margin for what chat templates
# add) and 25:1 against the full listing, but never starves a prompt below the floor: there retention falls
# off a cliff.
_AGGRESSIVE_TOKENS = 1_900
_AGGRESSIVE_RATIO = 27
_AGGRESSIVE_FLOOR = 800

_HISTOGRAM_GENRES = 30
_RECENT_NAMES = 10
# The full listing is counted row by row up to here and scaled up from evenly spread rows above.
_COUNTED_ROWS = 2_000
# An album of a back catalogue that has not been read yet: the mean of "Title (1997)" in our measurements.
_UNREAD_ALBUM_TOKENS = 9


def compress(
    library: Library,
    profile: Profile,
    *,
    level: str,
    budget: int,
    overhead: int,
    counter: TokenCounter,
    neighbours: Mapping[Mbid, Sequence[Mbid]],
) -> Compressed:
    """The library in at most `budget` tokens: at `level`, or at the first stricter one that fits ("auto": the
    first of all). Deterministic.

    `overhead`: tokens of the rest of the prompt, which count for the aggressive level's promises and for the
    ratio.
    """
    full = full_listing_tokens(library, counter)
    for name in LEVELS[0 if level == "auto" else LEVELS.index(level) :]:
        if name in _NAMES:
            limit = budget
            if name == "aggressive":
                whole = min(_AGGRESSIVE_TOKENS, max(_AGGRESSIVE_FLOOR, full // _AGGRESSIVE_RATIO))
                limit = min(budget, whole - overhead)
            text, named = _digest(library, profile, limit, _NAMES[name], counter, neighbours)
        else:
            rows = _full_rows(library) if name == "none" else _short_rows(library)
            text = _whole(rows, budget, counter)
            named = [quote(artist.name) for artist in library.artists] if text is not None else []
        tokens = counter.count(text) if text is not None else 0
        if text is not None and (tokens <= budget or name == "aggressive"):
            ratio = full / (tokens + overhead) if full else 1.0
            return Compressed(name, text, tokens, len(named), ratio, full, frozenset(named))
    raise AssertionError("the aggressive level gives a text for every library")


def full_listing_tokens(library: Library, counter: TokenCounter) -> int:
    """Tokens of the full listing: the one baseline of every compression ratio (SCIENCE §4).

    Above 2,000 artists scaled up from evenly spread rows; albums that were not read yet count with the mean
    length.
    """
    artists = library.artists[:: max(1, len(library.artists) // _COUNTED_ROWS)]
    if not artists:
        return 0
    counted = sum(
        counter.count(_full_row(artist, library.albums.get(artist.id, ())) + "\n") for artist in artists
    )
    unread = sum(artist.album_count for artist in artists if artist.id not in library.albums)
    return round((counted + unread * _UNREAD_ALBUM_TOKENS) * len(library.artists) / len(artists))


def _full_rows(library: Library) -> Iterator[str]:
    return (_full_row(artist, library.albums.get(artist.id, ())) for artist in library.artists)


def _full_row(artist: OwnedArtist, albums: tuple[OwnedAlbum, ...]) -> str:
    cells = [quote(artist.name), ", ".join(quote(genre, 40) for genre in artist.genres)]
    cells.append(f"{artist.rating:.1f}" if artist.rating is not None else "")
    cells.append(str(artist.added.year) if artist.added is not None else "")
    cells.append(
        "; ".join(quote(album.title) + (f" ({album.year})" if album.year else "") for album in albums)
    )
    return " | ".join(cells)


def _short_rows(library: Library) -> Iterator[str]:
    for artist in library.artists:
        genres = ", ".join(quote(genre, 40) for genre in artist.genres[:2])
        yield f"{quote(artist.name)} ({genres})" if genres else quote(artist.name)


def _whole(rows: Iterator[str], budget: int, counter: TokenCounter) -> str | None:
    """All rows as lines, or None as soon as they cannot fit any more."""
    lines: list[str] = []
    used = 0
    for row in rows:
        used += counter.count(row + "\n")
        if used > budget:
            return None
        lines.append(row)
    return "\n".join(lines)


def _digest(
    library: Library,
    profile: Profile,
    limit: int,
    most: int,
    counter: TokenCounter,
    neighbours: Mapping[Mbid, Sequence[Mbid]],
) -> tuple[str, list[str]]:
    """Histograms, then as many exemplars as fit; when not even those fit, as many of their lines as do."""
    lines: list[str] = []
    used = 0
    for line in _histograms(profile):
        cost = counter.count(line + "\n")
        if used + cost <= limit:
            lines.append(line)
            used += cost
    names: list[str] = []
    used += counter.count("Artists: \n")
    for artist in rank_exemplars(library, profile, neighbours, most):
        name = quote(artist.name, 60)
        used += counter.count(name + ";")
        if used > limit:
            break
        names.append(name)
    if names:
        lines.append("Artists: " + "; ".join(names))
    return "\n".join(lines), names


def _histograms(profile: Profile) -> Iterator[str]:
    shape = profile.shape
    yield f"Library: {shape.artists} artists, {shape.albums} albums"
    if profile.genres:
        shares = list(profile.genres.items())[:_HISTOGRAM_GENRES]
        yield "Genres: " + ", ".join(
            f"{quote(genre, 40)} {share:.0%}" for genre, share in shares if share >= 0.005
        )
    if profile.decades:
        yield "Decades: " + ", ".join(f"{decade}s {share:.0%}" for decade, share in profile.decades.items())
    if profile.recent:
        yield "Added lately: " + "; ".join(quote(name, 60) for name in profile.recent[:_RECENT_NAMES])
