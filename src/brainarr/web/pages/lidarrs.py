"""Lidarrs: the first one and those beside it, each a target of its own for lists."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.errors import BrainarrError, ConfigurationError, Fault, NotFound
from brainarr.service.chain import Entries, Entry, entries_of, name_of
from brainarr.service.lidarrs import LIDARRS, lidarr_named, lists_by_lidarr, with_lidarr, without_lidarr
from brainarr.service.probes import LidarrFacts
from brainarr.settings.setting import Setting
from brainarr.settings.values import place_of
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.people import Admin, Person
from brainarr.web.render import back, failed, page
from brainarr.web.sealed import seal, unseal

router = APIRouter(prefix="/lidarrs")

FIRST_URL = "lidarr.url"

Text = Annotated[str, Form(max_length=2_000)]
Flag = Annotated[bool, Form()]


class Card(msgspec.Struct, frozen=True):
    """One Lidarr as the page shows it."""

    name: str
    url: str
    lists: tuple[str, ...]
    """Names of those that are for it."""


class Typed(msgspec.Struct, frozen=True):
    """A form as it came, or as it is first shown."""

    name: str = ""
    url: str = ""
    root_folder: str = ""
    verify_tls: bool = True
    known: bool = False
    """Whether it is one that is saved already: its name stays."""

    @property
    def entry(self) -> Entry:
        # The name is typed by people: Attic means attic.
        entry = {"name": self.name.lower(), "url": self.url, "verify_tls": self.verify_tls}
        return entry | {"root_folder": self.root_folder or None}


@router.get("")
async def lidarrs(request: Request, deps: Deps, person: Admin) -> Response:
    setting, first = await _read(deps)
    lists = await lists_by_lidarr(deps.db)
    addresses = {DEFAULT_INSTANCE: str(first.value or "")}
    addresses |= {name_of(entry): str(entry.get("url")) for entry in entries_of(setting.value)}
    cards = [Card(name, address, lists.get(name, ())) for name, address in addresses.items()]
    return page(
        request,
        "pages/lidarrs/index.html",
        person=person,
        cards=cards,
        setting=setting,
        first=DEFAULT_INSTANCE,
    )


@router.get("/entry")
async def entry(request: Request, deps: Deps, person: Admin, name: str = "") -> Response:
    """Raises NotFound."""
    if not name:
        return _show(request, deps, person, Typed())
    setting, _ = await _read(deps)
    saved = lidarr_named(entries_of(setting.value), name)
    if saved is None:
        raise NotFound(f"There is no Lidarr {name!r}.", remedy="The page Lidarrs names those there are.")
    typed = Typed(
        name,
        str(saved.get("url", "")),
        str(saved.get("root_folder", "")),
        saved.get("verify_tls") is not False,
        known=True,
    )
    return _show(request, deps, person, typed)


@router.post("/entry")
async def save(
    request: Request,
    deps: Deps,
    person: Admin,
    name: Text = "",
    url: Text = "",
    api_key: Text = "",
    sealed: Text = "",
    root_folder: Text = "",
    verify_tls: Flag = False,
    known: Flag = False,
    test: Flag = False,
    anyway: Flag = False,
) -> Response:
    """Asked before it is saved; `test`: only asked."""
    typed = Typed(name.strip(), url.strip(), root_folder.strip(), verify_tls, known)
    key = api_key.strip() or unseal(deps.secrets, sealed, place_of(typed.url), deps.clock())
    entries = await _entries(deps)
    found: LidarrFacts | None = None
    try:
        if not known and lidarr_named(entries, str(typed.entry["name"])):
            raise _taken(typed)
        found = await deps.probes.lidarr(typed.url, key or None, verify_tls)
    except BrainarrError as error:
        if test or not anyway or isinstance(error, ConfigurationError):
            return _show(request, deps, person, typed, key=key, error=error)
    if test:
        return _show(request, deps, person, typed, key=key, found=found)
    wanted = {**typed.entry, **({"api_key": key} if key else {})}
    try:
        await deps.configuration.change({LIDARRS: list(with_lidarr(entries, wanted))}, by=person.name)
    except BrainarrError as error:
        return _show(request, deps, person, typed, key=key, error=error)
    told = f"{wanted['name']} is saved."
    return back(request, "/lidarrs", told=f"{told} Lists can be for it now." if found else told)


@router.post("/remove")
async def remove(request: Request, deps: Deps, person: Admin, name: Text) -> Response:
    try:
        entries = await without_lidarr(deps.db, await _entries(deps), name)
        await deps.configuration.change({LIDARRS: list(entries)}, by=person.name)
    except BrainarrError as error:
        return failed(request, "/lidarrs", error)
    return back(request, "/lidarrs", told=f"{name} is forgotten here. In that Lidarr nothing has changed.")


async def _read(deps: WebDeps) -> tuple[Setting, Setting]:
    """The setting with the Lidarrs, and the first one's address."""
    settings = {one.key: one for one in await deps.configuration.read()}
    return settings[LIDARRS], settings[FIRST_URL]


async def _entries(deps: WebDeps) -> Entries:
    return entries_of((await _read(deps))[0].value)


def _taken(typed: Typed) -> ConfigurationError:
    return ConfigurationError([Fault("lidarrs.name", typed.name, "a name that no other Lidarr has")])


def _show(
    request: Request,
    deps: WebDeps,
    person: Person,
    typed: Typed,
    *,
    key: str = "",
    found: LidarrFacts | None = None,
    error: BrainarrError | None = None,
) -> Response:
    faults = error.faults if isinstance(error, ConfigurationError) else []
    by_field = {
        fault.key.rpartition(".")[2]: f"{fault.given} is not usable; allowed: {fault.allowed}"
        for fault in reversed(faults)
    }
    return page(
        request,
        "pages/lidarrs/entry.html",
        person=person,
        status=422 if faults else 200,
        typed=typed,
        faults=by_field,
        error=None if faults else error,
        found=found,
        sealed=seal(deps.secrets, key, place_of(typed.url), deps.clock()),
    )
