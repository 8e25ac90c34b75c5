"""The REST resource of import lists."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brainarr.sandbox import importlists
from brainarr.sandbox.lidarr.backoff import record_success
from brainarr.sandbox.lidarr.held import AddOptions, ImportList
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.lidarr.refusals import Failures, failure, judge_list, refused, told, unreadable
from brainarr.sandbox.lidarr.resources import MASKED, list_resource

_CONTRACTS = {"CustomImport": "CustomSettings", "LidarrImport": "LidarrSettings"}
_FIELDS = {
    "CustomImport": {"baseUrl": ""},
    "LidarrImport": {"baseUrl": "", "apiKey": "", "profileIds": [], "tagIds": [], "rootFolderPaths": []},
}


class ListDesk:
    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings

    def routes(self) -> list[Route]:
        return [
            Route("/importlist", self.all_lists, methods=["GET"]),
            Route("/importlist", self.add, methods=["POST"]),
            Route("/importlist/schema", self.schema, methods=["GET"]),
            Route("/importlist/test", self.test, methods=["POST"]),
            Route("/importlist/testall", self.test_all, methods=["POST"]),
            Route("/importlist/{id:int}", self.one, methods=["GET"]),
            Route("/importlist/{id:int}", self.change, methods=["PUT"]),
            Route("/importlist/{id:int}", self.remove, methods=["DELETE"]),
        ]

    async def all_lists(self, request: Request) -> Response:
        return JSONResponse([list_resource(definition) for definition in self.holdings.lists.values()])

    async def one(self, request: Request) -> Response:
        definition = self.holdings.lists.get(request.path_params["id"])
        return JSONResponse(list_resource(definition)) if definition else _no_list(request)

    async def schema(self, request: Request) -> Response:
        unset = {"name": "", "qualityProfileId": 0, "metadataProfileId": 0, "rootFolderPath": ""}
        blank = [
            list_resource(_definition(unset | {"implementation": kind}, dict(_FIELDS[kind]), 0))
            for kind in _CONTRACTS
        ]
        return JSONResponse(blank)

    async def add(self, request: Request) -> Response:
        definition = await self._read(request, self.holdings.next_id())
        if not isinstance(definition, ImportList):
            return definition
        if definition.enable_automatic_add and (failures := await self._tested(definition)):
            return refused(failures)
        self.holdings.lists[definition.id] = definition
        return JSONResponse(list_resource(definition), status_code=201)

    async def change(self, request: Request) -> Response:
        known = self.holdings.lists.get(request.path_params["id"])
        if known is None:
            return _no_list(request)
        definition = await self._read(request, known.id)
        if not isinstance(definition, ImportList):
            return definition
        forced = request.query_params.get("forceSave", "").lower() == "true"
        if definition.enable_automatic_add and not forced and (failures := await self._tested(definition)):
            return refused(failures)
        definition.level, definition.first_failure = known.level, known.first_failure
        definition.blocked_until = known.blocked_until
        self.holdings.lists[known.id] = definition  # saved: due at once
        return JSONResponse(list_resource(definition), status_code=202)

    async def remove(self, request: Request) -> Response:
        if self.holdings.lists.pop(request.path_params["id"], None) is None:
            return _no_list(request)
        return JSONResponse({})

    async def test(self, request: Request) -> Response:
        body = await request.json()
        definition = await self._read(request, int(body.get("id") or 0))
        if not isinstance(definition, ImportList):
            return definition
        if failures := await self._tested(definition):
            return refused(failures)
        if (known := self.holdings.lists.get(definition.id)) is not None:
            record_success(known)
        return JSONResponse({})

    async def test_all(self, request: Request) -> Response:
        rows = []
        for definition in self.holdings.lists.values():
            failures = await self._tested(definition)
            rows.append({"id": definition.id, "isValid": not failures, "validationFailures": failures})
        return JSONResponse(rows, status_code=200 if all(row["isValid"] for row in rows) else 400)

    async def _tested(self, definition: ImportList) -> Failures:
        found = await importlists.test(definition, self.holdings.version)
        return [] if found is None else [failure(found.property_name, found.message) | {"isWarning": False}]

    async def _read(self, request: Request, own_id: int) -> ImportList | Response:
        try:
            body = await request.json()
        except ValueError as error:
            return unreadable(str(error))
        implementation = body.get("implementation")
        if implementation not in _CONTRACTS:
            return told(400, f"{implementation} is not an import list of this sandbox")
        fields = _FIELDS[implementation] | {row["name"]: row.get("value") for row in body.get("fields") or []}
        if fields.get("apiKey") == MASKED and own_id in self.holdings.lists:
            fields["apiKey"] = self.holdings.lists[own_id].fields["apiKey"]
        if failures := judge_list(self.holdings, body, fields, own_id):
            return refused(failures)
        return _definition(body, fields, own_id)


def _definition(body: Mapping[str, Any], fields: dict[str, Any], own_id: int) -> ImportList:
    return ImportList(
        id=own_id,
        name=body["name"],
        implementation=body["implementation"],
        config_contract=_CONTRACTS[body["implementation"]],
        fields=fields,
        enable_automatic_add=bool(body.get("enableAutomaticAdd")),
        should_monitor=body.get("shouldMonitor", "none"),
        should_monitor_existing=bool(body.get("shouldMonitorExisting")),
        should_search=bool(body.get("shouldSearch")),
        options=AddOptions(
            quality_profile_id=body["qualityProfileId"],
            metadata_profile_id=body["metadataProfileId"],
            root_folder_path=body["rootFolderPath"],
            tags=tuple(body.get("tags") or ()),
            monitor_new_items=body.get("monitorNewItems", "all"),
        ),
        list_order=int(body.get("listOrder") or 0),
    )


def _no_list(request: Request) -> Response:
    return told(404, f"ImportList with ID {request.path_params['id']} does not exist")
