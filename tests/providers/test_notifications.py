"""Notifications through the real Apprise to a real server on this machine."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.domain.prompt import Usage
from brainarr.errors import ProviderRejected, ProviderUnavailable
from brainarr.providers.notifications import AppriseTarget, NotificationSettings, open_targets
from brainarr.service.alerts import alert_on_costs, send_test
from brainarr.service.health import read_health
from brainarr.store.usage import StoredLedger
from tests.store.given import House, installed

pytestmark = [
    pytest.mark.loopback,
    # Apprise's first use imports every plugin it has.
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
]


class Inbox:
    """A JSON target of Apprise; it refuses while it is told to."""

    def __init__(self, server: HTTPServer, path: str) -> None:
        self.got: list[dict[str, str]] = []
        self.refuses = False
        server.expect_request(path, method="POST").respond_with_handler(self._take)
        self.url = f"json://127.0.0.1:{server.port}{path}?token=hush-hush"

    def _take(self, request: Request) -> Response:
        if self.refuses:
            return Response(status=503)
        self.got.append(json.loads(request.data))
        return Response("{}")


def targets(*urls: str) -> Sequence[AppriseTarget]:
    return open_targets(NotificationSettings(urls=tuple(SecretStr(url) for url in urls)))


async def spend(house: House, microdollars: int) -> None:
    usage = Usage("cloud", "large", 10, 5, 0, microdollars, 1.0, "ok")
    await StoredLedger(house.db, house.clock).record(usage)


async def test_a_notification_arrives(httpserver: HTTPServer) -> None:
    inbox = Inbox(httpserver, "/one")
    (target,) = targets(inbox.url)
    await target.send("A title", "and a text")
    assert [(item["title"], item["message"]) for item in inbox.got] == [("A title", "and a text")]
    assert "understood" in await target.check()


async def test_a_target_that_refuses_is_an_answer_without_its_address(httpserver: HTTPServer) -> None:
    good, bad = Inbox(httpserver, "/good"), Inbox(httpserver, "/bad")
    bad.refuses = True
    answers = await send_test(targets(good.url, bad.url, good.url))
    assert [(answer.target, answer.ok) for answer in answers] == [("json", True), ("json 2", False)]
    assert "hush-hush" not in repr(answers) and "127.0.0.1" not in repr(answers)
    with pytest.raises(ProviderUnavailable):
        await targets(bad.url)[0].send("a", "b")


async def test_an_address_that_apprise_does_not_know_says_so() -> None:
    (target,) = targets("nosuchservice://hush-hush/x")
    with pytest.raises(ProviderRejected, match=r"nosuchservice: .* notifications\.urls") as caught:
        await target.check()
    assert "hush-hush" not in str(caught.value)


async def test_one_notification_for_each_threshold_and_month_also_after_a_restart(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    inbox = Inbox(httpserver, "/one")
    to = targets(inbox.url)
    async with installed(tmp_path) as house:
        await spend(house, 4_999_999)
        assert not await alert_on_costs(house.db, 5_000_000, to, clock=house.clock)
        await spend(house, 1)
        assert await alert_on_costs(house.db, 5_000_000, to, clock=house.clock)
        await spend(house, 900_000)
        assert not await alert_on_costs(house.db, 5_000_000, to, clock=house.clock)
        assert await read_alerts(house) == []
    async with installed(tmp_path) as house:
        house.clock.advance(days=2)
        assert not await alert_on_costs(house.db, 5_000_000, to, clock=house.clock)
        assert [item["title"] for item in inbox.got] == ["Brainarr: $5.00 spent in November 2026"]
        house.clock.advance(days=10)
        assert not await alert_on_costs(house.db, 5_000_000, to, clock=house.clock)
        await spend(house, 6_000_000)
        assert await alert_on_costs(house.db, 5_000_000, to, clock=house.clock)
        assert len(inbox.got) == 2


async def test_a_failed_alert_is_in_the_health_and_retried_for_those_alone_who_missed_it(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    good, bad = Inbox(httpserver, "/good"), Inbox(httpserver, "/bad")
    bad.refuses = True
    to = targets(good.url, bad.url)
    async with installed(tmp_path) as house:
        await spend(house, 7)
        assert not await alert_on_costs(house.db, 5, to, clock=house.clock)
        (issue,) = await read_alerts(house)
        assert "json 2" in issue and "hush-hush" not in issue
        bad.refuses = False
        assert not await alert_on_costs(house.db, 5, to, clock=house.clock)
        house.clock.advance(minutes=10)
        assert await alert_on_costs(house.db, 5, to, clock=house.clock)
        assert await read_alerts(house) == []
    assert (len(good.got), len(bad.got)) == (1, 1)


async def test_two_processes_that_notice_at_once_send_one_alert(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    inbox = Inbox(httpserver, "/one")
    to = targets(inbox.url)
    async with installed(tmp_path) as house, installed(tmp_path) as other:
        await spend(house, 7)
        both = (alert_on_costs(home.db, 5, to, clock=home.clock) for home in (house, other))
        assert sorted(await asyncio.gather(*both)) == [False, True]
    assert len(inbox.got) == 1


async def test_without_a_target_or_a_threshold_nothing_is_claimed(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    inbox = Inbox(httpserver, "/one")
    async with installed(tmp_path) as house:
        await spend(house, 7)
        assert not await alert_on_costs(house.db, 5, (), clock=house.clock)
        assert not await alert_on_costs(house.db, None, targets(inbox.url), clock=house.clock)
        # A target that is added later in the month is still told.
        assert await alert_on_costs(house.db, 5, targets(inbox.url), clock=house.clock)


async def read_alerts(house: House) -> list[str]:
    issues = await read_health(house.db, clock=house.clock)
    return [issue.message for issue in issues if issue.source == "Notification"]
