"""Lidarr's REST API over Holdings: https://lidarr.audio/docs/api/"""

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from brainarr.sandbox.faults import Faults
from brainarr.sandbox.lidarr.commands import CommandDesk, Commands
from brainarr.sandbox.lidarr.history import HistoryDesk
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.lidarr.house import HouseDesk
from brainarr.sandbox.lidarr.library import LibraryDesk
from brainarr.sandbox.lidarr.lists import ListDesk
from brainarr.sandbox.lidarr.notifications import NotificationDesk
from brainarr.sandbox.lidarr.webhooks import Webhooks


class SandboxLidarr(Faults):
    """The app, and of what goes on behind it: the command queue, and the webhooks that it sends."""

    def __init__(self, app: ASGIApp, commands: Commands, webhooks: Webhooks) -> None:
        super().__init__(app)
        self.commands = commands
        self.webhooks = webhooks


def create_lidarr(holdings: Holdings, api_key: str, url_base: str = "") -> SandboxLidarr:
    """A Lidarr at `url_base` ("" or "/lidarr") that opens to `api_key`."""
    commands, webhooks = Commands(holdings), Webhooks(holdings)
    routes = HouseDesk(holdings, url_base).routes() + LibraryDesk(holdings).routes()
    routes += ListDesk(holdings).routes() + NotificationDesk(holdings).routes()
    routes += CommandDesk(commands).routes() + HistoryDesk(holdings).routes()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await commands.cancel()
        await webhooks.cancel()

    app = Starlette(
        routes=[
            Route("/ping", _ping),
            Mount("/api/v1", routes=routes, middleware=[Middleware(_Doorkeeper, api_key)]),
        ],
        lifespan=lifespan,
        middleware=[Middleware(_UrlBase, url_base), Middleware(GZipMiddleware, minimum_size=500)],
    )
    return SandboxLidarr(app, commands, webhooks)


class _UrlBase:
    """Requests outside the URL base are sent there: 307."""

    def __init__(self, app: ASGIApp, url_base: str) -> None:
        self.app = app
        self.url_base = url_base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.url_base:
            if not scope["path"].startswith(f"{self.url_base}/"):
                query = scope["query_string"].decode("latin-1")
                location = f"{self.url_base}{scope['path']}{'?' + query if query else ''}"
                await Response(status_code=307, headers={"Location": location})(scope, receive, send)
                return
            scope = dict(scope) | {"path": scope["path"].removeprefix(self.url_base)}
        await self.app(scope, receive, send)


class _Doorkeeper:
    """?apikey= wins over X-Api-Key wins over Bearer; anything else is 401 with an empty body."""

    def __init__(self, app: ASGIApp, api_key: str) -> None:
        self.app = app
        self.api_key = api_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = request.query_params.get("apikey") or request.headers.get("x-api-key") or bearer
        app = self.app if given == self.api_key else Response(status_code=401)
        await app(scope, receive, send)


async def _ping(request: Request) -> Response:
    return JSONResponse({"status": "OK"})
