"""Set-up: from nothing to a first run in four steps, each of which can be skipped and come back to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brainarr.errors import BrainarrError, ConfigurationError, Fault
from brainarr.service.chain import CHAIN, NO_MODEL, entries_of, name_of
from brainarr.service.probes import LidarrFacts
from brainarr.service.runs import list_runs
from brainarr.settings.setting import Setting
from brainarr.settings.values import place_of
from brainarr.store.page import PageOf
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.people import Admin, Person
from brainarr.web.render import back, failed, page
from brainarr.web.sealed import seal, unseal

router = APIRouter(prefix="/setup")

Text = Annotated[str, Form(max_length=2_000)]
_URL, _KEY, _TLS = "lidarr.url", "lidarr.api_key", "lidarr.verify_tls"


@dataclass(frozen=True)
class Question:
    name: str
    title: str
    answers: tuple[tuple[str, str, str], ...]
    """Value, label, and what it means."""

    @property
    def key(self) -> str:
        return f"recommend.{self.name}"


QUESTIONS = (
    Question(
        "target",
        "What to look for",
        (
            ("albums", "Albums", "One album of an artist at a time, not the discography."),
            ("artists", "Artists", "Artists that you do not have; how much of them, you say in Lidarr."),
            ("mixed", "Both", "Albums where one stands out, else the artist."),
        ),
    ),
    Question(
        "discovery",
        "How far from what you know",
        (
            ("similar", "Close", "What most people with your taste know."),
            ("adjacent", "A step beyond", "A little less famous, as good a fit."),
            ("exploratory", "Far", "Much less famous. About 7% less of it turns out to be liked."),
        ),
    ),
    Question(
        "approval",
        "Who decides",
        (
            ("review", "I approve each", "Nothing goes to Lidarr before you say so."),
            ("auto", "Brainarr does", "What a run chooses goes to Lidarr at its next sync."),
        ),
    ),
)


@dataclass(frozen=True)
class Typed:
    url: str
    verify_tls: bool


@router.get("")
async def setup(request: Request, deps: Deps, person: Admin) -> Response:
    """On to the first step that is not done."""
    done = await _done(deps, await _settings(deps))
    return back(request, f"/setup/{next((step for step in STEPS if step not in done), STEPS[-1])}")


STEPS = ("lidarr", "model", "taste", "run")


@router.get("/lidarr")
async def lidarr(request: Request, deps: Deps, person: Admin) -> Response:
    settings = await _settings(deps)
    typed = Typed(str(settings[_URL].value or ""), bool(settings[_TLS].value))
    return await _show_lidarr(request, deps, person, settings, typed)


@router.post("/lidarr/test")
async def test_lidarr(
    request: Request,
    deps: Deps,
    person: Admin,
    url: Text = "",
    api_key: Text = "",
    sealed: Text = "",
    verify_tls: Annotated[bool, Form()] = False,
) -> Response:
    settings = await _settings(deps)
    typed = Typed(url.strip(), verify_tls)
    key = _key(deps, typed, api_key, sealed)
    found, error = await _probe(deps, settings, typed, key)
    return await _show_lidarr(request, deps, person, settings, typed, key=key, found=found, error=error)


@router.post("/lidarr")
async def save_lidarr(
    request: Request,
    deps: Deps,
    person: Admin,
    url: Text = "",
    api_key: Text = "",
    sealed: Text = "",
    verify_tls: Annotated[bool, Form()] = False,
    anyway: Annotated[bool, Form()] = False,
) -> Response:
    settings = await _settings(deps)
    typed = Typed(url.strip(), verify_tls)
    key = _key(deps, typed, api_key, sealed)
    found, error = await _probe(deps, settings, typed, key)
    if error is not None and (not anyway or isinstance(error, ConfigurationError)):
        return await _show_lidarr(request, deps, person, settings, typed, key=key, error=error)
    wanted = {_URL: typed.url, _TLS: typed.verify_tls, **({_KEY: key} if key else {})}
    changes = {name: value for name, value in wanted.items() if not settings[name].locked}
    try:
        if changes:
            await deps.configuration.change(changes, by=person.name)
    except BrainarrError as refusal:
        return await _show_lidarr(request, deps, person, settings, typed, key=key, error=refusal)
    told = "Saved." if found is None else f"Connected to {found.instance_name} {found.version}."
    return back(request, "/setup/model", told=told)


@router.get("/model")
async def model(request: Request, deps: Deps, person: Admin) -> Response:
    settings = await _settings(deps)
    return page(
        request,
        "pages/setup/model.html",
        person=person,
        step="model",
        done=await _done(deps, settings),
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
    settings = await _settings(deps)
    questions = [
        {"name": one.name, "title": one.title, "answers": one.answers, "setting": settings[one.key]}
        for one in QUESTIONS
    ]
    return page(
        request,
        "pages/setup/taste.html",
        person=person,
        step="taste",
        done=await _done(deps, settings),
        questions=questions,
    )


@router.post("/taste")
async def save_taste(
    request: Request, deps: Deps, person: Admin, target: Text = "", discovery: Text = "", approval: Text = ""
) -> Response:
    settings = await _settings(deps)
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
    settings = await _settings(deps)
    runs = await list_runs(deps.db, PageOf(page_size=1))
    latest = runs.items[0] if runs.items else None
    return page(
        request,
        "pages/setup/run.html",
        person=person,
        step="run",
        done=await _done(deps, settings),
        names=_chain_names(settings),
        connected=_connected(settings),
        address=settings[_URL].value,
        target=settings["recommend.target"].value,
        discovery=settings["recommend.discovery"].value,
        review=settings["recommend.approval"].value == "review",
        runs=runs.total,
        open_run=latest.id if latest and latest.finished_at is None else None,
    )


async def _settings(deps: WebDeps) -> Mapping[str, Setting]:
    return {one.key: one for one in await deps.configuration.read()}


async def _done(deps: WebDeps, settings: Mapping[str, Setting]) -> set[str]:
    """The steps that somebody has been through, here or in a file."""
    runs = await list_runs(deps.db, PageOf(page_size=1))
    steps = {
        "lidarr": _connected(settings),
        "model": settings[CHAIN].is_set,
        "taste": any(settings[one.key].is_set for one in QUESTIONS),
        "run": bool(runs.total),
    }
    return {step for step, done in steps.items() if done}


def _connected(settings: Mapping[str, Setting]) -> bool:
    return bool(settings[_URL].value and settings[_KEY].is_set)


def _chain_names(settings: Mapping[str, Setting]) -> list[str]:
    return [name_of(entry) for entry in entries_of(settings[CHAIN].value)]


def _key(deps: WebDeps, typed: Typed, api_key: str, sealed: str) -> str:
    return api_key.strip() or unseal(deps.secrets, sealed, place_of(typed.url), deps.clock())


async def _probe(
    deps: WebDeps, settings: Mapping[str, Setting], typed: Typed, key: str
) -> tuple[LidarrFacts | None, BrainarrError | None]:
    tls = bool(settings[_TLS].value) if settings[_TLS].locked else typed.verify_tls
    url = str(settings[_URL].value or "") if settings[_URL].locked else typed.url
    try:
        return await deps.probes.lidarr(url, key or None, tls), None
    except BrainarrError as error:
        return None, error


async def _show_lidarr(
    request: Request,
    deps: WebDeps,
    person: Person,
    settings: Mapping[str, Setting],
    typed: Typed,
    *,
    key: str = "",
    found: LidarrFacts | None = None,
    error: BrainarrError | None = None,
) -> Response:
    faults = _faults(error.faults) if isinstance(error, ConfigurationError) else {}
    return page(
        request,
        "pages/setup/lidarr.html",
        person=person,
        status=422 if faults else 200,
        step="lidarr",
        done=await _done(deps, settings),
        address=settings[_URL],
        key=settings[_KEY],
        tls=settings[_TLS],
        typed=typed,
        faults=faults,
        found=found,
        error=None if faults else error,
        sealed=seal(deps.secrets, key, place_of(typed.url), deps.clock()),
    )


def _faults(found: list[Fault]) -> dict[str, str]:
    """By field; those of none as `other`."""
    faults: dict[str, str] = {}
    for fault in found:
        name = fault.key.rpartition(".")[2]
        field = name if fault.key in (_URL, _KEY) else "other"
        faults.setdefault(field, f"{fault.given} is not usable; allowed: {fault.allowed}")
    return faults
