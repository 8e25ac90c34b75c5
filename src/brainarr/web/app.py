"""The web app: everything under `server.url_base`, every error a problem document, never a redirect."""

from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from brainarr import __version__
from brainarr.web import feeds, metrics, statics, webhooks
from brainarr.web.api import (
    albums,
    backtest,
    backup,
    blocks,
    cache,
    care,
    deliveries,
    estimate,
    history,
    keys,
    league,
    learning,
    lidarr_events,
    lidarr_links,
    lidarr_setup,
    lists,
    models,
    notifications,
    profile,
    providers,
    recommendations,
    runs,
    settings,
    system,
    tasks,
    usage,
    widget,
    wishes,
)
from brainarr.web.auth import AdminCaller, install_doors, require_api_key
from brainarr.web.deps import WebDeps, WiredProvider
from brainarr.web.documents import Document
from brainarr.web.envelope import API, BodyLimit, Observed, UrlBase
from brainarr.web.feeds_at_hand import FeedsAtHand
from brainarr.web.idempotency import AnsweredOnce, Once, install_idempotency
from brainarr.web.origin import KnownNames
from brainarr.web.pages import pages_router
from brainarr.web.people import install_sign_in
from brainarr.web.problems import (
    FORBIDDEN,
    INVALID,
    TOO_MANY_GUESSES,
    UNAUTHORIZED,
    declare_problems,
    install_problems,
    problems,
)
from brainarr.web.proxies import Forwarded
from brainarr.web.rates import Paced, install_rates

__all__ = ["WebDeps", "WiredProvider", "create_app"]

_DESCRIPTION = """
Send the API key as `X-Api-Key`, as `?apikey=` or as `Authorization: Bearer`. A key may do no more than the
person who made it. Errors are problem documents
(RFC 9457) with a stable `type`. Lists come as arrays, with `X-Total-Count` and `Link` where they have pages.
"""


class Pong(Document):
    status: str = Field(examples=["OK"])


def create_app(deps: WebDeps) -> FastAPI:
    """The ASGI app. It owns nothing: whoever made `deps` disposes of it."""
    app = _described()
    app.state.deps = deps
    app.state.started_at = deps.clock()
    install_problems(app)
    install_doors(app, deps.clock)
    install_sign_in(app, deps.clock)
    install_rates(app, deps.requests_per_minute, deps.clock)
    install_idempotency(app)
    # The innermost first.
    app.add_middleware(AnsweredOnce)
    app.add_middleware(BodyLimit)
    app.add_middleware(FeedsAtHand, feeds=deps.feeds)
    app.add_middleware(KnownNames, names=deps.names)
    if deps.url_base:
        app.add_middleware(UrlBase, base=deps.url_base)
    return app


def describe_api() -> dict[str, Any]:
    """The OpenAPI description, which is the same however a server is configured."""
    return _described().openapi()


def _described() -> "_App":
    """The routes with what is said of them; nothing can be answered yet."""
    return _App(
        title="Brainarr",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        # Lidarr does not follow a redirect: it takes one for a broken list.
        redirect_slashes=False,
        generate_unique_id_function=_id_of,
        routes=_routes(),
    )


class _App(FastAPI):
    def build_middleware_stack(self) -> ASGIApp:
        # Outside, so that the answer to a mistake of ours has the headers and its line in the log too.
        inside = Observed(super().build_middleware_stack())
        return Forwarded(inside, lambda: self.state.deps.entrance.proxies)

    def openapi(self) -> dict[str, Any]:
        return declare_problems(super().openapi())


_ping = APIRouter(tags=["system"])


@_ping.get("/ping")
@_ping.head("/ping", include_in_schema=False)
def ping() -> Pong:
    """Whether it is alive; open to everyone."""
    return Pong(status="OK")


# The same as for the pages: what is decided and asked for is everybody's, what is set up and paid is not.
_FOR_EVERYBODY = (
    system,
    estimate,
    runs,
    wishes,
    # Before the decisions, one of which its address would be taken for.
    albums,
    recommendations,
    history,
    profile,
    learning,
    care,
    blocks,
    backtest,
    widget,
)
_FOR_ADMINISTRATORS = (
    tasks,
    backup,
    league,
    providers,
    models,
    usage,
    notifications,
    lists,
    lidarr_events,
    deliveries,
    lidarr_links,
    lidarr_setup,
    keys,
    cache,
    settings,
)


def _id_of(route: APIRoute) -> str:
    return route.name


@lru_cache(maxsize=1)
def _routes() -> list[BaseRoute]:
    """The same for every app of a process: FastAPI takes .1 s to work out what all of them ask for."""
    router = APIRouter(generate_unique_id_function=_id_of)
    router.include_router(_ping)
    for door in (metrics, feeds, webhooks):
        router.include_router(door.router)
    # The prefix is named here and not by the router: FastAPI looks for empty addresses otherwise, and works
    # all of them out twice.
    router.include_router(
        _api(),
        prefix=API,
        dependencies=[Depends(require_api_key), Paced, Once],
        responses=problems(UNAUTHORIZED, FORBIDDEN, INVALID, TOO_MANY_GUESSES),
    )
    router.include_router(statics.router)
    router.include_router(pages_router())
    return router.routes


def _api() -> APIRouter:
    api = APIRouter()
    for noun in _FOR_EVERYBODY:
        api.include_router(noun.router)
    for noun in _FOR_ADMINISTRATORS:
        api.include_router(noun.router, dependencies=[AdminCaller])
    return api
