"""The REST resources around the library: status, tags, exclusions, folders, profiles, history."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from brainarr.sandbox.lidarr import refusals, resources
from brainarr.sandbox.lidarr.bodies import as_json, missing, read_object
from brainarr.sandbox.lidarr.holdings import ROOT_FOLDER, Holdings

VERSION = "2.14.5.4836"
_NEWEST_FIRST = {"sortKey": "date", "sortDirection": "descending"}


class HouseDesk:
    def __init__(self, holdings: Holdings, url_base: str) -> None:
        self.holdings = holdings
        self.url_base = url_base

    def routes(self) -> list[Route]:
        return [
            Route("/system/status", self.status),
            Route("/health", self.health),
            Route("/tag", self.tags, methods=["GET"]),
            Route("/tag", self.add_tag, methods=["POST"]),
            Route("/importlistexclusion", self.exclusions, methods=["GET"]),
            Route("/importlistexclusion", self.exclude, methods=["POST"]),
            Route("/importlistexclusion/{id:int}", self.lift_exclusion, methods=["DELETE"]),
            Route("/rootfolder", self.root_folders),
            Route("/qualityprofile", self.quality_profiles),
            Route("/metadataprofile", self.metadata_profiles),
            Route("/history", self.history),
            Route("/history/since", self.history_since),
        ]

    async def status(self, request: Request) -> Response:
        body = {
            "appName": "Lidarr",
            "instanceName": "Lidarr",
            "version": VERSION,
            "branch": "master",
            "isDocker": True,
            "isLinux": True,
            "osName": "alpine",
            "databaseType": "sqLite",
            "migrationVersion": 80,
            "urlBase": self.url_base,
            "authentication": "forms",
            "startTime": f"{self.holdings.started:%Y-%m-%dT%H:%M:%SZ}",
        }
        return as_json(body)

    async def health(self, request: Request) -> Response:
        now = self.holdings.clock()
        blocked = [d.name for d in self.holdings.lists.values() if d.blocked_until and d.blocked_until > now]
        if not blocked:
            return as_json([])
        message = f"Lists unavailable due to failures: {', '.join(blocked)}"
        wiki = "https://wiki.servarr.com/lidarr/system#import-lists-are-unavailable-due-to-failures"
        row = {"source": "ImportListStatusCheck", "type": "warning", "message": message, "wikiUrl": wiki}
        return as_json([row])

    async def tags(self, request: Request) -> Response:
        return as_json([{"id": number, "label": label} for number, label in self.holdings.tags.items()])

    async def add_tag(self, request: Request) -> Response:
        body = await read_object(request)
        if body is None or not body.get("label"):
            return refusals.refused([refusals.failure("Label", "'Label' must not be empty.", "")])
        number = self.holdings.tag(body["label"])
        return as_json({"id": number, "label": self.holdings.tags[number]}, 201)

    async def exclusions(self, request: Request) -> Response:
        return as_json([resources.exclusion_resource(n, *row) for n, row in self.holdings.exclusions.items()])

    async def exclude(self, request: Request) -> Response:
        body = await read_object(request)
        if body is None:
            return refusals.unreadable("The body could not be read as JSON.")
        if failures := refusals.judge_exclusion(self.holdings, body):
            return refusals.refused(failures)
        number = self.holdings.exclude(body["foreignId"], body["artistName"])
        return as_json(resources.exclusion_resource(number, body["foreignId"], body["artistName"]), 201)

    async def lift_exclusion(self, request: Request) -> Response:
        row = self.holdings.exclusions.pop(request.path_params["id"], None)
        return as_json({}) if row else missing("ImportListExclusion", request)

    async def root_folders(self, request: Request) -> Response:
        return as_json([resources.root_folder_resource(f"{ROOT_FOLDER}/")])

    async def quality_profiles(self, request: Request) -> Response:
        return as_json(resources.quality_profile_resources())

    async def metadata_profiles(self, request: Request) -> Response:
        return as_json(resources.metadata_profile_resources())

    async def history(self, request: Request) -> Response:
        """Nothing is ever grabbed in a sandbox: the page is well formed and empty."""
        query = request.query_params
        page = {"page": int(query.get("page", "1")), "pageSize": int(query.get("pageSize", "10"))}
        return as_json(page | _NEWEST_FIRST | {"totalRecords": 0, "records": []})

    async def history_since(self, request: Request) -> Response:
        return as_json([])
