"""The REST resource of commands: what Lidarr was asked to do, and how far it is."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brainarr.sandbox import listsync
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.lidarr.refusals import failure, refused, told, unreadable
from brainarr.sandbox.listsync import Synced


@dataclass
class Command:
    id: int
    body: dict[str, Any]
    queued: datetime
    status: str = "queued"
    message: str | None = None
    synced: Synced | None = None


class CommandDesk:
    """Only ImportListSync does anything; other commands complete at once."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self.commands: dict[int, Command] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        return [
            Route("/command", self.all_commands, methods=["GET"]),
            Route("/command", self.command, methods=["POST"]),
            Route("/command/{id:int}", self.one_command, methods=["GET"]),
        ]

    async def cancel(self) -> None:
        """Ends the commands under way."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def all_commands(self, request: Request) -> Response:
        return JSONResponse([_command_resource(command) for command in self.commands.values()])

    async def command(self, request: Request) -> Response:
        try:
            body = await request.json()
        except ValueError as error:
            return unreadable(str(error))
        if not body.get("name"):
            return refused([failure("Name", "'Name' must not be empty.", "", "NotEmptyValidator")])
        for known in self.commands.values():
            if known.body == body and known.status in {"queued", "started"}:
                return JSONResponse(_command_resource(known), status_code=201)
        command = Command(self.holdings.next_id(), body, self.holdings.clock())
        self.commands[command.id] = command
        queued = _command_resource(command)
        task = asyncio.create_task(self._execute(command))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return JSONResponse(queued, status_code=201)

    async def one_command(self, request: Request) -> Response:
        command = self.commands.get(request.path_params["id"])
        if command is None:
            return told(404, f"Command with ID {request.path_params['id']} does not exist")
        return JSONResponse(_command_resource(command))

    async def _execute(self, command: Command) -> None:
        command.status = "started"
        if command.body["name"] != "ImportListSync":
            command.status = "completed"
            return
        list_id = command.body.get("definitionId")
        if list_id is not None and list_id not in self.holdings.lists:
            command.status, command.message = "failed", f"Definition with ID {list_id} does not exist"
            return
        command.synced = await listsync.sync(self.holdings, list_id)
        command.message = command.synced.message
        command.status = "completed" if command.synced.failure is None else "failed"


def _command_resource(command: Command) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": command.id,
        "name": command.body["name"],
        "commandName": command.body["name"],
        "body": {"name": command.body["name"], "trigger": "manual"},
        "priority": "normal",
        "status": command.status,
        "result": "successful" if command.status == "completed" else "unknown",
        "queued": f"{command.queued:%Y-%m-%dT%H:%M:%SZ}",
        "trigger": "manual",
        "sendUpdatesToClient": True,
        "updateScheduledTask": True,
    }
    if command.message is not None:
        body["message"] = command.message
        if command.status == "failed":
            body["exception"] = command.message
    return body
