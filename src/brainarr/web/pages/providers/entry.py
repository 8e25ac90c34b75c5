"""One entry of the provider chain as a form: what its kind asks for, tried before it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from starlette.responses import Response

from brainarr.errors import BrainarrError, ConfigurationError, Fault, NotFound
from brainarr.service.chain import (
    CHAIN,
    Entries,
    Entry,
    entries_of,
    entry_named,
    free_name,
    keeping_key,
    name_of,
    with_entry,
)
from brainarr.service.probes import Kind, ModelFacts
from brainarr.settings.values import place_of
from brainarr.web.deps import WebDeps
from brainarr.web.people import Person
from brainarr.web.render import back, page
from brainarr.web.sealed import seal, unseal

TEMPLATE = "pages/providers/entry.html"
WIZARD = "setup"

_TEXTS = ("name", "base_url", "model", "api_version")
_NUMBERS = {"timeout": float, "context_window": int}
_PRICES = ("input", "output", "cached_input")


@dataclass(frozen=True)
class Asked:
    """What the form holds."""

    kind: Kind
    was: str = ""
    """The entry that is changed; "": a new one."""
    origin: str = ""
    """`setup`: the wizard goes on afterwards."""
    values: Mapping[str, object] = field(default_factory=dict)
    """As typed, the key left out."""
    key: str = ""
    has_key: bool = False
    """A key is saved, or was typed just now."""

    @property
    def place(self) -> str:
        return place_of(str(self.values.get("base_url") or self.kind.address))


def kind_named(deps: WebDeps, name: str) -> Kind:
    """Raises NotFound."""
    found = next((kind for kind in deps.kinds if kind.name == name), None)
    if found is None:
        raise NotFound(f"There is no kind {name!r} of provider.", remedy="Choose one of the list.")
    return found


async def read_chain(deps: WebDeps) -> Entries:
    settings = await deps.configuration.read()
    return entries_of(next(one.value for one in settings if one.key == CHAIN))


def opened(deps: WebDeps, chain: Entries, asked: Mapping[str, str]) -> Asked:
    """The form as it is first shown: of a saved entry, or of what a link proposes. Raises NotFound."""
    origin = WIZARD if asked.get("from") == WIZARD else ""
    if was := asked.get("was", ""):
        entry = entry_named(chain, was)
        kind = kind_named(deps, str(entry.get("kind")))
        values = {key: part for key, part in entry.items() if key != "api_key"}
        if values.get("base_url") == kind.address:
            del values["base_url"]
        return Asked(kind, was, origin, values, has_key=bool(entry.get("api_key")))
    kind = kind_named(deps, asked.get("kind", ""))
    proposed = {key: asked[key] for key in ("base_url", "model") if asked.get(key)}
    return Asked(kind, "", origin, {"name": free_name(kind.name, chain), **proposed})


def sent(deps: WebDeps, chain: Entries, form: Mapping[str, str]) -> Asked:
    """The form as it came back. Raises NotFound."""
    kind = kind_named(deps, form.get("kind", ""))
    was = form.get("was", "")
    origin = WIZARD if form.get("from") == WIZARD else ""
    asked = Asked(kind, was, origin, _values(kind, form))
    key = form.get("api_key", "").strip() or unseal(
        deps.secrets, form.get("sealed", ""), asked.place, deps.clock()
    )
    saved = bool(was and entry_named(chain, was).get("api_key"))
    return Asked(kind, was, origin, asked.values, key, has_key=bool(key) or saved)


def _values(kind: Kind, form: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {"kind": kind.name}
    values |= {name: text for name in _TEXTS if (text := form.get(name, "").strip())}
    if values.get("base_url") == kind.address:
        # What every entry of its kind says by itself; that may become another one day.
        del values["base_url"]
    for name, number in _NUMBERS.items():
        if text := form.get(name, "").strip():
            try:
                values[name] = number(text)
            except ValueError:
                # The settings say what is allowed there.
                values[name] = text
    prices = {name: text for name in _PRICES if (text := form.get(f"price_{name}", "").strip())}
    if prices:
        values["prices"] = prices
    if "verify_tls" not in form:
        values["verify_tls"] = False
    return values


def _entry(asked: Asked, chain: Entries) -> Entry:
    """What is to be saved: the form over what it does not show. Raises ConfigurationError."""
    entry: dict[str, object] = dict(asked.values)
    if asked.key:
        entry["api_key"] = asked.key
    if not asked.was:
        return entry
    old = entry_named(chain, asked.was)
    shown = {*_TEXTS, *_NUMBERS, "kind", "prices", "verify_tls", "api_key"}
    entry = {**{key: part for key, part in old.items() if key not in shown}, **entry}
    usual = asked.kind.address
    same_place = place_of(str(old.get("base_url") or usual)) == asked.place
    return keeping_key(entry, old, same_place=same_place)


async def test_entry(request: Request, deps: WebDeps, person: Person, form: Mapping[str, str]) -> Response:
    """Asks the server; the form comes back with what it said."""
    asked = sent(deps, await read_chain(deps), form)
    try:
        values = {**asked.values, **({"api_key": asked.key} if asked.key else {})}
        found = await deps.probes.model(values)
    except ConfigurationError as error:
        return show(request, deps, person, asked, faults=error.faults)
    except BrainarrError as error:
        return show(request, deps, person, asked, error=error)
    return show(request, deps, person, asked, found=found)


async def save_entry(request: Request, deps: WebDeps, person: Person, form: Mapping[str, str]) -> Response:
    chain = await read_chain(deps)
    asked = sent(deps, chain, form)
    try:
        entry = _entry(asked, chain)
        await deps.configuration.change(
            {CHAIN: list(with_entry(chain, entry, asked.was or None))}, by=person.name
        )
    except ConfigurationError as error:
        return show(request, deps, person, asked, faults=error.faults)
    onward = "/setup/taste" if asked.origin == WIZARD else "/providers"
    return back(request, onward, told=f"{name_of(entry)} is saved.")


def show(
    request: Request,
    deps: WebDeps,
    person: Person,
    asked: Asked,
    *,
    faults: list[Fault] | None = None,
    error: BrainarrError | None = None,
    found: ModelFacts | None = None,
) -> Response:
    by_field: dict[str, str] = {}
    other: list[Fault] = []
    for fault in faults or []:
        name = _field_of(fault)
        if name in _FIELDS:
            by_field.setdefault(name, f"{fault.given} is not usable; allowed: {fault.allowed}")
        else:
            other.append(fault)
    return page(
        request,
        TEMPLATE,
        person=person,
        status=422 if faults else 200,
        asked=asked,
        kind=asked.kind,
        values=asked.values,
        prices=asked.values.get("prices") or {},
        faults=by_field,
        other_faults=other,
        error=error,
        found=found,
        sealed=seal(deps.secrets, asked.key, asked.place, deps.clock()),
    )


_FIELDS = {*_TEXTS, *_NUMBERS, "api_key", "verify_tls", *(f"price_{name}" for name in _PRICES)}


def _field_of(fault: Fault) -> str:
    """`provider_chain.2.prices.input` is about the field price_input."""
    parts = [part for part in fault.key.split(".") if part != CHAIN and not part.isdecimal()]
    return "_".join(parts).replace("prices_", "price_")
