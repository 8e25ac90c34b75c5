"""What webhooks keep to: the stand-in, the adapter to a Lidarr, to one without headers, to the sandbox."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.domain.import_lists import Unreached
from brainarr.domain.webhooks import Switch, WebhookPlan
from brainarr.errors import ProviderError, ProviderRejected
from brainarr.pipeline.ports import Webhooks
from brainarr.providers.lidarr import Lidarr
from brainarr.sandbox.lidarr.app import create_lidarr
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from brainarr.sandbox.starter import starter_world
from tests.conftest import NOW
from tests.fakes import FakeWebhooks
from tests.providers.lidarr.conftest import KEY, OpenLidarr
from tests.providers.lidarr.connect import KNOWN, MASK, Connect

pytestmark = pytest.mark.loopback

PLAN = WebhookPlan(
    name="Brainarr", address="http://brainarr:8690/webhooks/lidarr/default", key="k" * 32, enabled=True
)
BEFORE_HEADERS = KNOWN[:-1]


def off(plan: WebhookPlan) -> WebhookPlan:
    return msgspec.structs.replace(plan, enabled=False)


SetReached = Callable[[bool], None]
Stage = tuple[Webhooks, SetReached, WebhookPlan]
"""The webhooks, whether their test calls arrive from now on, and one that is to be made."""


@asynccontextmanager
async def fake(httpserver: HTTPServer, open_lidarr: OpenLidarr) -> AsyncIterator[Stage]:
    hooks = FakeWebhooks()

    def set_reached(reached: bool) -> None:
        hooks.unreached = None if reached else Unreached("refused", "Check it.")

    yield hooks, set_reached, PLAN


@asynccontextmanager
async def adapter(
    httpserver: HTTPServer, open_lidarr: OpenLidarr, known: tuple[str, ...] = KNOWN
) -> AsyncIterator[Stage]:
    connect = Connect(httpserver, known)

    def set_reached(reached: bool) -> None:
        connect.hears = reached

    yield open_lidarr().lists.webhooks, set_reached, PLAN


def before_headers(httpserver: HTTPServer, open_lidarr: OpenLidarr) -> AbstractAsyncContextManager[Stage]:
    return adapter(httpserver, open_lidarr, BEFORE_HEADERS)


@asynccontextmanager
async def sandbox(httpserver: HTTPServer, open_lidarr: OpenLidarr) -> AsyncIterator[Stage]:
    """The adapter to a Lidarr that somebody else wrote, which really calls whom it is to tell."""
    reached = True

    def hear(request: Request) -> Response:
        return Response(
            status=(200 if request.headers.get("X-Api-Key") == PLAN.key else 401) if reached else 503
        )

    def set_reached(now_reached: bool) -> None:
        nonlocal reached
        reached = now_reached

    httpserver.expect_request("/webhooks/lidarr/default").respond_with_handler(hear)
    plan = msgspec.structs.replace(PLAN, address=httpserver.url_for("/webhooks/lidarr/default"))
    async with serve(create_lidarr(Holdings(starter_world(), lambda: NOW), KEY)) as address:
        yield open_lidarr(url=address).lists.webhooks, set_reached, plan


@pytest.fixture(params=[fake, adapter, before_headers, sandbox], ids=lambda stage: stage.__name__)
async def stage(
    request: pytest.FixtureRequest, httpserver: HTTPServer, open_lidarr: OpenLidarr
) -> AsyncIterator[Stage]:
    async with request.param(httpserver, open_lidarr) as stage:
        yield stage


async def test_what_is_made_is_found_with_all_that_it_tells(stage: Stage) -> None:
    hooks, _, plan = stage
    assert await hooks.read() == ()
    await hooks.make(plan)
    (found,) = await hooks.read()
    assert (found.name, found.address) == (plan.name, plan.address)
    assert found.told == frozenset(Switch)
    assert found.key in (plan.key, None)
    assert found.tags == ()


async def test_one_that_is_off_tells_nothing_and_can_be_switched_on(stage: Stage) -> None:
    hooks, _, plan = stage
    await hooks.make(off(plan))
    (found,) = await hooks.read()
    assert not found.enabled
    await hooks.change(found.number, plan)
    (found,) = await hooks.read()
    assert found.enabled


async def test_its_test_says_whether_we_are_reached(stage: Stage) -> None:
    hooks, set_reached, plan = stage
    assert await hooks.test(plan, None) is None
    set_reached(False)
    unreached = await hooks.test(plan, None)
    assert unreached is not None
    assert unreached.said
    assert unreached.remedy


async def test_one_that_is_there_is_tested_under_its_own_name(stage: Stage) -> None:
    hooks, _, plan = stage
    await hooks.make(plan)
    (found,) = await hooks.read()
    assert await hooks.test(plan, found.number) is None
    with pytest.raises(ProviderRejected, match="unique"):
        await hooks.test(plan, None)


async def test_unreached_it_is_made_only_when_it_is_off(stage: Stage) -> None:
    hooks, set_reached, plan = stage
    set_reached(False)
    with pytest.raises(ProviderError):
        await hooks.make(plan)
    await hooks.make(off(plan))
    (found,) = await hooks.read()
    assert not found.enabled


async def test_removed_twice_it_is_gone(stage: Stage) -> None:
    hooks, _, plan = stage
    await hooks.make(plan)
    (found,) = await hooks.read()
    await hooks.remove(found.number)
    await hooks.remove(found.number)
    assert await hooks.read() == ()


async def test_the_key_goes_into_a_header(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    connect = Connect(httpserver)
    await lidarr.lists.webhooks.make(PLAN)
    assert connect.value(1, "headers") == [{"key": "X-Api-Key", "value": PLAN.key}]
    assert connect.value(1, "method") == 1
    assert not connect.value(1, "password")


async def test_a_lidarr_that_has_no_headers_shows_the_key_as_a_password(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    connect = Connect(httpserver, BEFORE_HEADERS)
    await lidarr.lists.webhooks.make(PLAN)
    assert connect.value(1, "password") == PLAN.key
    (found,) = await lidarr.lists.webhooks.read()
    assert found.key is None


async def test_what_a_person_set_beside_our_key_stays(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    connect = Connect(httpserver)
    through_a_proxy = {"key": "X-Proxy", "value": "1"}
    old_key = {"key": "x-api-key", "value": "old"}
    number = connect.by_hand(
        url="http://elsewhere/webhooks/lidarr/default",
        method=2,
        username="door",
        password="of the proxy",
        headers=[through_a_proxy, old_key],
    )
    hooks = lidarr.lists.webhooks
    (found,) = await hooks.read()
    assert (found.key, found.told) == ("old", {Switch.GRAB})
    await hooks.change(number, PLAN)
    assert connect.value(number, "url") == PLAN.address
    assert connect.value(number, "method") == 2
    assert (connect.value(number, "username"), connect.value(number, "password")) == ("door", "of the proxy")
    assert connect.value(number, "headers") == [through_a_proxy, {"key": "X-Api-Key", "value": PLAN.key}]
    assert connect.rows[number]["onRename"] is True


async def test_other_kinds_of_notification_are_left_alone(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    connect = Connect(httpserver)
    number = connect.by_hand(url=PLAN.address, password=MASK)
    connect.rows[number]["implementation"] = "Apprise"
    assert await lidarr.lists.webhooks.read() == ()


@pytest.mark.parametrize(
    ("says", "remedy"),
    [
        ("Unable to post to webhook: Name or service not known (brainarr:8690)", "server.external_url"),
        ("HTTP request failed: [401:Unauthorized] [POST] at [http://brainarr:8690]", "refuses the key"),
        ("HTTP request failed: [404:NotFound] [POST] at [http://brainarr:8690]", "lack the URL base"),
        ("HTTP request failed: [421:MisdirectedRequest] [POST] at [http://x]", "does not know itself"),
    ],
)
async def test_why_it_is_not_reached_comes_with_what_to_do(
    lidarr: Lidarr, httpserver: HTTPServer, says: str, remedy: str
) -> None:
    connect = Connect(httpserver)
    connect.hears, connect.says = False, says
    unreached = await lidarr.lists.webhooks.test(PLAN, None)
    assert unreached is not None
    assert remedy in unreached.remedy


async def test_nonsense_for_an_answer_is_an_error_that_says_so(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/api/v1/notification").respond_with_json([{"id": "many"}])
    with pytest.raises(ProviderError):
        await lidarr.lists.webhooks.read()
