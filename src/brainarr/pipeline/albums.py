"""Which album of a verified artist: the one that was named, else the one that listeners love (DESIGN §3)."""

from collections.abc import Sequence

import msgspec

from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.domain.names import title_key
from brainarr.domain.recommendation import FIRST_STUDIO_ALBUM, Fused, Verdict
from brainarr.errors import ProviderError
from brainarr.pipeline.ports import AlbumCharts
from brainarr.pipeline.resolve import Unresolved

# A rating by one person is that person's; MusicBrainz albums that matter have more.
_ENOUGH_VOTES = 3


class Choice(msgspec.Struct, frozen=True):
    """An album and who chose it: a source's name, or `FIRST_STUDIO_ALBUM`."""

    album: ReleaseGroup
    chooser: str


async def choose_album(
    fused: Fused,
    artist: CatalogArtist,
    albums: Sequence[ReleaseGroup],
    exclusions: frozenset[Mbid],
    charts: Sequence[AlbumCharts],
) -> Choice | Unresolved:
    """The album that was named, where the artist made it. Where none was named, or a similarity source
    vouches for the artist although the title is wrong: what listeners like best, else the first studio album.

    A compilation, live album or remix only when its title was asked for. Charts that fail are passed over:
    they only refine the choice.
    """
    allowed = [album for album in albums if album.mbid not in exclusions]
    if fused.album:
        named = _by_title(fused.album, allowed)
        if named is not None:
            return Choice(named, fused.named_by or FIRST_STUDIO_ALBUM)
        if fused.mbid is None:
            return Unresolved(Verdict.UNKNOWN, f"no album “{fused.album}” by {artist.name} in MusicBrainz")
    studio = [album for album in allowed if album.studio_album]
    if not studio:
        return Unresolved(Verdict.NO_ALBUM, f"{artist.name} has no studio album in MusicBrainz")
    for chart in charts:
        try:
            titles = await chart.favourites(artist)
        except ProviderError:
            continue
        for title in titles:
            if (favourite := _by_title(title, studio)) is not None:
                return Choice(favourite, chart.name)
    rated = [album for album in studio if album.rating is not None and album.votes >= _ENOUGH_VOTES]
    if rated:
        best = max(rated, key=lambda album: (album.rating or 0.0, album.votes))
        return Choice(best, "musicbrainz")
    return Choice(min(studio, key=lambda album: (album.year or 9999, album.title)), FIRST_STUDIO_ALBUM)


def _by_title(title: str, albums: Sequence[ReleaseGroup]) -> ReleaseGroup | None:
    """Of the albums with this title the studio album, else the most plainly titled kind, else the
    earliest."""
    wanted = title_key(title)
    matching = [album for album in albums if title_key(album.title) == wanted]
    return min(
        matching,
        key=lambda album: (
            not album.studio_album,
            len(album.secondary_kinds),
            album.kind,
            album.year or 9999,
        ),
        default=None,
    )
