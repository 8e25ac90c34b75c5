"""What Lidarr's import lists ask us for, to the byte: no nulls, no redirect, no byte order mark.

`/lists/{list}/artists` is a Custom List (artists). `/lists/{list}` answers as a read-only Lidarr v1, because
Lidarr's own "Lidarr" list is the one that takes single albums: it asks for `album`, then for `artist`; the
rest fills its pickers.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from brainarr import metrics
from brainarr.domain.pickers import PROFILES, TAGS, folders_until
from brainarr.errors import NotFound
from brainarr.service.feed_cache import Answer, Deliver, Delivered
from brainarr.service.feeds import ALBUMS, ARTISTS, album_artists, albums_feed, artists_feed
from brainarr.web.auth import GivenKey, opened, same_key
from brainarr.web.deps import Deps
from brainarr.web.feeds_at_hand import respond
from brainarr.web.problems import TOO_MANY_GUESSES, UNAUTHORIZED, Unauthorized, problems

router = APIRouter(prefix="/lists/{slug}", tags=["feeds"], responses=problems(UNAUTHORIZED, TOO_MANY_GUESSES))

# What fills the pickers of Lidarr's form: whatever is picked there lets those through whose artists say it.
_PROFILES = [{"id": number, "name": name} for number, name in PROFILES.items()]
_TAGS = [{"id": number, "label": label} for number, label in TAGS.items()]


async def _open_list(slug: str, request: Request, given: GivenKey, deps: Deps) -> str:
    """The slug of a list whose key was brought. A list that does not exist is refused in the same words."""
    try:
        key = await deps.feeds.key_of(slug)
    except NotFound:
        key = ""
    if not same_key(given or "", key):
        metrics.feed_polled(None, "any", 0)
        raise Unauthorized(
            "That key does not open this list.",
            remedy="GET /api/v1/lists shows each list's address and key; they go into Lidarr's import list.",
        )
    opened(request, given or "")
    return slug


Endpoint = TypeVar("Endpoint", bound=Callable[..., Awaitable[Response]])
OpenList = Annotated[str, Depends(_open_list)]


def _feed(path: str, summary: str, example: list[dict[str, Any]]) -> Callable[[Endpoint], Endpoint]:
    """A route that answers GET, and HEAD, with a bare array."""
    answer: dict[int | str, dict[str, Any]] = {
        200: {"description": summary, "content": {"application/json": {"example": example}}},
        304: {"description": "Nothing else than what `If-None-Match` names"},
    }

    def register(endpoint: Endpoint) -> Endpoint:
        router.head(path, include_in_schema=False)(_look)
        return router.get(path, summary=summary, response_class=Response, responses=answer)(endpoint)

    return register


def _encoded(rows: Iterable[Mapping[str, Any]]) -> Answer:
    items = list(rows)
    return Answer.of(msgspec.json.encode(items), len(items))


def _array(request: Request, answer: Answer) -> Response:
    return respond(answer, request.headers.get("if-none-match"))


async def _poll(request: Request, deps: Deps, slug: str, channel: str, deliver: Deliver) -> Response:
    answer = await deps.feeds.answer(slug, channel, deliver)
    metrics.feed_polled(slug, channel, answer.items)
    return _array(request, answer)


async def _look(slug: OpenList) -> Response:
    """HEAD: whether a feed is there. It receives nothing, so nothing may count as delivered."""
    answer = Response(media_type="application/json")
    del answer.headers["content-length"]
    return answer


@_feed(
    "/artists",
    "Artists, for a Custom List",
    [{"MusicBrainzId": "a74b1b7f-71a5-4011-9441-d0b5e4122711"}],
)
async def artists(slug: OpenList, request: Request, deps: Deps) -> Response:
    async def deliver() -> Delivered:
        feed = await artists_feed(deps.db, slug, clock=deps.clock, guarded=deps.importers)
        return Delivered(_encoded({"MusicBrainzId": mbid} for mbid in feed.items), feed.state)

    return await _poll(request, deps, slug, ARTISTS, deliver)


@_feed(
    "/api/v1/album",
    'Albums, for a "Lidarr" list',
    [
        {
            "artistId": 1,
            "title": "OK Computer (1997)",
            "foreignAlbumId": "b1392450-e666-3926-a536-22c65f834433",
            "monitored": True,
        }
    ],
)
async def albums(slug: OpenList, request: Request, deps: Deps) -> Response:
    async def deliver() -> Delivered:
        feed = await albums_feed(deps.db, slug, clock=deps.clock, guarded=deps.importers)
        rows = (
            {"artistId": row.artist_id, "title": row.title, "foreignAlbumId": row.mbid, "monitored": True}
            for row in feed.items
        )
        return Delivered(_encoded(rows), feed.state)

    return await _poll(request, deps, slug, ALBUMS, deliver)


@_feed(
    "/api/v1/artist",
    "The artists of those albums",
    [
        {
            "id": 1,
            "artistName": "Radiohead",
            "foreignArtistId": "a74b1b7f-71a5-4011-9441-d0b5e4122711",
            "monitored": True,
            "qualityProfileId": 11,
            "rootFolderPath": "/brainarr/1990s",
            "tags": [1, 10],
        }
    ],
)
async def artists_of_albums(slug: OpenList, request: Request, deps: Deps) -> Response:
    # Never from memory: Lidarr stops its sync over an album, just delivered by any process, without artist.
    found = await album_artists(deps.db, slug)
    return _array(
        request,
        _encoded(
            {
                "id": row.id,
                "artistName": row.name,
                "foreignArtistId": row.mbid,
                "monitored": True,
                "qualityProfileId": row.marks.profile,
                "rootFolderPath": row.marks.folder,
                "tags": row.marks.tags,
            }
            for row in found
        ),
    )


@_feed("/api/v1/qualityprofile", "How sure, and whether the artist is new, to pick from", _PROFILES[:1])
async def quality_profiles(slug: OpenList, request: Request) -> Response:
    return _array(request, _encoded(_PROFILES))


@_feed("/api/v1/tag", "Families of genres to pick from", _TAGS[:3])
async def tags(slug: OpenList, request: Request) -> Response:
    return _array(request, _encoded(_TAGS))


@_feed("/api/v1/rootfolder", "Decades to pick from", [{"id": 1, "path": "/brainarr"}])
async def root_folders(slug: OpenList, request: Request, deps: Deps) -> Response:
    folders = folders_until(deps.clock().year)
    return _array(request, _encoded({"id": id_, "path": path} for id_, path in enumerate(folders, start=1)))
