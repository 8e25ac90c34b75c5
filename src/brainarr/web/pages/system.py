"""System: whether all is well, what comes round by itself, the log, backups, and what this is."""

import platform
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from brainarr.errors import BrainarrError
from brainarr.log.recent import RECENT
from brainarr.service.backup import delete_backup, list_backups, make_backup, read_backup
from brainarr.service.cache import read_levels
from brainarr.service.health import read_health
from brainarr.service.lists import read_lists
from brainarr.service.restore import restore_backup
from brainarr.service.tasks import list_executions, list_tasks, pause_tasks, resume_tasks, start_task
from brainarr.store.page import PageOf
from brainarr.web.deps import Deps
from brainarr.web.log_lines import LEVELS, Wanted, chosen
from brainarr.web.pages.rail import TRIGGERS
from brainarr.web.people import Admin
from brainarr.web.render import address, back, failed, page
from brainarr.web.task_words import task_words

router = APIRouter(prefix="/system")

_SHOWN_LINES = 300
Name = Annotated[str, Path(max_length=200)]


@router.get("")
async def status(request: Request, person: Admin, deps: Deps) -> HTMLResponse:
    issues = await read_health(deps.db, clock=deps.clock, setups=deps.setups, around=deps.around)
    return page(
        request,
        "pages/system/status.html",
        person=person,
        issues=issues,
        started_at=request.app.state.started_at,
        database=deps.db.kind,
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        folder=deps.backups.folder,
        levels=await read_levels(deps.cache),
    )


@router.get("/tasks")
async def tasks(
    request: Request,
    person: Admin,
    deps: Deps,
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    found = await list_tasks(deps.db, deps.tasks, clock=deps.clock, zone=deps.zone)
    lists = {one.slug: one.name for one in await read_lists(deps.db, deps.secrets)}
    return page(
        request,
        "pages/system/tasks.html",
        person=person,
        tasks=found,
        told=partial(task_words, lists=lists),
        now=deps.clock(),
        triggers=TRIGGERS,
        paused=any(task.paused for task in found),
        executions=await list_executions(deps.db, PageOf(number, 25), None),
    )


@router.post("/tasks/pause")
async def pause(request: Request, person: Admin, deps: Deps) -> Response:
    await pause_tasks(deps.db, clock=deps.clock)
    return back(request, "/system/tasks", told="Paused: nothing starts by itself until you resume.")


@router.post("/tasks/resume")
async def resume(request: Request, person: Admin, deps: Deps) -> Response:
    await resume_tasks(deps.db)
    deps.wake()
    return back(request, "/system/tasks", told="Resumed. What became due meanwhile is done once.")


@router.post("/tasks/{name}")
async def start(request: Request, person: Admin, deps: Deps, name: Name) -> Response:
    try:
        created = await start_task(deps.db, deps.tasks, name, clock=deps.clock)
    except BrainarrError as error:
        return failed(request, "/system/tasks", error)
    deps.wake()
    told = f"{name} starts now." if created else f"{name} waits or is under way already."
    return back(request, "/system/tasks", told=told)


@router.get("/log")
async def log(
    request: Request,
    person: Admin,
    level: Annotated[str, Query(max_length=10)] = "info",
    text: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    wanted = Wanted(level if level in LEVELS else "info", text.strip())
    lines = chosen(RECENT.told(), wanted)
    return page(
        request,
        "pages/system/log.html",
        person=person,
        wanted=wanted,
        levels=LEVELS,
        lines=lines[:_SHOWN_LINES],
        more=max(0, len(lines) - _SHOWN_LINES),
    )


@router.get("/log/download")
async def download_log(person: Admin) -> Response:
    """What is at hand of it, one JSON object on each line, to go with a report."""
    text = "".join(f"{line.text}\n" for line in RECENT.told())
    return Response(
        text,
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="brainarr-log.ndjson"'},
    )


@router.get("/backup")
async def backups(request: Request, person: Admin, deps: Deps) -> HTMLResponse:
    return page(
        request,
        "pages/system/backup.html",
        person=person,
        backups=await list_backups(deps.backups),
        place=deps.backups.place,
    )


@router.post("/backup")
async def back_up(request: Request, person: Admin, deps: Deps) -> Response:
    try:
        made = await make_backup(deps.backups)
    except BrainarrError as error:
        return failed(request, "/system/backup", error)
    return back(request, "/system/backup", told=f"{made.name} is made.")


@router.get("/backup/{name}")
async def download_backup(person: Admin, deps: Deps, name: Name) -> FileResponse:
    found = await read_backup(deps.backups, name)
    return FileResponse(found.path, media_type="application/zip", filename=found.name)


@router.post("/backup/{name}/delete")
async def remove_backup(request: Request, person: Admin, deps: Deps, name: Name) -> Response:
    try:
        gone = await delete_backup(deps.backups, name)
    except BrainarrError as error:
        return failed(request, "/system/backup", error)
    return back(request, "/system/backup", told=f"{gone.name} is deleted.")


@router.post("/backup/{name}/restore")
async def restore(
    request: Request, person: Admin, deps: Deps, name: Name, sure: Annotated[str, Form(max_length=10)] = ""
) -> Response:
    if sure != "yes":
        told = "Nothing was restored: tick that what is there now is to be replaced."
        return back(request, "/system/backup", told=told, bad=True)
    try:
        found = await read_backup(deps.backups, name)
        done = await restore_backup(deps.backups, found.path)
    except BrainarrError as error:
        return failed(request, "/system/backup", error)
    before = f" What was there before is in {done.before.name}." if done.before else ""
    restart = " Restart Brainarr now." if done.other_installation or done.other_key else ""
    told = f"{done.rows:,} rows of {found.name} are back.{before}{restart}"
    return back(request, "/system/backup", told=told)


@router.get("/about")
async def about(request: Request, person: Admin) -> HTMLResponse:
    return page(
        request,
        "pages/system/about.html",
        person=person,
        described=address(request, "/api/v1/openapi.json"),
    )
