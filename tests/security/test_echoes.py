"""A service that repeats the key it was asked with: no error of ours passes it on."""

import json

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.errors import ProviderError, ProviderRejected, UnreadableAnswer
from brainarr.http import Http
from tests.planted import LIDARR_KEY, found_in

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
