"""Set-up: from nothing to a first run in four steps, each of which can be skipped and come back to."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brainarr.errors import BrainarrError
from brainarr.service.chain import CHAIN, NO_MODEL, entries_of, name_of
from brainarr.service.runs import list_runs
from brainarr.settings.setting import Setting
from brainarr.store.page import PageOf
from brainarr.web.deps import Deps
from brainarr.web.pages.setup import connecting
from brainarr.web.pages.setup.steps import QUESTIONS, STEPS, URL, is_connected, read_done, settings_by_key
from brainarr.web.people import Admin
from brainarr.web.render import back, failed, page

router = APIRouter(prefix="/setup")
router.include_router(connecting.router)

Text = Annotated[str, Form(max_length=2_000)]


@router.get("")
async def setup(request: Request, deps: Deps, person: Admin) -> Response:
    """On to the first step that is not done."""
    done = await read_done(deps, await settings_by_key(deps))
    return back(request, f"/setup/{next((step for step in STEPS if step not in done), STEPS[-1])}")


@router.get("/model")
async def model(request: Request, deps: Deps, person: Admin) -> Response:
    settings = await settings_by_key(deps)
    return page(
        request,
        "pages/setup/model.html",
        person=person,
        step="model",
        done=await read_done(deps, settings),
        names=_chain_names(settings),
        locked=settings[CHAIN].place if settings[CHAIN].locked else "",
        servers=await deps.find_servers(),
        kinds=deps.kinds,
        titles={kind.name: kind.title for kind in deps.kinds},
    )


@router.post("/model")
async def no_model(request: Request, deps: Deps, person: Admin) -> Response:
    try:
        await deps.configuration.change({CHAIN: [dict(NO_MODEL)]}, by=person.name)
    except BrainarrError as error:
        return failed(request, "/setup/model", error)
    return back(
        request, "/setup/taste", told="No model is asked. You can add one at any time under Providers."
    )


@router.get("/taste")
async def taste(request: Request, deps: Deps, person: Admin) -> Response:
    settings = await settings_by_key(deps)
    questions = [
        {"name": one.name, "title": one.title, "answers": one.answers, "setting": settings[one.key]}
        for one in QUESTIONS
    ]
    return page(
        request,
        "pages/setup/taste.html",
        person=person,
        step="taste",
        done=await read_done(deps, settings),
        questions=questions,
    )


@router.post("/taste")
async def save_taste(
    request: Request, deps: Deps, person: Admin, target: Text = "", discovery: Text = "", approval: Text = ""
) -> Response:
    settings = await settings_by_key(deps)
    answers = {"target": target, "discovery": discovery, "approval": approval}
    changes = {
        one.key: answers[one.name] for one in QUESTIONS if answers[one.name] and not settings[one.key].locked
    }
    try:
        await deps.configuration.change(changes, by=person.name)
    except BrainarrError as error:
        return failed(request, "/setup/taste", error)
    return back(request, "/setup/run", told="Saved.")


@router.get("/run")
async def run(request: Request, deps: Deps, person: Admin) -> Response:
    settings = await settings_by_key(deps)
    runs = await list_runs(deps.db, PageOf(page_size=1))
    latest = runs.items[0] if runs.items else None
    return page(
        request,
        "pages/setup/run.html",
        person=person,
        step="run",
        done=await read_done(deps, settings),
        names=_chain_names(settings),
        connected=is_connected(settings),
        address=settings[URL].value,
        target=settings["recommend.target"].value,
        discovery=settings["recommend.discovery"].value,
        review=settings["recommend.approval"].value == "review",
        runs=runs.total,
        open_run=latest.id if latest and latest.finished_at is None else None,
    )


def _chain_names(settings: Mapping[str, Setting]) -> list[str]:
    return [name_of(entry) for entry in entries_of(settings[CHAIN].value)]
