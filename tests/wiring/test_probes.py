"""What is typed into a form is tried before it is saved: over HTTP, and each fault with its remedy."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.errors import BrainarrError, ConfigurationError
from brainarr.sandbox.lidarr.app import create_lidarr
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.service.probes import LidarrFacts, Probes
from brainarr.wiring import probes as wired
from brainarr.wiring.configuration import Settings
from brainarr.wiring.probes import kinds, probes_of
from tests.http.conftest import https_address
from tests.servers import free_port

__all__ = ["https_address"]

pytestmark = pytest.mark.loopback

KEY = "a-key-of-a-sandbox-lidarr"


def probes(**saved: Any) -> Probes:
    settings = Settings.model_validate(saved)
    return probes_of(lambda: settings)


@pytest.fixture
async def lidarr(now) -> AsyncIterator[str]:
    world = starter_world()
    holdings = Holdings(world, lambda: now)
    holdings.populate(demo_library(world)[:4])
    async with serve(create_lidarr(holdings, KEY, "/lidarr")) as address:
        yield address


async def said(probe: Any) -> str:
    with pytest.raises(BrainarrError) as caught:
        await probe
    assert KEY not in str(caught.value)
    return str(caught.value)


async def test_a_lidarr_is_introduced(lidarr: str) -> None:
    facts = await probes().lidarr(f"{lidarr}/lidarr", KEY, True)
    assert (facts.artists, facts.counted_all, facts.root_folder) == (4, True, "/music/")
    assert facts.version.startswith("2.14")
    assert not facts.outdated


@pytest.mark.parametrize(
    ("version", "outdated"),
    [
        ("2.9.6.4552", True),
        ("2.10.0.4573", True),
        ("2.10.0.4574", False),
        ("10.0.0.0", False),
        ("develop", False),
    ],
)
def test_too_old_is_what_gives_one_artist_only(version: str, outdated: bool) -> None:
    assert LidarrFacts(version, "Lidarr", 1, True, "/music").outdated is outdated


async def test_a_wrong_key_says_where_the_right_one_is(lidarr: str) -> None:
    assert "Settings > General > Security" in await said(probes().lidarr(f"{lidarr}/lidarr", "wrong", True))


async def test_a_missing_url_base_is_named(lidarr: str) -> None:
    assert f"Set lidarr.url to {lidarr}/lidarr" in await said(probes().lidarr(lidarr, KEY, True))


async def test_what_is_no_lidarr_is_told_so(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/system/status").respond_with_json({"appName": "Radarr"})
    assert "this is Radarr" in await said(probes().lidarr(httpserver.url_for(""), KEY, True))


async def test_a_sign_in_page_is_told_from_lidarr(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/system/status").respond_with_data(
        "<html>Sign in", content_type="text/html"
    )
    assert "web page" in await said(probes().lidarr(httpserver.url_for(""), KEY, True))


async def test_nobody_there_and_no_such_name_are_told() -> None:
    assert "Is http://127.0.0.1" in await said(probes().lidarr(f"http://127.0.0.1:{free_port()}", KEY, True))
    assert "reachable" in await said(probes().lidarr("http://lidarr.invalid:8686", KEY, True))


async def test_where_clouds_keep_their_credentials_is_not_asked() -> None:
    assert "not spoken to" in await said(probes().lidarr("http://169.254.169.254", KEY, True))


async def test_a_certificate_that_nobody_signed_is_explained(https_address: str) -> None:
    assert "verify_tls" in await said(probes().lidarr(https_address, KEY, True))


async def test_a_redirect_takes_the_key_nowhere(httpserver: HTTPServer) -> None:
    elsewhere: list[Request] = []

    def note(request: Request) -> Response:
        elsewhere.append(request)
        return Response("{}")

    httpserver.expect_request("/api/v1/system/status").respond_with_data(
        status=302, headers={"Location": httpserver.url_for("/elsewhere")}
    )
    httpserver.expect_request("/elsewhere").respond_with_handler(note)
    assert "redirects" in await said(probes().lidarr(httpserver.url_for(""), KEY, True))
    assert elsewhere == []


async def test_a_saved_key_goes_to_its_own_address_only(lidarr: str, httpserver: HTTPServer) -> None:
    saved = probes(lidarr={"url": f"{lidarr}/lidarr", "api_key": KEY})
    assert (await saved.lidarr(f"{lidarr}/lidarr", None, True)).artists == 4
    assert "lidarr.api_key" in await said(saved.lidarr(httpserver.url_for(""), None, True))
    assert httpserver.log == []


async def test_a_library_that_takes_long_is_counted_as_far_as_it_came(
    lidarr: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wired, "COUNTING_S", 0.0)
    facts = await probes().lidarr(f"{lidarr}/lidarr", KEY, True)
    assert (facts.artists, facts.counted_all) == (0, False)


async def test_what_is_no_address_is_a_fault_of_its_key() -> None:
    with pytest.raises(ConfigurationError) as caught:
        await probes().lidarr("ftp://lidarr", KEY, True)
    assert [fault.key for fault in caught.value.faults] == ["lidarr.url"]


async def test_a_model_server_tells_its_models(httpserver: HTTPServer) -> None:
    listed = {"data": [{"id": "qwen3-8b"}, {"id": "llama-3.1-8b"}]}
    httpserver.expect_request("/v1/models").respond_with_json(listed)
    entry = {"kind": "openai_compatible", "base_url": httpserver.url_for("/v1"), "model": "qwen3-8b"}
    facts = await probes().model(entry)
    assert [card.model for card in facts.models] == ["qwen3-8b", "llama-3.1-8b"]
    assert (facts.chosen, facts.problem) == ("qwen3-8b", "")
    assert facts.seconds > 0


async def test_a_model_that_is_not_there_is_a_choice_among_those_that_are(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "qwen3-8b"}]})
    entry = {"kind": "openai_compatible", "base_url": httpserver.url_for("/v1"), "model": "gone"}
    facts = await probes().model(entry)
    assert "gone" in facts.problem
    assert [card.model for card in facts.models] == ["qwen3-8b"]


async def test_a_models_key_is_sent_and_never_shown(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/models").respond_with_json({"error": f"bad key {KEY}"}, status=401)
    entry = {"kind": "openai_compatible", "base_url": httpserver.url_for("/v1"), "model": "m", "api_key": KEY}
    await said(probes().model(entry))
    ((request, _),) = httpserver.log
    assert request.headers["Authorization"] == f"Bearer {KEY}"


async def test_a_models_saved_key_goes_to_its_own_address_only(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "m"}]})
    here = {"kind": "openai_compatible", "base_url": httpserver.url_for("/v1"), "model": "m"}
    saved = probes(provider_chain=[here | {"name": "here", "api_key": KEY}])
    await saved.model(here | {"name": "renamed"})
    await probes(provider_chain=[here | {"base_url": "http://elsewhere.invalid/v1", "api_key": KEY}]).model(
        here
    )
    keys = [request.headers.get("Authorization") for request, _ in httpserver.log]
    assert list(dict.fromkeys(keys)) == [f"Bearer {KEY}", None]


async def test_an_entry_that_cannot_be_used_names_what_is_wrong() -> None:
    with pytest.raises(ConfigurationError) as caught:
        await probes().model({"kind": "openai", "timeout": 0})
    assert {fault.key for fault in caught.value.faults} == {
        "provider_chain.api_key",
        "provider_chain.timeout",
    }


async def test_no_model_is_a_provider_too() -> None:
    assert (await probes().model({"kind": "builtin"})).models == ()


def test_every_kind_can_be_chosen_and_those_at_home_come_first() -> None:
    offered = kinds()
    assert len(offered) == 19
    at_home = [kind.at_home for kind in offered]
    assert at_home == sorted(at_home, reverse=True)
    assert next(kind for kind in offered if kind.name == "azure_openai").address == ""
