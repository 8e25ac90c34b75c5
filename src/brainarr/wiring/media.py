"""What the pages show and play beside words: pictures, previews, discographies."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from brainarr.pipeline.ports import Cache, Clock
from brainarr.service.albums import Discographies
from brainarr.service.artwork import Artwork
from brainarr.service.previews import Previews
from brainarr.store.pictures import PictureShelf
from brainarr.store.session import Database
from brainarr.wiring.caching import CachedCatalog
from brainarr.wiring.configuration import Settings
from brainarr.wiring.outside import Outside

FOLDER = "artwork"
_MB = 2**20


@dataclass(frozen=True)
class Media:
    artwork: Artwork | None
    previews: Previews | None
    discographies: Discographies


@asynccontextmanager
async def open_media(
    settings: Settings, folder: Path, outside: Outside, db: Database, cache: Cache, clock: Clock
) -> AsyncIterator[Media]:
    """Asks nobody anything yet; gives up at the end what is under way. `folder`: the configuration's."""
    async with AsyncExitStack() as stack:
        discographies = Discographies(db, CachedCatalog(outside.musicbrainz, cache))
        stack.push_async_callback(discographies.aclose)
        artwork = _artwork(settings, folder, outside, db, clock) if settings.artwork.enabled else None
        if artwork is not None:
            stack.push_async_callback(artwork.aclose)
        heard = [source for source in (outside.deezer, outside.itunes) if source is not None]
        yield Media(
            artwork=artwork,
            previews=Previews(db, heard, clock) if settings.previews.enabled else None,
            discographies=discographies,
        )


def _artwork(settings: Settings, folder: Path, outside: Outside, db: Database, clock: Clock) -> Artwork:
    """Lidarr's pictures first: it has most of them at home."""
    own = outside.lidarr_pictures
    return Artwork(
        db,
        PictureShelf(folder / FOLDER, settings.artwork.megabytes * _MB, clock),
        clock,
        artists=[source for source in (own, outside.deezer) if source is not None],
        albums=[source for source in (own, outside.coverart) if source is not None],
    )
