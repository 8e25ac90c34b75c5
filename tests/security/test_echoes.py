"""A service that repeats the key it was asked with: no error of ours passes it on."""

import json
import re
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.domain.import_lists import Channel, ListMonitor, ListPlan, MonitorNew, Terms
from brainarr.domain.webhooks import WebhookPlan
from brainarr.errors import ProviderError, ProviderRejected, UnreadableAnswer
from brainarr.http import Http
from brainarr.providers.lidarr import LidarrSettings
from brainarr.providers.lidarr.import_lists import LidarrLists
from tests.planted import FEED_KEY, LIDARR_KEY, WEBHOOK_KEY, found_in

pytestmark = pytest.mark.loopback


def repeat(server: HTTPServer, status: int, *, as_json: bool = True) -> None:
    def answer(request: Request) -> Response:
        words = f"I heard {dict(request.headers)} {request.url}"
        body = json.dumps({"message": words, "errors": [{"attemptedValue": words}]}) if as_json else words
        return Response(body, status=status, content_type="application/json")

    server.expect_request("/x").respond_with_handler(answer)


@pytest.mark.parametrize("header", [{"X-Api-Key": LIDARR_KEY}, {"Authorization": f"Token {LIDARR_KEY}"}])
@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 429, 500, 503])
async def test_a_refusal_passes_no_key_on(httpserver: HTTPServer, status: int, header: dict[str, str]):
    repeat(httpserver, status)
    # Nobody told the client that its header is a secret: the header's name does.
    http = Http("lidarr", httpserver.url_for("/"), headers=header, attempts=1)
    with pytest.raises(ProviderError) as caught:
        await http.get_json("x")
    await http.aclose()
    assert found_in(str(caught.value) + repr(caught.value)) == {}
    if isinstance(caught.value, ProviderRejected):
        assert found_in(json.dumps(caught.value.body)) == {}
    assert "I heard" in str(caught.value) or status in (401, 403)


async def test_an_answer_that_is_none_passes_no_key_on(httpserver: HTTPServer):
    repeat(httpserver, 200, as_json=False)
    http = Http("lidarr", httpserver.url_for("/"), headers={"X-Api-Key": LIDARR_KEY}, max_body=60, attempts=1)
    with pytest.raises(UnreadableAnswer, match="larger") as large:
        await http.get_json("x")
    async with http.post_stream("x", {}, first=5, idle=5) as pieces:
        with pytest.raises(UnreadableAnswer, match="larger") as streamed:
            async for _ in pieces:
                pass
    await http.aclose()
    for caught in (large, streamed):
        assert "I heard" in caught.value.excerpt
        assert found_in(caught.value.excerpt) == {}


class Parrot:
    """A Lidarr whose tests repeat in their own words what they were sent, each value by itself."""

    def __init__(self, server: HTTPServer, status: int, about: str = "") -> None:
        self._status, self._about = status, about
        self.heard = 0
        schema = [{"id": 0, "implementation": "Webhook", "fields": [{"name": "url"}, {"name": "headers"}]}]
        row = {"id": 1, "name": "ours", "fields": []}
        server.expect_request("/api/v1/notification/schema").respond_with_json(schema)
        server.expect_request(re.compile("/api/v1/.*/1"), "GET").respond_with_json(row)
        server.expect_request(re.compile("/api/v1/.*")).respond_with_handler(self._repeat)

    def _repeat(self, request: Request) -> Response:
        self.heard += 1
        fields: list[dict[str, Any]] = request.get_json()["fields"]
        said = ", then ".join(f"{one['value']}" for one in fields)
        words = f"I was told {re.sub('apikey=', '', said)}"
        row = {"propertyName": self._about, "errorMessage": words}
        body = [row] if self._status == 400 else {"message": words}
        return Response(json.dumps(body), self._status, content_type="application/json")


def list_plan(channel: Channel) -> ListPlan:
    address = "http://brainarr:8690/lists/default"
    return ListPlan(
        channel=channel,
        name="ours",
        address=address if channel is Channel.ALBUMS else f"{address}/artists?apikey={FEED_KEY}",
        key=FEED_KEY,
        enabled=True,
        monitor=ListMonitor.SPECIFIC_ALBUM,
        monitor_new=MonitorNew.NONE,
        monitor_existing=True,
        search=False,
        terms=Terms("/music", 1, 1, ()),
    )


HOOK = WebhookPlan(name="ours", address="http://b:8690/webhooks/lidarr/a", key=WEBHOOK_KEY, enabled=True)


@pytest.mark.parametrize("status", [400, 409, 500])
@pytest.mark.parametrize("about", ["", "name"])
async def test_a_lidarr_that_repeats_what_it_was_set_up_with_passes_no_key_on(
    httpserver: HTTPServer, status: int, about: str
):
    """What it says is stored, and shown to whoever may read."""
    parrot = Parrot(httpserver, status, about)
    http = Http("lidarr", httpserver.url_for("/api/v1"), attempts=1)
    lidarr = LidarrLists(LidarrSettings(), http)
    albums, artists = map(list_plan, (Channel.ALBUMS, Channel.ARTISTS))
    asked = [
        *(lambda plan=plan: lidarr.test(plan, None) for plan in (albums, artists)),
        *(lambda plan=plan: lidarr.make(plan) for plan in (albums, artists)),
        *(lambda plan=plan: lidarr.change(1, plan) for plan in (albums, artists)),
        lambda: lidarr.webhooks.test(HOOK, None),
        lambda: lidarr.webhooks.test(HOOK, 1),
        lambda: lidarr.webhooks.make(HOOK),
        lambda: lidarr.webhooks.change(1, HOOK),
    ]
    said: list[str] = []
    for ask in asked:
        try:
            unreached = await ask()
        except ProviderError as error:
            said.append(f"{error} {error!r}")
        else:
            assert unreached is not None
            said.append(unreached.said)
    await http.aclose()
    assert parrot.heard == len(said) == len(asked)
    assert all("I was told" in text for text in said)
    assert found_in("".join(said)) == {}
