"""`/metrics` for Prometheus, in its text format or in OpenMetrics, as the collector likes.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import asyncio
from collections.abc import Iterable

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from prometheus_client import CollectorRegistry, exposition
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from brainarr.metrics.sharing import measured
from brainarr.service.figures import FigureReader
from brainarr.web.auth import Doors, GivenKey, admit, install_doors, require_api_key
from brainarr.web.deps import Deps
from brainarr.web.envelope import BodyLimit, SecurityHeaders
from brainarr.web.gauges import StoredFigures
from brainarr.web.problems import UNAUTHORIZED, install_problems, problems

OPENMETRICS = "application/openmetrics-text"

router = APIRouter(tags=["system"], responses=problems(UNAUTHORIZED))


async def require_key_unless_open(request: Request, given: GivenKey, deps: Deps) -> None:
    if not deps.metrics_open:
        await require_api_key(request, given, deps)


def _reader(request: Request, deps: Deps) -> FigureReader:
    """One for the app's whole life: it remembers."""
    state = request.app.state
    if not hasattr(state, "figures"):
        state.figures = FigureReader(deps.db, deps.clock, deps.setups, deps.around)
    return state.figures


@router.get(
    "/metrics",
    response_class=Response,
    dependencies=[Depends(require_key_unless_open)],
    responses={
        200: {
            "description": "Prometheus' text format, or OpenMetrics where `Accept` names it.",
            "content": {"text/plain": {"example": "brainarr_database_up 1.0\n"}},
        }
    },
)
async def metrics(request: Request, deps: Deps) -> Response:
    """What there is to measure; docs/monitoring.md explains it. Answers also without the database."""
    figures = await _reader(request, deps).read()
    stored = StoredFigures(figures, [provider.name for provider in deps.providers], deps.db.kind)
    accepted = request.headers.get("accept", "")
    # Some milliseconds of work that waits for nobody.
    body, media_type = await asyncio.to_thread(exposed, (*measured(), stored), accepted)
    return Response(body, headers={"Content-Type": media_type})


def create_worker_app(doors: Doors, *, open_to_all: bool) -> FastAPI:
    """The whole web app of a process that only works: `/ping`, and `/metrics` of what it measures itself.

    What the database knows is shown by the server; shown by both, a sum would count it twice.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    install_problems(app)
    install_doors(app, doors.clock)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)

    @app.get("/metrics")
    async def of_this_process(request: Request, given: GivenKey) -> Response:
        if not open_to_all:
            await admit(request, given, doors)
        body, media_type = exposed(measured(), request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    @app.get("/ping")
    def ping() -> dict[str, str]:
        """Whether it is alive, for what looks after containers; open to everyone, as the server's."""
        return {"status": "OK"}

    return app


def exposed(collectors: Iterable[Collector], accepted: str) -> tuple[bytes, str]:
    """What they collect, in the format that `accepted` (a header Accept) asks for, and its media type."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    if OPENMETRICS in accepted:
        return openmetrics.generate_latest(registry), openmetrics.CONTENT_TYPE_LATEST
    return exposition.generate_latest(registry), exposition.CONTENT_TYPE_PLAIN_0_0_4
