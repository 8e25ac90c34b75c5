"""The health monitor over stored breakers: what fails a probe is opened, what passes again is closed."""

import asyncio

import pytest

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Cause, State
from brainarr.errors import ProviderError, ProviderRejected, ProviderUnavailable
from brainarr.service.monitor import Watched, probe_provider, read_breakers, watch_providers
from brainarr.store.breakers import StoredBreakers
from tests.store.given import House

AWAY = ProviderUnavailable("home", "no connection.", remedy="Is it running?", reached=False)
WRONG_KEY = ProviderRejected("home", "GET /models answered 401.", status=401)
BUSY = ProviderUnavailable("home", "too many requests.", status=429)


class Server:
    """Passes its probe, or fails it with `failure`."""

    def __init__(self, name: str = "home", setup: str = "setup") -> None:
        self.failure: ProviderError | None = None
        self.watched = Watched(name, setup, self.probe)

    async def probe(self) -> str:
        if self.failure:
            raise self.failure
        return "has qwen3:8b"


@pytest.fixture
def server() -> Server:
    return Server()


async def look(house: House, *servers: Server, patience: float = 5) -> None:
    watched = [server.watched for server in servers]
    await watch_providers(watched, StoredBreakers(house.db), house.clock, patience=patience)


async def test_a_failed_probe_opens_the_breaker_and_a_good_one_closes_it(
    house: House, server: Server
) -> None:
    server.failure = AWAY
    await look(house, server)
    (circuit,) = (await read_breakers(house.db, {"home": "setup"})).values()
    assert (circuit.state, circuit.since, circuit.cause) == (State.OPEN, house.clock(), Cause.PROBE)
    assert circuit.reason == "home: no connection. Is it running?"
    server.failure = None
    house.clock.advance(minutes=5)
    await look(house, server)
    (circuit,) = (await read_breakers(house.db, {"home": "setup"})).values()
    assert (circuit.state, circuit.since) == (State.CLOSED, house.clock())


async def test_a_refused_key_stays_refused_until_the_entry_has_another(house: House, server: Server) -> None:
    server.failure = WRONG_KEY
    await look(house, server)
    server.failure = None
    house.clock.advance(days=30)
    await look(house, server)
    latched = (await read_breakers(house.db, {"home": "setup"}))["home"]
    assert (latched.state, latched.cause, latched.try_at) == (State.OPEN, Cause.KEY, None)
    await look(house, Server(setup="another key"))
    assert await read_breakers(house.db, {"home": "setup"}) == {}
    fixed = (await read_breakers(house.db, {"home": "another key"}))["home"]
    assert fixed.state is State.CLOSED


async def test_one_that_is_merely_asked_too_often_is_there(house: House, server: Server) -> None:
    server.failure = BUSY
    await look(house, server)
    assert await read_breakers(house.db, {"home": "setup"}) == {}


async def test_a_probe_that_hangs_does_not_hold_up_the_others(house: House, server: Server) -> None:
    async def hang() -> str:
        await asyncio.Event().wait()
        return ""

    stuck = Watched("stuck", "setup", hang)
    watched = [stuck, server.watched]
    await watch_providers(watched, StoredBreakers(house.db), house.clock, patience=0.05)
    found = await read_breakers(house.db, {"home": "setup", "stuck": "setup"})
    assert {name: circuit.state for name, circuit in found.items()} == {
        "home": State.CLOSED,
        "stuck": State.OPEN,
    }
    assert "no answer within 0.05 s" in found["stuck"].reason


async def test_a_fault_of_ours_is_not_taken_for_a_broken_provider(house: House) -> None:
    async def broken() -> str:
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        watched = [Watched("home", "setup", broken)]
        await watch_providers(watched, StoredBreakers(house.db), house.clock)
    assert await read_breakers(house.db, {"home": "setup"}) == {}


async def test_a_test_by_a_person_lets_the_next_question_try_even_after_a_refused_key(
    house: House, server: Server
) -> None:
    circuits = StoredBreakers(house.db)
    server.failure = WRONG_KEY
    await look(house, server)
    server.failure = None
    assert await probe_provider(server.watched, circuits, house.clock, good=rules.pardoned) == "has qwen3:8b"
    circuit = await circuits.read("home")
    assert circuit is not None
    assert not rules.refuses(circuit, house.clock())


async def test_of_many_processes_that_want_the_trial_one_gets_it(house: House) -> None:
    circuits = StoredBreakers(house.db)
    tripped = rules.failed(rules.closed("setup", house.clock()), house.clock(), "down.", Cause.KEY)
    await circuits.change("home", lambda _: rules.pardoned(tripped, house.clock()))
    passed: list[int] = []

    async def enter(number: int) -> None:
        mine = False

        def claim(circuit: rules.Circuit | None) -> rules.Circuit:
            nonlocal mine
            assert circuit is not None
            mine = not rules.refuses(circuit, house.clock())
            return rules.entered(circuit, house.clock())

        await circuits.change("home", claim)
        if mine:
            passed.append(number)

    await asyncio.gather(*(enter(number) for number in range(20)))
    assert len(passed) == 1


async def test_what_was_learnt_survives_a_restart(house: House, server: Server) -> None:
    server.failure = AWAY
    await look(house, server)
    before = await StoredBreakers(house.db).read("home")
    await house.db.dispose()
    assert await StoredBreakers(house.db).read("home") == before
    assert before is not None
    assert before.try_at == house.clock() + rules.FIRST_REST
