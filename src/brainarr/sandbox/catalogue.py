"""One server that stands in for MusicBrainz, ListenBrainz, Deezer, iTunes and the Cover Art Archive, over one
World."""

from starlette.applications import Starlette
from starlette.routing import Mount

from brainarr.sandbox.coverart import coverart_routes
from brainarr.sandbox.deezer import deezer_routes
from brainarr.sandbox.faults import Faults
from brainarr.sandbox.itunes import itunes_routes
from brainarr.sandbox.listenbrainz import Listens, labs_routes, listenbrainz_routes
from brainarr.sandbox.musicbrainz import musicbrainz_routes
from brainarr.sandbox.world import World


def create_catalogue(world: World, listens: Listens | None = None) -> Faults:
    """Base URLs under its address: /ws/2, /listenbrainz (adapters append /1), /labs, /deezer, /itunes and
    /coverart."""
    app = Starlette(
        routes=[
            Mount("/ws/2", routes=musicbrainz_routes(world)),
            Mount("/listenbrainz/1", routes=listenbrainz_routes(world, listens or {})),
            Mount("/labs", routes=labs_routes(world)),
            Mount("/deezer", routes=deezer_routes(world)),
            Mount("/itunes", routes=itunes_routes(world)),
            Mount("/coverart", routes=coverart_routes(world)),
        ]
    )
    return Faults(app)
