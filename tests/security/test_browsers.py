"""A page in the user's browser: what it can send here, and what comes of it."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.web.origin import is_known
from tests.web.conftest import House


async def asked(house: House, host: str, *, names: tuple[str, ...] = (), path: str = "/ping", **headers: str):
    async with house.door(allowed_hosts=names, external_url="https://music.example.org/x") as client:
        return await client.get(path, headers={"Host": host, **headers})


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8690", "127.0.0.1:8690", "192.168.1.7", "[::1]:8690", "[2001:db8::1]",
        "brainarr:8690", "nas",
        "nas.local", "NAS.LAN:8690", "brainarr.media.svc.cluster.local", "x.home.arpa.", "music.example.org",
        "music.example.org:443",
    ],
)  # fmt: skip
async def test_addresses_names_at_home_and_the_external_one_are_answered(house: House, host: str):
    assert (await asked(house, host)).status_code == 200


@pytest.mark.parametrize(
    "host", ["rebound.evil.example", "evil.example:8690", "music.example.org.evil.example", 
             "local.evil.example",
             "127.0.0.1.nip.example", "xlocal.example", "a.localx", "[::1].example"],
)  # fmt: skip
async def test_a_name_that_somebody_else_made_lead_here_is_refused(house: House, host: str):
    for path in ("/ping", "/", "/api/v1/openapi.json", "/lists/default/artists"):
        answer = await asked(house, host, path=path)
        assert answer.status_code == 421
        assert answer.json()["type"] == "urn:brainarr:problem:misdirected"
        assert "server.allowed_hosts" in answer.json()["remedy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert host not in answer.text


async def test_more_names_are_a_setting(house: House):
    assert (await asked(house, "tunes.example.net", names=("tunes.example.net",))).status_code == 200
    assert (await asked(house, "other.example.net", names=("tunes.example.net",))).status_code == 421
    assert (await asked(house, "other.example.net", names=("*",))).status_code == 200


@given(st.text(max_size=80))
def test_no_host_header_brings_it_down(host: str):
    assert is_known(host, ()) in (True, False)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1:8096",
        "http://brainarr",
        "null",
        "",
        "http://[bad",
        "file://",
    ],
)
async def test_a_foreign_page_changes_nothing_even_with_the_key_in_the_address(house: House, origin: str):
    key = {"apikey": house.deps.api_key()}
    async with house.door() as client:
        for path in ("/api/v1/runs", "/api/v1/lists/default/rotate-key", "/api/v1/keys"):
            answer = await client.post(path, params=key, headers={"Origin": origin})
            assert answer.status_code == 403
            assert answer.json()["type"] == "urn:brainarr:problem:forbidden"
            assert key["apikey"] not in answer.text
        assert house.woken == []


async def test_our_own_page_and_programs_may_change_things(house: House):
    for origin in ("http://brainarr:8690", "HTTP://BRAINARR:8690", "https://music.example.org"):
        async with house.door(house.deps.api_key(), external_url="https://music.example.org") as client:
            assert (
                await client.post("/api/v1/learning/reset", headers={"Origin": origin})
            ).status_code == 200
    async with house.door(house.deps.api_key()) as client:
        assert (await client.post("/api/v1/learning/reset")).status_code == 200


async def test_no_answer_invites_other_origins_in(api: httpx2.AsyncClient):
    preflight = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-api-key",
    }
    for answer in (
        await api.options("/api/v1/runs", headers=preflight),
        await api.get("/api/v1/runs", headers={"Origin": "https://evil.example"}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
