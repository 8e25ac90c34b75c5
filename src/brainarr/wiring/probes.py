"""Adapters built from values that are not saved yet, asked once and closed."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from brainarr.domain.import_lists import Channel
from brainarr.errors import ConfigurationError, Fault, ProviderRejected, ProviderUnavailable
from brainarr.llm.kinds import KINDS
from brainarr.llm.models import open_links
from brainarr.llm.registry import ProviderEntry, is_at_home
from brainarr.providers.lidarr import Lidarr, LidarrSettings, connect
from brainarr.service.probes import Kind, LidarrFacts, ModelFacts, Probes
from brainarr.settings.faults import fault_for
from brainarr.settings.schema import Schema
from brainarr.settings.values import place_of
from brainarr.wiring.configuration import Settings

PATIENCE_S = 15.0
"""Of a whole test: a person waits in front of it."""
COUNTING_S = 5.0
"""A large library is not counted to its end: 50,000 artists are 150 MB."""

T = TypeVar("T", bound=BaseModel)


def probes_of(settings: Callable[[], Settings]) -> Probes:
    """`settings` are what is saved by now: keys that are left out come from there."""

    async def lidarr(url: str, api_key: str | None, verify_tls: bool) -> LidarrFacts:
        values = {"url": url, "api_key": api_key, "verify_tls": verify_tls, "timeout": PATIENCE_S}
        if not api_key:
            known = (settings().lidarr, *settings().lidarrs)
            here = (one.api_key for one in known if one.url and place_of(one.url) == place_of(url))
            values["api_key"] = next(here, None)
        return await _ask_lidarr(_validated(LidarrSettings, values, "lidarr"))

    async def model(values: Mapping[str, object]) -> ModelFacts:
        given = dict(values)
        if not given.get("api_key"):
            given["api_key"] = _saved_key(settings().provider_chain, given)
        return await _ask_model(_validated(ProviderEntry, given, "provider_chain"))

    return Probes(lidarr, model)


def kinds() -> tuple[Kind, ...]:
    """Every kind of model provider, those at home first; `builtin` is none."""
    return tuple(
        Kind(
            name=name,
            title=kind.title,
            address=kind.base_url or "",
            at_home=bool(kind.base_url) and is_at_home(kind.base_url or ""),
            needs_key=kind.needs_key,
            needs_model=kind.needs_model,
            default_model=kind.default_model or "",
            has_versions=name == "azure_openai",
            timeout=kind.timeout,
        )
        for name, kind in KINDS.items()
        if kind.protocol is not None
    )


async def _ask_lidarr(settings: LidarrSettings) -> LidarrFacts:
    http = connect(settings, attempts=1)
    try:
        async with asyncio.timeout(PATIENCE_S):
            lidarr = Lidarr(settings, http)
            status = await lidarr.status()
            choices = await lidarr.lists.choices()
            artists, all_of_them = await _count(lidarr)
    except TimeoutError:
        raise _too_slow("lidarr") from None
    finally:
        await http.aclose()
    root = choices.suited[Channel.ARTISTS].root_folder
    return LidarrFacts(status.version, status.instance_name, artists, all_of_them, root)


async def _count(lidarr: Lidarr) -> tuple[int, bool]:
    """Artists, and whether those are all."""
    count = 0
    try:
        async with asyncio.timeout(COUNTING_S):
            async for batch in lidarr.read_artists():
                count += len(batch)
    except TimeoutError:
        return count, False
    return count, True


async def _ask_model(entry: ProviderEntry) -> ModelFacts:
    (link,) = open_links((entry,))
    model = link.model
    if model is None:
        return ModelFacts("no model: similarity sources propose, templates explain", (), None, 0.0)
    begun = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE_S):
            models = await model.list_models()
            seconds = time.monotonic() - begun
            try:
                line, chosen = await model.probe(), (await model.describe()).model
            except ProviderRejected as error:
                # With the list of those that are there, that is cured by a choice.
                if error.status is not None:
                    raise
                problem = error.message.removeprefix(f"{entry.name}: ")
                return ModelFacts("", models, None, seconds, problem, error.remedy)
    except TimeoutError:
        raise _too_slow(entry.name) from None
    finally:
        await model.aclose()
    return ModelFacts(line, models, chosen, seconds)


def _too_slow(provider: str) -> ProviderUnavailable:
    message = f"it answers, but was not done within {PATIENCE_S:g} s."
    return ProviderUnavailable(provider, message, remedy="Try again; if it lasts, it is overloaded.")


def _saved_key(chain: Iterable[ProviderEntry], given: Mapping[str, object]) -> SecretStr | None:
    """That of the entry which asks the same place already, rather of the one with the same name."""
    kind = str(given.get("kind", ""))
    usual = KINDS[kind].base_url if kind in KINDS else None
    address = str(given.get("base_url") or usual or "")
    same = [entry for entry in chain if entry.kind == kind and place_of(entry.address) == place_of(address)]
    named = sorted(same, key=lambda entry: entry.name != given.get("name"))
    return named[0].api_key if named else None


def _validated(section: type[T], values: Mapping[str, object], name: str) -> T:
    """Raises ConfigurationError that names each key below `name`."""
    given = {key: value for key, value in values.items() if value is not None}
    try:
        return section.model_validate(given)
    except ValidationError as error:
        schema = Schema(section)
        # Never `error` itself: it may hold what was typed, a key among it.
        details = error.errors(include_url=False)
    faults = [fault_for(detail, given, {}, schema) for detail in details]
    raise ConfigurationError([Fault(f"{name}.{one.key}", one.given, one.allowed) for one in faults])
