"""The REST resources around the library: status, health, tags, exclusions, folders, profiles."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from brainarr.sandbox.lidarr import refusals, resources
from brainarr.sandbox.lidarr.bodies import as_json, missing, read_object
from brainarr.sandbox.lidarr.health import WIKI, troubles
from brainarr.sandbox.lidarr.holdings import Holdings


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
            Route("/tag/detail", self.tag_details),
            Route("/tag/{id:int}", self.remove_tag, methods=["DELETE"]),
            Route("/importlistexclusion", self.exclusions, methods=["GET"]),
            Route("/importlistexclusion", self.exclude, methods=["POST"]),
            Route("/importlistexclusion/{id:int}", self.lift_exclusion, methods=["DELETE"]),
            Route("/rootfolder", self.root_folders),
            Route("/qualityprofile", self.quality_profiles),
            Route("/metadataprofile", self.metadata_profiles),
        ]

    async def status(self, request: Request) -> Response:
        body = {
            "appName": "Lidarr",
            "instanceName": self.holdings.name,
            "version": self.holdings.version,
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
        rows = [
            {"source": source, "type": "warning", "message": message, "wikiUrl": WIKI}
            for source, message in troubles(self.holdings).items()
        ]
        return as_json(rows)

    async def tags(self, request: Request) -> Response:
        return as_json([{"id": number, "label": label} for number, label in self.holdings.tags.items()])

    async def add_tag(self, request: Request) -> Response:
        body = await read_object(request)
        if body is None or not body.get("label"):
            return refusals.refused([refusals.failure("Label", "'Label' must not be empty.", "")])
        number = self.holdings.tag(body["label"])
        return as_json({"id": number, "label": self.holdings.tags[number]}, 201)

    async def tag_details(self, request: Request) -> Response:
        """Who carries which tag; the kinds of things that a sandbox has none of are empty."""
        held, lists, told = self.holdings.artists, self.holdings.lists, self.holdings.notifications
        unused = ("delayProfileIds", "restrictionIds", "indexerIds", "downloadClientIds", "autoTagIds")
        rows = [
            {"id": number, "label": label}
            | {kind: list[int]() for kind in unused}
            | {
                "artistIds": [one.id for one in held.values() if number in one.options.tags],
                "importListIds": [one.id for one in lists.values() if number in one.options.tags],
                "notificationIds": [one.id for one in told.values() if number in one.tags],
            }
            for number, label in self.holdings.tags.items()
        ]
        return as_json(rows)

    async def remove_tag(self, request: Request) -> Response:
        """Lidarr refuses to remove a tag that is in use."""
        number, holdings = request.path_params["id"], self.holdings
        if number not in holdings.tags:
            return missing("Tag", request)
        wearers = [one.options.tags for one in (*holdings.artists.values(), *holdings.lists.values())]
        wearers += [one.tags for one in holdings.notifications.values()]
        if any(number in tags for tags in wearers):
            return refusals.told(409, "Tag cannot be deleted since it's still in use")
        del holdings.tags[number]
        return as_json({})

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
        return as_json(
            [
                resources.root_folder_resource(number, f"{path}/")
                for number, path in enumerate(self.holdings.root_folders, start=1)
            ]
        )

    async def quality_profiles(self, request: Request) -> Response:
        return as_json(resources.quality_profile_resources())

    async def metadata_profiles(self, request: Request) -> Response:
        return as_json(resources.metadata_profile_resources())
