"""What the web app is handed by `wiring`: it builds nothing itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from brainarr.pipeline.ports import Clock, Importer, Wake
from brainarr.store.session import Database


@dataclass(frozen=True)
class WiredProvider:
    """One remote service or model that this Brainarr is configured to speak to."""

    name: str
    kind: str
    role: str
    """model (an entry of the provider chain), similarity, catalogue or library."""
    check: Callable[[], Awaitable[str]]
    """One line that proves it is alive; raises ProviderError."""
    model: str | None = None


@dataclass(frozen=True)
class WebDeps:
    """Everything a request may need."""

    db: Database
    api_key: Callable[[], str]
    """Asked for each request, so that a new key counts at once."""
    clock: Clock
    wake: Wake
    """Tells the worker that a run waits."""
    cancel: Callable[[int], bool]
    """Stops a run that this process is executing; False when it executes no such run."""
    providers: tuple[WiredProvider, ...] = ()
    """The chain in failover order, then the other services."""
    importer: Importer | None = None
    """None while no Lidarr is configured."""
    url_base: str = ""
    external_url: str | None = None
    """How Lidarr reaches this server, without the URL base being implied; None: taken from each request."""


def deps_of(request: Request) -> WebDeps:
    return request.app.state.deps


Deps = Annotated[WebDeps, Depends(deps_of)]
