"""The step that connects Lidarr: tried before it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brainarr.errors import BrainarrError, ConfigurationError, Fault
from brainarr.service.probes import LidarrFacts
from brainarr.settings.setting import Setting
from brainarr.settings.values import place_of
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.pages.setup.steps import KEY, TLS, URL, read_done, settings_by_key
from brainarr.web.people import Admin, Person
from brainarr.web.render import back, page
from brainarr.web.sealed import seal, unseal

router = APIRouter(prefix="/lidarr")

Text = Annotated[str, Form(max_length=2_000)]


@dataclass(frozen=True)
class Typed:
    url: str
    verify_tls: bool


@router.get("")
async def lidarr(request: Request, deps: Deps, person: Admin) -> Response:
    settings = await settings_by_key(deps)
    typed = Typed(str(settings[URL].value or ""), bool(settings[TLS].value))
    return await _show_lidarr(request, deps, person, settings, typed)


@router.post("/test")
async def test_lidarr(
    request: Request,
    deps: Deps,
    person: Admin,
    url: Text = "",
    api_key: Text = "",
    sealed: Text = "",
    verify_tls: Annotated[bool, Form()] = False,
) -> Response:
    settings = await settings_by_key(deps)
    typed = Typed(url.strip(), verify_tls)
    key = _key(deps, typed, api_key, sealed)
    found, error = await _probe(deps, settings, typed, key)
    return await _show_lidarr(request, deps, person, settings, typed, key=key, found=found, error=error)


@router.post("")
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
    settings = await settings_by_key(deps)
    typed = Typed(url.strip(), verify_tls)
    key = _key(deps, typed, api_key, sealed)
    found, error = await _probe(deps, settings, typed, key)
    if error is not None and (not anyway or isinstance(error, ConfigurationError)):
        return await _show_lidarr(request, deps, person, settings, typed, key=key, error=error)
    wanted = {URL: typed.url, TLS: typed.verify_tls, **({KEY: key} if key else {})}
    changes = {name: value for name, value in wanted.items() if not settings[name].locked}
    try:
        if changes:
            await deps.configuration.change(changes, by=person.name)
    except BrainarrError as refusal:
        return await _show_lidarr(request, deps, person, settings, typed, key=key, error=refusal)
    told = "Saved." if found is None else f"Connected to {found.instance_name} {found.version}."
    return back(request, "/setup/model", told=told)


def _key(deps: WebDeps, typed: Typed, api_key: str, sealed: str) -> str:
    return api_key.strip() or unseal(deps.secrets, sealed, place_of(typed.url), deps.clock())


async def _probe(
    deps: WebDeps, settings: Mapping[str, Setting], typed: Typed, key: str
) -> tuple[LidarrFacts | None, BrainarrError | None]:
    tls = bool(settings[TLS].value) if settings[TLS].locked else typed.verify_tls
    url = str(settings[URL].value or "") if settings[URL].locked else typed.url
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
        done=await read_done(deps, settings),
        address=settings[URL],
        key=settings[KEY],
        tls=settings[TLS],
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
        field = name if fault.key in (URL, KEY) else "other"
        faults.setdefault(field, f"{fault.given} is not usable; allowed: {fault.allowed}")
    return faults
