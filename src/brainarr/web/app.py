"""The web app: everything under `server.url_base`, every error a problem document, never a redirect."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from pydantic import Field
from starlette.types import ASGIApp

from brainarr import __version__
from brainarr.web import backtest_page, feeds, metrics, statics
from brainarr.web.api import (
    backtest,
    backup,
    blocks,
    cache,
    estimate,
    history,
    keys,
    league,
    learning,
    lists,
    models,
    notifications,
    profile,
    providers,
    recommendations,
    runs,
    system,
    tasks,
    usage,
    wishes,
)
from brainarr.web.auth import install_doors, require_api_key
from brainarr.web.deps import WebDeps, WiredProvider
from brainarr.web.documents import Document
from brainarr.web.envelope import API, BodyLimit, Observed, SecurityHeaders, UrlBase
from brainarr.web.feeds_at_hand import FeedsAtHand
from brainarr.web.origin import KnownNames
from brainarr.web.pages import pages_router
from brainarr.web.problems import (
    FORBIDDEN,
    INVALID,
    TOO_MANY_GUESSES,
    UNAUTHORIZED,
    declare_problems,
    install_problems,
    problems,
)

__all__ = ["WebDeps", "WiredProvider", "create_app"]

_DESCRIPTION = """
Send the API key as `X-Api-Key`, as `?apikey=` or as `Authorization: Bearer`. Errors are problem documents
(RFC 9457) with a stable `type`. Lists come as arrays, with `X-Total-Count` and `Link` where they have pages.
"""


class Pong(Document):
    status: str = Field(examples=["OK"])


def create_app(deps: WebDeps) -> FastAPI:
    """The ASGI app. It owns nothing: whoever made `deps` disposes of it."""
    app = _App(
        title="Brainarr",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        # Lidarr does not follow a redirect: it takes one for a broken list.
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.deps = deps
    app.state.started_at = deps.clock()
    install_problems(app)
    install_doors(app, deps.clock)
    app.add_middleware(FeedsAtHand, feeds=deps.feeds)
    app.add_middleware(BodyLimit)
    app.add_middleware(KnownNames, names=deps.names)
    app.add_middleware(UrlBase, base=deps.url_base)
    app.include_router(backtest_page.router)
    app.include_router(_ping)
    app.include_router(metrics.router)
    app.include_router(feeds.router)
    app.include_router(_api())
    app.include_router(statics.router)
    app.include_router(pages_router())
    return app


class _App(FastAPI):
    def build_middleware_stack(self) -> ASGIApp:
        # Outermost, so that the answer to a mistake of ours has the headers and its line in the log too.
        return Observed(SecurityHeaders(super().build_middleware_stack()))

    def openapi(self) -> dict[str, Any]:
        return declare_problems(super().openapi())


_ping = APIRouter(tags=["system"])


@_ping.get("/ping")
@_ping.head("/ping", include_in_schema=False)
def ping() -> Pong:
    """Whether it is alive; open to everyone."""
    return Pong(status="OK")


def _api() -> APIRouter:
    api = APIRouter(
        prefix=API,
        dependencies=[Depends(require_api_key)],
        responses=problems(UNAUTHORIZED, FORBIDDEN, INVALID, TOO_MANY_GUESSES),
    )
    for noun in (
        system,
        tasks,
        backup,
        estimate,
        runs,
        wishes,
        recommendations,
        league,
        providers,
        models,
        usage,
        notifications,
        history,
        lists,
        keys,
        profile,
        learning,
        blocks,
        backtest,
        cache,
    ):
        api.include_router(noun.router)
    return api
