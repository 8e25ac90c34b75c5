"""system/tasks: what comes round by itself, what became of it, and pausing all of it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from brainarr.service.tasks import list_executions, list_tasks, pause_tasks, resume_tasks, start_task
from brainarr.store.runs import RunStatus
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.paging import AskedPage, announce
from brainarr.web.problems import CONFLICT, NOT_FOUND, problems

router = APIRouter(prefix="/system/tasks", tags=["system"])

Name = Annotated[str, Path(max_length=80, examples=["recommend:late-night"])]


class TaskDocument(Document):
    """One task."""

    name: str = Field(
        description="`recommend:SLUG` for runs of a list, `recommend` for those of the first one.",
        examples=["library"],
    )
    schedule: str = Field(description="An interval, a cron expression, or off.", examples=["every 1h"])
    running: bool
    paused: bool
    last_at: datetime | None = Field(description="When the last execution that is over began.")
    last_status: RunStatus | None = Field(examples=[RunStatus.DONE])
    last_error: str | None
    last_duration: float | None = Field(description="Seconds.", examples=[1.7])
    next_at: datetime | None = Field(description="null: not by itself, or under way, or paused.")


class ExecutionDocument(Document):
    """One execution. Runs stand here as `recommend`, with their own number."""

    task: str = Field(examples=["library"])
    id: int
    about: str | None = Field(description="Of a run: its list.", examples=["default"])
    status: RunStatus
    trigger: str = Field(description="schedule, api, cli, manual, webhook or block.", examples=["schedule"])
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    remedy: str | None


class StartedTaskDocument(Document):
    created: bool = Field(description="false: it waits or is under way already, and this is it.")


class PauseDocument(Document):
    paused: bool
    since: datetime | None


@router.get("")
async def tasks(deps: Deps) -> list[TaskDocument]:
    """Every task with its last and its next time."""
    found = await list_tasks(deps.db, deps.tasks, clock=deps.clock, zone=deps.zone)
    return [
        TaskDocument(
            name=row.name,
            schedule=row.schedule,
            running=row.running,
            paused=row.paused,
            last_at=row.last.started_at if row.last else None,
            last_status=row.last.status if row.last else None,
            last_error=row.last.error if row.last else None,
            last_duration=row.last_duration.total_seconds() if row.last_duration is not None else None,
            next_at=row.next_at,
        )
        for row in found
    ]


@router.get("/history")
async def task_history(
    request: Request,
    response: Response,
    deps: Deps,
    asked: AskedPage,
    task: Annotated[
        str | None, Query(max_length=80, description="Only of this task; `recommend` is all runs.")
    ] = None,
) -> list[ExecutionDocument]:
    """Executions, newest first; the newest 200 of each task are kept, and all runs."""
    page = await list_executions(deps.db, asked, task)
    announce(request, response, page)
    return [
        ExecutionDocument(
            task=row.kind,
            id=row.id,
            about=row.about,
            status=row.status,
            trigger=row.trigger,
            requested_at=row.requested_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            error=row.error,
            remedy=row.remedy,
        )
        for row in page.items
    ]


@router.post("/pause")
async def pause(deps: Deps) -> PauseDocument:
    """From now on nothing starts by itself, in no process; what a person asks for still does."""
    return PauseDocument(paused=True, since=await pause_tasks(deps.db, clock=deps.clock))


@router.post("/resume")
async def resume(deps: Deps) -> PauseDocument:
    """Ends a pause; what became due in it is done once."""
    await resume_tasks(deps.db)
    deps.wake()
    return PauseDocument(paused=False, since=None)


@router.post("/{name}", status_code=202, responses=problems(NOT_FOUND, CONFLICT))
async def start(name: Name, deps: Deps) -> StartedTaskDocument:
    """Does one now; of one that waits or is under way no second one is made."""
    created = await start_task(deps.db, deps.tasks, name, clock=deps.clock)
    deps.wake()
    return StartedTaskDocument(created=created)
