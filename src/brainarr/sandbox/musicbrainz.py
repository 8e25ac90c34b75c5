"""MusicBrainz's web service, version 2, over a World: search, lookup and browse.

https://musicbrainz.org/doc/MusicBrainz_API
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from brainarr.domain.music import Mbid, parse_mbid
from brainarr.sandbox.world import World, WorldAlbum, WorldArtist

_TERM = re.compile(r'(?:(?P<field>\w+):)?(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>(?:[^\s()"\\]|\\.)+))')
# "viktor~1": a letter may differ. A sandbox has no names for that; the word itself is what counts.
_NEARLY = re.compile(r"(?<!\\)~\d?$")
_TAG = re.compile(r'tag:"((?:[^"\\]|\\.)*)"')
_NEEDED_TAG = re.compile(r'\+tag:"((?:[^"\\]|\\.)*)"')
_IDENTIFIER = re.compile(r"arid:([0-9a-f-]{36})")
_RELEASED_SINCE = re.compile(r"firstreleasedate:\[(\d{4}-\d{2}-\d{2}) TO \*\]")
_NAME_FIELDS = frozenset({"", "artist", "artistaccent", "alias", "sortname", "name"})
_TITLE_FIELDS = frozenset({"", "releasegroup", "releasegroupaccent", "release"})
_USAGE = "For usage, please see: https://musicbrainz.org/development/mmd"
_WEAKEST_HIT = 0.34


def musicbrainz_routes(world: World) -> list[Route]:
    """To be mounted at /ws/2."""
    encyclopaedia = Encyclopaedia(world)
    return [
        Route("/artist", encyclopaedia.search_artists),
        Route("/artist/{mbid}", encyclopaedia.artist),
        Route("/release-group", encyclopaedia.release_groups),
        Route("/release-group/{mbid}", encyclopaedia.release_group),
    ]


class Encyclopaedia:
    def __init__(self, world: World) -> None:
        self.world = world
        self._by_word: dict[str, set[Mbid]] = defaultdict(set)
        for artist in world.artists.values():
            for name in (artist.name, artist.sort_name, *artist.aliases):
                for word in _words(name):
                    self._by_word[word].add(artist.mbid)

    async def search_artists(self, request: Request) -> Response:
        if (refusal := _refuse_anonymous(request)) is not None:
            return refusal
        terms = _terms(request)
        asked = [text for field, text in terms if field in _NAME_FIELDS]
        if any(field == "tag" for field, _ in terms):
            hits = self._tagged(request.query_params["query"])
        elif asked:
            hits = self._named(asked)
        else:
            return _error(400, "Missing required parameter: query")
        hits.sort(key=lambda hit: (-hit[0], -hit[1].listeners, hit[1].mbid))
        limit, offset = _page(request, 25)
        found = [
            _artist(artist, {"aliases", "tags"}) | {"score": score}
            for score, artist in hits[offset : offset + limit]
        ]
        return JSONResponse({"count": len(hits), "offset": offset, "artists": found})

    def _named(self, asked: list[str]) -> list[tuple[int, WorldArtist]]:
        hits: list[tuple[int, WorldArtist]] = []
        for mbid in set().union(*(self._by_word.get(word, set()) for text in asked for word in _words(text))):
            artist = self.world.artists.get(mbid)
            if artist is None:
                continue  # merged or removed since the words were counted
            score = max(_name_score(text, artist) for text in asked)
            if score:
                hits.append((score, artist))
        return hits

    def _tagged(self, query: str) -> list[tuple[int, WorldArtist]]:
        """Of alternatives joined by OR, each with tags that must be there (+), tags that may, and perhaps
        identifiers; the more of the tags, the better."""
        hits: dict[Mbid, int] = {}
        for clause in re.split(r"\) OR \(", query):
            tags, must = set(_TAG.findall(clause)), set(_NEEDED_TAG.findall(clause))
            among = set(_IDENTIFIER.findall(clause))
            for mbid, artist in self.world.artists.items():
                shared = tags & {name for name, _ in artist.genres}
                if shared and must <= shared and (not among or mbid in among):
                    hits[mbid] = max(hits.get(mbid, 0), 100 * len(shared) // len(tags))
        return [(score, self.world.artists[mbid]) for mbid, score in hits.items()]

    def _relations(self, artist: WorldArtist) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for relation in self.world.relations:
            ends = {
                relation.artist: ("forward", relation.other),
                relation.other: ("backward", relation.artist),
            }
            if artist.mbid in ends:
                direction, other = ends[artist.mbid]
                target = _artist(self.world.artists[other], set())
                found.append(
                    {"type": relation.kind, "target-type": "artist", "direction": direction, "artist": target}
                )
        return found

    async def artist(self, request: Request) -> Response:
        asked = parse_mbid(request.path_params["mbid"])
        if (refusal := _refuse_anonymous(request)) is not None:
            return refusal
        if asked is None:
            return _error(400, "Invalid mbid.")
        artist = self.world.artist(asked)
        if artist is None:
            return _error(404, "Not Found")
        if artist.mbid != asked:
            return _moved(request, asked, artist.mbid)
        wanted = _inc(request)
        body = _artist(artist, wanted)
        if "release-groups" in wanted:
            body["release-groups"] = [
                _release_group(album, set()) for album in self.world.discography(artist.mbid)[:25]
            ]
        if wanted & {"url-rels", "artist-rels"}:
            body["relations"] = self._relations(artist) if "artist-rels" in wanted else []
        return JSONResponse(body)

    async def release_groups(self, request: Request) -> Response:
        """Browse with ?artist=, search with ?query=."""
        if (refusal := _refuse_anonymous(request)) is not None:
            return refusal
        limit, offset = _page(request, 25)
        if "artist" in request.query_params:
            artist = self.world.artist(request.query_params["artist"].lower())
            if artist is None:
                return _error(404, "Not Found")
            kinds = set(filter(None, request.query_params.get("type", "").split("|")))
            albums = [a for a in self.world.discography(artist.mbid) if not kinds or a.kind.lower() in kinds]
            found = [self._with_credit(album, _inc(request)) for album in albums[offset : offset + limit]]
            return JSONResponse(
                {"release-groups": found, "release-group-count": len(albums), "release-group-offset": offset}
            )
        if (asked := _RELEASED_SINCE.search(request.query_params.get("query", ""))) is not None:
            hits = self._released_since(asked[1], request.query_params["query"])
        else:
            hits = self._search_titles(_terms(request))
        found = [
            self._with_credit(album, {"artist-credits", "tags"}) | {"score": score}
            for score, album in hits[offset : offset + limit]
        ]
        return JSONResponse({"count": len(hits), "offset": offset, "release-groups": found})

    async def release_group(self, request: Request) -> Response:
        asked = parse_mbid(request.path_params["mbid"])
        if (refusal := _refuse_anonymous(request)) is not None:
            return refusal
        if asked is None:
            return _error(400, "Invalid mbid.")
        album = self.world.album(asked)
        if album is None:
            return _error(404, "Not Found")
        if album.mbid != asked:
            return _moved(request, asked, album.mbid)
        return JSONResponse(self._with_credit(album, _inc(request)))

    def _released_since(self, day: str, query: str) -> list[tuple[int, WorldAlbum]]:
        """What the artists that are named brought out from `day` on, of the primary types that are named."""
        kinds = {kind.lower() for kind in re.findall(r"primarytype:(\w+)", query)}
        return [
            (100, album)
            for mbid in dict.fromkeys(_IDENTIFIER.findall(query))
            for album in self.world.discography(Mbid(mbid))
            if album.first_release >= day and (not kinds or album.kind.lower() in kinds)
        ]

    def _search_titles(self, terms: list[tuple[str, str]]) -> list[tuple[int, WorldAlbum]]:
        titles = [text for field, text in terms if field in _TITLE_FIELDS]
        owner = next((text.lower() for field, text in terms if field == "arid"), None)
        artists = [text for field, text in terms if field in {"artist", "artistname", "creditname"}]
        albums: Iterable[WorldAlbum] = self.world.albums.values()
        if owner is not None:
            albums = self.world.discography(Mbid(owner))
        hits = []
        for album in albums:
            score = max((_likeness(title, album.title) for title in titles), default=0.0)
            by = max((_name_score(name, self.world.artists[album.artist]) for name in artists), default=100)
            if score >= _WEAKEST_HIT and by:
                hits.append((round(score * by), album))
        return sorted(hits, key=lambda hit: (-hit[0], -hit[1].fans, hit[1].mbid))

    def _with_credit(self, album: WorldAlbum, wanted: set[str]) -> dict[str, Any]:
        artist = self.world.artists[album.artist]
        body = _release_group(album, wanted)
        if wanted & {"artists", "artist-credits"}:
            credit = {
                "id": artist.mbid,
                "name": artist.name,
                "sort-name": artist.sort_name,
                "disambiguation": "",
            }
            body["artist-credit"] = [{"name": artist.name, "joinphrase": "", "artist": credit}]
        for key in wanted & {"genres", "tags"}:
            body[key] = _genres(artist)
        return body


def _artist(artist: WorldArtist, wanted: set[str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": artist.mbid,
        "name": artist.name,
        "sort-name": artist.sort_name,
        "type": "Person" if artist.person else "Group",
        "disambiguation": artist.disambiguation,
        "life-span": {"begin": str(artist.begin) if artist.begin else None, "end": None, "ended": None},
    }
    if artist.country:
        body |= {
            "country": artist.country,
            "area": {"name": artist.country, "iso-3166-1-codes": [artist.country]},
        }
    if "aliases" in wanted:
        body["aliases"] = [
            {"name": alias, "sort-name": alias, "type": None, "locale": None} for alias in artist.aliases
        ]
    for key in wanted & {"genres", "tags"}:
        body[key] = _genres(artist)
    if "ratings" in wanted:
        body["rating"] = {"value": None, "votes-count": 0}
    return body


def _release_group(album: WorldAlbum, wanted: set[str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": album.mbid,
        "title": album.title,
        "primary-type": album.kind,
        "secondary-types": list(album.secondary_kinds),
        "first-release-date": album.first_release,
        "disambiguation": "",
    }
    if "ratings" in wanted:
        body["rating"] = {"value": album.rating, "votes-count": album.votes}
    return body


def _genres(artist: WorldArtist) -> list[dict[str, Any]]:
    return [{"name": name, "count": votes, "disambiguation": ""} for name, votes in artist.genres]


def _name_score(asked: str, artist: WorldArtist) -> int:
    """0 to 100 as the search server scores: the name itself, then aliases, then shared words."""
    folded = _fold(asked)
    if folded in (_fold(artist.name), _fold(artist.sort_name)):
        return 100
    if any(folded == _fold(alias) for alias in artist.aliases):
        return 95
    likeness = max(_likeness(asked, name) for name in (artist.name, *artist.aliases))
    return round(90 * likeness) if likeness >= _WEAKEST_HIT else 0


def _likeness(asked: str, known: str) -> float:
    if _fold(asked) == _fold(known):
        return 1.0
    left, right = set(_words(asked)), set(_words(known))
    return 0.95 * len(left & right) / len(left | right) if left and right else 0.0


def _fold(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return "".join(c for c in bare if c.isalnum()) or bare.strip()


def _words(text: str) -> list[str]:
    return [_fold(word) for word in re.split(r"[\s/,&]+", text) if word]


def _terms(request: Request) -> list[tuple[str, str]]:
    """(field, text) of a Lucene query; a term without field has the field ""."""
    query = request.query_params.get("query", "")
    found = []
    for match in _TERM.finditer(query):
        text = match["phrase"] if match["phrase"] is not None else match["word"]
        if match["phrase"] is None and text in {"AND", "OR", "NOT"}:
            continue
        if match["phrase"] is None:
            text = _NEARLY.sub("", text)
        found.append((match["field"] or "", re.sub(r"\\(.)", r"\1", text)))
    return found


def _inc(request: Request) -> set[str]:
    return set(re.split(r"[\s+]+", request.query_params.get("inc", "")))


def _page(request: Request, default: int) -> tuple[int, int]:
    limit, offset = request.query_params.get("limit", ""), request.query_params.get("offset", "")
    return (min(int(limit), 100) if limit.isdigit() else default, int(offset) if offset.isdigit() else 0)


def _refuse_anonymous(request: Request) -> Response | None:
    """Clients that do not say who they are get nothing: https://musicbrainz.org/doc/MusicBrainz_API/Rate_Limiting"""
    agent = request.headers.get("user-agent", "")
    if not agent or agent.startswith("python-"):
        return _error(403, "Your requests must carry a meaningful User-Agent.")
    return None


def _moved(request: Request, old: Mbid, new: Mbid) -> Response:
    return RedirectResponse(str(request.url).lower().replace(old, new), status_code=301)


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message, "help": _USAGE}, status_code=status)
