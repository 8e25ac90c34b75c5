"""Settings: every one of them, chapter by chapter, checked while they are filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from brainarr.errors import ConfigurationError, Fault, NotFound
from brainarr.service.alerts import send_test
from brainarr.service.doctor import Health, examine
from brainarr.service.runs import list_runs
from brainarr.service.tasks import list_tasks
from brainarr.settings.setting import Kind, Setting
from brainarr.settings.words import Chapter
from brainarr.store.page import PageOf
from brainarr.store.runs import RunStatus, SoughtRuns
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.people import Admin
from brainarr.web.render import back, page
from brainarr.web.setting_forms import (
    SettingField,
    fault_at,
    fields_of,
    filled_in,
    read_edit,
    with_faults,
)

router = APIRouter(prefix="/settings")

FIRST = "general"
ELSEWHERE = ("provider_chain", "lidarrs")
"""Have pages of their own."""
URL_BASE = "server.url_base"
NOTIFICATIONS = "notifications"

Slug = Annotated[str, Path(max_length=40)]
Advanced = Annotated[bool, Query()]
Sought = Annotated[str, Query(max_length=100)]


@router.get("")
async def settings_page(
    request: Request,
    person: Admin,
    deps: Deps,
    q: Sought = "",
    advanced: Advanced = False,
) -> HTMLResponse:
    """The first chapter, or every setting with the words that are looked for."""
    if not q.strip():
        return await settings_chapter(FIRST, request, person, deps, advanced)
    words = q.casefold().split()
    found = [
        setting
        for setting in await deps.configuration.read()
        if all(word in _all_words(setting) for word in words)
    ]
    return page(
        request,
        "pages/settings/search.html",
        person=person,
        chapters=deps.configuration.chapters,
        chapter=None,
        advanced=advanced,
        sought=q.strip(),
        found=found,
        titles={chapter.slug: chapter.title for chapter in deps.configuration.chapters},
    )


@router.post("/check")
async def check_settings(request: Request, _: Admin, deps: Deps) -> JSONResponse:
    """Faults by key of a chapter that somebody fills in, for the script of the page. Stores nothing."""
    async with request.form() as form:
        fields = filled_in(fields_of(await deps.configuration.read()), form)
        edit = read_edit(fields, form)
    faults = edit.faults or await deps.configuration.check(edit.values, edit.forget)
    marked = with_faults(fields, faults)
    return JSONResponse(
        {
            "faults": {one.slug: one.fault for one in marked.values() if one.fault},
            "others": [str(fault) for fault in faults if fault_at(fault, fields) is None],
        }
    )


@router.post("/test/{service}")
async def test_service(service: Slug, request: Request, _: Admin, deps: Deps) -> Response:
    """Asks a service with what is stored."""
    async with request.form() as form:
        chapter = _chapter(deps, str(form.get("section", FIRST)))
    told, good = await _tested(service, deps)
    return back(request, f"/settings/{chapter.slug}", told=told, bad=not good)


@router.get("/{section}")
async def settings_chapter(
    section: Slug, request: Request, person: Admin, deps: Deps, advanced: Advanced = False
) -> HTMLResponse:
    chapter = _chapter(deps, section)
    fields = fields_of(await deps.configuration.read())
    return await _page(request, person, deps, chapter, fields, advanced=advanced)


@router.post("/{section}")
async def save_chapter(
    section: Slug, request: Request, person: Admin, deps: Deps, advanced: Advanced = False
) -> Response:
    """Saves what is different in this chapter, all of it or nothing."""
    chapter = _chapter(deps, section)
    here = f"/settings/{chapter.slug}{'?advanced=1' if advanced else ''}"
    async with request.form() as form:
        fields = filled_in(fields_of(await deps.configuration.read()), form)
        edit = read_edit(fields, form)
    if not edit.count and not edit.faults:
        return back(request, here, told="Nothing was different.")
    try:
        if edit.faults:
            raise ConfigurationError(list(edit.faults))
        await deps.configuration.change(edit.values, edit.forget, by=person.name)
    except ConfigurationError as error:
        fields = with_faults(fields, error.faults)
        return await _page(
            request, person, deps, chapter, fields, advanced=advanced, faults=error.faults, status=422
        )
    if URL_BASE in (*edit.values, *edit.forget):
        # Where this answer's address says, nobody is any more.
        return RedirectResponse(f"{await _url_base(deps)}{here}", status_code=303)
    return back(request, here, told=await _told(deps, edit.count, [*edit.values, *edit.forget]))


async def _page(
    request: Request,
    person: Admin,
    deps: WebDeps,
    chapter: Chapter,
    fields: Mapping[str, SettingField],
    *,
    advanced: bool,
    faults: Sequence[Fault] = (),
    status: int = 200,
) -> HTMLResponse:
    shown = {
        key: one
        for key, one in fields.items()
        if one.setting.section == chapter.slug and key not in ELSEWHERE
    }
    # A fault is never hidden.
    advanced = advanced or any(one.fault and one.setting.advanced for one in shown.values())
    dues = await _dues(deps) if any(one.setting.kind is Kind.SCHEDULE for one in shown.values()) else {}
    groups = [
        (
            group,
            [
                replace(shown[key], next_at=dues.get(key))
                for key, words in group.settings.items()
                if key in shown and (advanced or not words.advanced)
            ],
        )
        for group in chapter.groups
    ]
    return page(
        request,
        "pages/settings/chapter.html",
        person=person,
        status=status,
        chapters=deps.configuration.chapters,
        chapter=chapter,
        groups=[(group, inside) for group, inside in groups if inside],
        hidden=sum(one.setting.advanced for one in shown.values()) if not advanced else 0,
        has_advanced=any(one.setting.advanced for one in shown.values()),
        advanced=advanced,
        faults=[fault for fault in faults if fault_at(fault, shown) is None],
        faulty=sum(bool(one.fault) for one in shown.values()),
        testable={provider.name for provider in deps.providers}
        | ({NOTIFICATIONS} if deps.messengers else set()),
        targets=[messenger.name for messenger in deps.messengers],
    )


def _chapter(deps: WebDeps, slug: str) -> Chapter:
    found = next((chapter for chapter in deps.configuration.chapters if chapter.slug == slug), None)
    if found is None:
        raise NotFound("There are no such settings.", remedy="Choose a chapter of the settings page.")
    return found


def _all_words(setting: Setting) -> str:
    return f"{setting.key} {setting.title} {setting.help} {setting.group}".casefold()


async def _dues(deps: WebDeps) -> dict[str, datetime]:
    """When each schedule's task is due next, by the setting's key."""
    tasks = await list_tasks(deps.db, deps.tasks, clock=deps.clock, zone=deps.zone)
    return {
        key: task.next_at
        for task in tasks
        for key in (f"schedules.{task.name}", f"{task.name}.schedule")
        if task.next_at is not None
    }


async def _told(deps: WebDeps, count: int, keys: Sequence[str]) -> str:
    """What became of a change."""
    told = ["One setting is saved." if count == 1 else f"{count} settings are saved."]
    settings = {setting.key: setting for setting in await deps.configuration.read()}
    if waiting := [settings[key].title for key in keys if settings[key].pending]:
        told.append(f"At the next start of Brainarr: {', '.join(waiting)}.")
    if (await list_runs(deps.db, PageOf(1, 1), SoughtRuns(RunStatus.RUNNING))).items:
        told.append("The run under way keeps the former ones.")
    return " ".join(told)


async def _url_base(deps: WebDeps) -> str:
    settings = await deps.configuration.read()
    return str(next(setting.value for setting in settings if setting.key == URL_BASE))


async def _tested(service: str, deps: WebDeps) -> tuple[str, bool]:
    """What a service answered, in words, and whether that is good."""
    if service == NOTIFICATIONS:
        sent = await send_test(deps.messengers)
        bad = [f"{one.target}: {one.problem} {one.remedy}".strip() for one in sent if not one.ok]
        return (" ".join(bad), False) if bad else (f"Sent to {len(sent)} of {len(sent)} targets.", True)
    check = next((provider.check for provider in deps.providers if provider.name == service), None)
    if check is None:
        raise NotFound("There is no such service.", remedy="Save its settings first.")
    (finding,) = await examine([check])
    return f"{finding.name}: {finding.detail} {finding.remedy}".strip(), finding.health is Health.OK
