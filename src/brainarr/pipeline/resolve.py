"""Which artist of the catalogue a candidate means: by identifier, else by name with corroboration (SCIENCE
§5)."""

from collections.abc import Sequence

import msgspec

from brainarr.domain.genres import canonical_genre, genre_shares
from brainarr.domain.music import CatalogArtist
from brainarr.domain.names import same_name, split_collaboration, title_key
from brainarr.domain.recommendation import Fused, Verdict
from brainarr.pipeline.ports import Catalog

# Namesakes asked for their albums: each costs a second.
_MOST_NAMESAKES = 4


class Unresolved(msgspec.Struct, frozen=True):
    """Why no artist or album could be settled on."""

    verdict: Verdict
    detail: str


async def resolve_artist(fused: Fused, catalog: Catalog) -> CatalogArtist | Unresolved:
    """The one artist meant, under its canonical MBID. Never by likeness of spelling: a close miss is told,
    not taken.

    Raises ProviderError when the catalogue cannot be asked.
    """
    if fused.mbid is not None:
        artist = await catalog.artist(fused.mbid)
        return artist or Unresolved(Verdict.UNKNOWN, "this MBID is not in MusicBrainz")
    found = await catalog.find_artists(fused.artist)
    namesakes = _best_tier(fused.artist, found)
    if not namesakes:
        return Unresolved(Verdict.UNKNOWN, _unknown_detail(fused.artist, found))
    if len(namesakes) == 1:
        return await _whole(namesakes[0], catalog)
    settled = await _settle(fused, namesakes, catalog)
    if settled is None:
        who = "; ".join(artist.disambiguation or artist.country or artist.mbid for artist in namesakes[:4])
        return Unresolved(Verdict.AMBIGUOUS, f"{len(namesakes)} artists go by this name: {who}")
    return await _whole(settled, catalog)


async def _whole(artist: CatalogArtist, catalog: Catalog) -> CatalogArtist | Unresolved:
    """A search result carries no genres: looks the artist up, which also follows a merge."""
    return await catalog.artist(artist.mbid) or Unresolved(Verdict.UNKNOWN, "withdrawn from MusicBrainz")


def _best_tier(name: str, found: Sequence[CatalogArtist]) -> list[CatalogArtist]:
    """Those whose name agrees with `name` at the best tier that any reaches. An alias counts only where no
    artist is really called that, or every tribute band would make its idol ambiguous."""
    for spellings in (_main_names, _aliases):
        tiers: dict[int, list[CatalogArtist]] = {}
        for artist in found:
            agreed = [tier for other in spellings(artist) if (tier := same_name(name, other)) is not None]
            if agreed:
                tiers.setdefault(min(agreed), []).append(artist)
        if tiers:
            return tiers[min(tiers)]
    return []


def _main_names(artist: CatalogArtist) -> tuple[str, ...]:
    return (artist.name,)


def _aliases(artist: CatalogArtist) -> tuple[str, ...]:
    return (artist.sort_name, *artist.aliases)


async def _settle(fused: Fused, namesakes: Sequence[CatalogArtist], catalog: Catalog) -> CatalogArtist | None:
    """The one namesake that the candidate's other facts speak for; None when they speak for none or for
    several."""
    if fused.album:
        wanted = title_key(fused.album)
        bearers = [
            artist
            for artist in namesakes[:_MOST_NAMESAKES]
            if any(title_key(album.title) == wanted for album in await catalog.albums(artist.mbid))
        ]
        if len(bearers) == 1:
            return bearers[0]
    claimed = {canonical_genre(genre) for genre in fused.genres}
    fitting = [artist for artist in namesakes if claimed & genre_shares(artist.genres).keys()]
    return fitting[0] if len(fitting) == 1 else None


def _unknown_detail(name: str, found: Sequence[CatalogArtist]) -> str:
    parts = split_collaboration(name)
    if parts:
        return "no such artist in MusicBrainz; perhaps a collaboration of " + ", ".join(parts[:4])
    near = [artist.name for artist in found[:2]]
    return "no such artist in MusicBrainz" + (f"; did they mean {' or '.join(near)}?" if near else "")
