"""Lidarr's commands: the queue, the scheduler that fills it, and its REST resource."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brainarr.sandbox import listsync
from brainarr.sandbox.lidarr.health import HealthWatch
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.lidarr.refusals import failure, refused, told, unreadable
from brainarr.sandbox.listsync import Synced

SCHEDULED = {"ImportListSync": timedelta(minutes=5), "RefreshArtist": timedelta(hours=24)}
LISTED = timedelta(minutes=5)
"""So long after its end a command is still among all commands; by its number it is known for good."""


@dataclass
class Command:
    id: int
    body: dict[str, Any]
    trigger: str
    """manual: somebody asked for it; scheduled: Lidarr's own task."""
    queued: datetime
    started: datetime | None = None
    ended: datetime | None = None
    status: str = "queued"
    message: str | None = None
    synced: Synced | None = None

    @property
    def name(self) -> str:
        return self.body["name"]


class Commands:
    """The queue. ImportListSync and RefreshArtist do what they say, in turns; others complete at once.

    A real Lidarr looks every 30 s which of its tasks are due. Here `run_due` does, when the caller says so.
    """

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self.known: dict[int, Command] = {}
        self._health = HealthWatch(holdings)
        self._last_run = dict.fromkeys(SCHEDULED, holdings.started)
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def push(self, body: dict[str, Any], trigger: str = "manual") -> Command:
        """One with the same body that has not ended yet is the same command."""
        for known in self.known.values():
            if known.body == body and known.ended is None:
                return known
        command = Command(self.holdings.next_id(), body, trigger, self.holdings.clock())
        self.known[command.id] = command
        task = asyncio.create_task(self._execute(command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return command

    async def run_due(self) -> list[Command]:
        """Runs Lidarr's own tasks whose time has come, and waits for every command to end."""
        now = self.holdings.clock()
        due = [name for name, interval in SCHEDULED.items() if self._last_run[name] + interval <= now]
        self._last_run |= dict.fromkeys(due, now)
        commands = [self.push({"name": name}, "scheduled") for name in due]
        await self.idle()
        self._health.look()
        return commands

    async def idle(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def cancel(self) -> None:
        """Ends the commands under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def listed(self) -> list[Command]:
        now = self.holdings.clock()
        return [one for one in self.known.values() if one.ended is None or one.ended + LISTED >= now]

    async def _execute(self, command: Command) -> None:
        async with self._turn:
            command.status, command.started = "started", self.holdings.clock()
            try:
                command.message = await self._run(command)
                failed = command.synced is not None and command.synced.failure is not None
            except LookupError as error:
                command.message, failed = str(error.args[0]), True
            command.status = "failed" if failed else "completed"
            command.ended = self.holdings.clock()

    async def _run(self, command: Command) -> str | None:
        """Its message. Raises LookupError for something that there is not."""
        holdings = self.holdings
        if command.name == "ImportListSync":
            list_id = command.body.get("definitionId")
            if list_id is not None and list_id not in holdings.lists:
                raise LookupError(f"Definition with ID {list_id} does not exist")
            command.synced = await listsync.sync(holdings, list_id)
            return command.synced.message
        if command.name == "RefreshArtist":
            named = command.body.get("artistId")
            if named is not None and named not in holdings.artists:
                raise LookupError(f"Artist with ID {named} does not exist")
            for number in list(holdings.artists) if named is None else [named]:
                if number in holdings.artists:  # unless merged into another just now
                    holdings.refresh(holdings.artists[number])
        return None


class CommandDesk:
    def __init__(self, commands: Commands) -> None:
        self.commands = commands

    def routes(self) -> list[Route]:
        return [
            Route("/command", self.all_commands, methods=["GET"]),
            Route("/command", self.command, methods=["POST"]),
            Route("/command/{id:int}", self.one_command, methods=["GET"]),
        ]

    async def all_commands(self, request: Request) -> Response:
        return JSONResponse([_command_resource(command) for command in self.commands.listed()])

    async def command(self, request: Request) -> Response:
        try:
            body = await request.json()
        except ValueError as error:
            return unreadable(str(error))
        if not body.get("name"):
            return refused([failure("Name", "'Name' must not be empty.", "", "NotEmptyValidator")])
        return JSONResponse(_command_resource(self.commands.push(body)), status_code=201)

    async def one_command(self, request: Request) -> Response:
        command = self.commands.known.get(request.path_params["id"])
        if command is None:
            return told(404, f"Command with ID {request.path_params['id']} does not exist")
        return JSONResponse(_command_resource(command))


def _command_resource(command: Command) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": command.id,
        "name": command.name,
        "commandName": command.name,
        "body": command.body | {"trigger": command.trigger},
        "priority": "normal",
        "status": command.status,
        "result": "successful" if command.status == "completed" else "unknown",
        "queued": _time(command.queued),
        "trigger": command.trigger,
        "sendUpdatesToClient": True,
        "updateScheduledTask": True,
    }
    if command.started is not None:
        body["started"] = body["stateChangeTime"] = _time(command.started)
    if command.started is not None and command.ended is not None:
        body["ended"] = body["stateChangeTime"] = _time(command.ended)
        body["duration"] = _span(command.ended - command.started)
    if command.message is not None:
        body["message"] = command.message
        if command.status == "failed":
            body["exception"] = command.message
    return body


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _span(interval: timedelta) -> str:
    """A TimeSpan: 00:00:01.2340000."""
    minutes, seconds = divmod(interval.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{interval.microseconds * 10:07}"
