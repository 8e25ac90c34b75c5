"""Providers: who is asked in which order, how they do, and everything to change about it."""

import time
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from brainarr.errors import BrainarrError, NotFound
from brainarr.service import chain as chains
from brainarr.service.chain import CHAIN, Entries
from brainarr.service.doctor import Health, examine
from brainarr.service.health import read_last_reports
from brainarr.service.latency import read_latencies
from brainarr.service.league import read_league
from brainarr.service.monitor import close_breaker, read_breakers
from brainarr.service.usage import read_usage
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.pages.providers import entry as entries
from brainarr.web.pages.providers.cards import SERVICES, model_cards, service_cards
from brainarr.web.people import Admin, Person
from brainarr.web.render import back, failed, page

router = APIRouter(prefix="/providers")

STRATEGY = "recommend.strategy"
STRATEGIES = {
    "failover": (
        "One after the other",
        "The next one is asked only when the one before it fails: the cheapest.",
    ),
    "parallel": (
        "All together",
        "Every model is asked in every run; each is one more voice, and is paid for.",
    ),
    "race": (
        "The quickest",
        "All are asked, and the first good answer counts; the others may be paid for too.",
    ),
}
SWITCHES = ("listenbrainz.enabled", "deezer.enabled")

Name = Annotated[str, Form(max_length=200)]


@router.get("")
async def providers(request: Request, deps: Deps, person: Admin) -> Response:
    settings = {one.key: one for one in await deps.configuration.read()}
    run, reports = await read_last_reports(deps.db)
    league = await read_league(deps.db, clock=deps.clock)
    usage = await read_usage(deps.db, clock=deps.clock)
    told = {report.name: report for report in reports}
    standings = {standing.provider: standing for standing in league}
    chain = chains.entries_of(settings[CHAIN].value)
    return page(
        request,
        "pages/providers/index.html",
        person=person,
        models=model_cards(
            chain,
            {kind.name: kind for kind in deps.kinds},
            await read_breakers(deps.db, deps.setups),
            told,
            run,
            await read_latencies(deps.db, clock=deps.clock),
            {used.provider: used for used in usage.providers},
            standings,
        ),
        services=service_cards(
            {provider.name: provider for provider in deps.providers},
            {key: settings[key].value for key in SWITCHES},
            {key: settings[key].place for key in SWITCHES if settings[key].locked},
            told,
            run,
            standings,
        ),
        league=league,
        titles={service.name: service.title for service in SERVICES},
        locked=settings[CHAIN].place if settings[CHAIN].locked else "",
        strategy=settings[STRATEGY],
        strategies=STRATEGIES,
    )


@router.post("/test")
async def test(request: Request, deps: Deps, person: Admin, name: Name) -> Response:
    """Asks it now. That it is down is an answer."""
    wanted = next((provider for provider in deps.providers if provider.name == name), None)
    if wanted is None:
        error = NotFound(
            f"{name} is not in use yet.",
            remedy="It takes a moment after a change: try again in a few seconds.",
        )
        return failed(request, "/providers", error)
    begun = time.perf_counter()
    (finding,) = await examine([wanted.check])
    told = f"{name}: {finding.detail} ({time.perf_counter() - begun:.2f} s). {finding.remedy}".strip()
    return back(request, "/providers", told=told, bad=finding.health is not Health.OK)


@router.post("/again")
async def again(request: Request, deps: Deps, person: Admin, name: Name) -> Response:
    """Closes its breaker: the next question may try."""
    setup = deps.setups.get(name)
    if setup is None:
        return failed(request, "/providers", NotFound(f"There is no model {name!r} in the chain."))
    await close_breaker(deps.db, name, setup, clock=deps.clock)
    return back(request, "/providers", told=f"The next run asks {name} again.")


@router.post("/move")
async def move(
    request: Request, deps: Deps, person: Admin, name: Name, by: Annotated[int, Form(ge=-1, le=1)]
) -> Response:
    return await _changed(
        request, deps, person, lambda chain: chains.moved(chain, name, by), f"{name} was moved."
    )


@router.post("/order")
async def order(request: Request, deps: Deps, person: Admin, name: Annotated[list[str], Form()]) -> Response:
    """`name`: all of them, in their new order."""
    return await _changed(
        request, deps, person, lambda chain: chains.reordered(chain, name), "The order is saved."
    )


@router.post("/remove")
async def remove(request: Request, deps: Deps, person: Admin, name: Name) -> Response:
    return await _changed(
        request,
        deps,
        person,
        lambda chain: chains.without(chain, name),
        f"{name} was removed from the chain.",
    )


@router.post("/strategy")
async def strategy(
    request: Request, deps: Deps, person: Admin, strategy: Annotated[str, Form(max_length=20)]
) -> Response:
    return await _set(request, deps, person, STRATEGY, strategy, "The strategy is saved.")


@router.post("/switch")
async def switch(
    request: Request, deps: Deps, person: Admin, key: Name, on: Annotated[bool, Form()]
) -> Response:
    if key not in SWITCHES:
        return failed(request, "/providers", NotFound(f"{key} is no switch."))
    service = key.partition(".")[0]
    return await _set(request, deps, person, key, on, f"{service} is {'on' if on else 'off'}.")


@router.get("/new")
async def new(request: Request, deps: Deps, person: Admin) -> Response:
    """Which kind: what was found at home first."""
    servers = await deps.find_servers()
    return page(
        request,
        "pages/providers/new.html",
        person=person,
        servers=servers,
        kinds=deps.kinds,
        titles={kind.name: kind.title for kind in deps.kinds},
    )


@router.get("/entry")
async def entry(request: Request, deps: Deps, person: Admin) -> Response:
    asked = {key: text[:2_000] for key, text in request.query_params.items()}
    return entries.show(request, deps, person, entries.opened(deps, await entries.read_chain(deps), asked))


@router.post("/entry")
async def save_entry(request: Request, deps: Deps, person: Admin) -> Response:
    return await entries.save_entry(request, deps, person, await _texts(request))


@router.post("/entry/test")
async def test_entry(request: Request, deps: Deps, person: Admin) -> Response:
    return await entries.test_entry(request, deps, person, await _texts(request))


async def _texts(request: Request) -> Mapping[str, str]:
    form = await request.form()
    return {key: text[:4_000] for key, text in form.items() if not isinstance(text, UploadFile)}


async def _changed(
    request: Request, deps: WebDeps, person: Person, change: chains.Change, told: str
) -> Response:
    try:
        chain: Entries = change(await entries.read_chain(deps))
        await deps.configuration.change({CHAIN: list(chain)}, by=person.name)
    except BrainarrError as error:
        return failed(request, "/providers", error)
    return back(request, "/providers", told=told)


async def _set(
    request: Request, deps: WebDeps, person: Person, key: str, value: object, told: str
) -> Response:
    try:
        await deps.configuration.change({key: value}, by=person.name)
    except BrainarrError as error:
        return failed(request, "/providers", error)
    return back(request, "/providers", told=told)
