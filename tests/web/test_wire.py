"""What holds for every answer: problem documents, headers, limits, the URL base, and a log without keys."""

import json
from collections.abc import AsyncIterator
from typing import cast

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainarr.errors import ConfigurationError, Fault, StorageError
from brainarr.web.envelope import MAX_BODY, loggable
from tests.conftest import examples
from tests.log_lines import logging_to_stderr
from tests.store.given import StandingClock
from tests.web.conftest import House, both_databases

patient = settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def assert_problem(answer: httpx2.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"].startswith("urn:brainarr:problem:")
    assert problem["status"] == status
    assert problem["title"] and problem["detail"]
    assert "Traceback" not in answer.text
    return problem


async def test_an_unknown_address_is_a_problem_document(api: httpx2.AsyncClient):
    problem = assert_problem(await api.get("/api/v1/nothing", params={"apikey": "s3cret"}), 404)
    assert problem["type"] == "urn:brainarr:problem:not-found"
    assert problem["instance"] == "/api/v1/nothing"


async def test_a_wrong_method_names_the_right_one(api: httpx2.AsyncClient):
    answer = await api.delete("/api/v1/lists")
    assert assert_problem(answer, 405)["type"] == "urn:brainarr:problem:method-not-allowed"
    assert answer.headers["allow"] == "GET"


async def test_every_unusable_value_is_named_and_none_is_repeated(api: httpx2.AsyncClient):
    answer = await api.post("/api/v1/recommendations/bulk", json={"ids": "s3cret", "note": 7, "more": 1})
    problem = assert_problem(answer, 422)
    faults = problem["errors"]
    assert isinstance(faults, list)
    assert {fault["field"] for fault in faults} == {"body.ids", "body.decision", "body.note", "body.more"}
    assert "s3cret" not in answer.text


async def test_broken_json_is_a_problem_document(api: httpx2.AsyncClient):
    answer = await api.post(
        "/api/v1/runs", content=b'{"dry_run": tr', headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, 422)


async def test_a_body_above_the_limit_is_refused(api: httpx2.AsyncClient):
    body = json.dumps({"ids": [1], "decision": "approve", "note": "x" * MAX_BODY}).encode()
    json_type = {"Content-Type": "application/json"}
    announced = await api.post("/api/v1/recommendations/bulk", content=body, headers=json_type)

    async def trickle() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    unannounced = await api.post("/api/v1/recommendations/bulk", content=trickle(), headers=json_type)
    for answer in (announced, unannounced):
        assert assert_problem(answer, 413)["type"] == "urn:brainarr:problem:content-too-large"


async def test_a_mistake_of_ours_tells_nothing_of_itself(house: House):
    def broken() -> str:
        raise RuntimeError("the password is hunter2")

    async with house.door("any", api_key=broken) as client:
        answer = await client.get("/api/v1/lists")
    assert assert_problem(answer, 500)["type"] == "urn:brainarr:problem:internal"
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (StorageError("The disk is full.", remedy="Free some space."), 503, "storage"),
        (ConfigurationError([Fault("server.port", "70000", "1 to 65535")]), 422, "invalid"),
    ],
)
async def test_an_error_of_ours_has_its_own_type(house: House, error: Exception, status: int, kind: str):
    def failing() -> str:
        raise error

    async with house.door("any", api_key=failing) as client:
        problem = assert_problem(await client.get("/api/v1/lists"), status)
    assert problem["type"] == f"urn:brainarr:problem:{kind}"


async def test_every_answer_carries_the_security_headers(api: httpx2.AsyncClient):
    for path in ("/ping", "/", "/api/v1/lists", "/nothing", "/lists/default/artists"):
        headers = (await api.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("prefix", ["", "/brainarr"])
async def test_the_url_base_is_served_with_and_without_its_prefix(house: House, prefix: str):
    async with house.browser(url_base="/brainarr") as stranger:
        page = await stranger.get(f"{prefix}/")
        assert (page.status_code, page.headers["location"]) == (303, "/brainarr/setup/admin")
    async with house.door(house.deps.api_key(), url_base="/brainarr") as client:
        assert (await client.get(f"{prefix}/ping")).content == b'{"status":"OK"}'
        assert (await client.get(f"{prefix}/api/v1/lists")).status_code == 200
        feed = await client.get(
            f"{prefix}/lists/default/artists", headers={"X-Api-Key": await house.feed_key()}
        )
        assert feed.content == b"[]"
        problem = assert_problem(await client.get(f"{prefix}/api/v1/runs/9"), 404)
        assert problem["instance"] == f"{prefix}/api/v1/runs/9"


async def test_only_a_whole_segment_is_the_url_base(house: House):
    async with house.door(house.deps.api_key(), url_base="/brainarr") as client:
        assert_problem(await client.get("/brainarr"), 401)
        assert_problem(await client.get("/brainarrest/ping"), 404)
        assert_problem(await client.get("/other/ping"), 404)


async def test_no_key_stands_in_the_access_log(house: House, capsys: pytest.CaptureFixture[str]):
    async with house.door() as client:
        with logging_to_stderr():
            await client.get("/lists/default/artists?apikey=s3cret&page=2")
            await client.get("/api/v1/lists", headers={"X-Api-Key": "s3cret"})
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["target"], line["status"]) for line in lines] == [
        ("/lists/default/artists?apikey=***&page=2", 401),
        ("/api/v1/lists", 401),
    ]
    assert "s3cret" not in str(lines)


@given(st.text(), st.binary(max_size=2_000))
def test_a_logged_address_is_one_bounded_line(path: str, query: bytes):
    shown = loggable(path.encode("utf-8", "replace").decode(), query)
    assert shown.isprintable()
    assert len(shown) <= 500


@both_databases
@patient
@given(st.text(max_size=80), st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE"]))
async def test_no_path_brings_it_down(api: httpx2.AsyncClient, path: str, method: str):
    target = httpx2.URL("http://brainarr:8690/").copy_with(
        raw_path=b"/api/v1/" + "".join(f"%{byte:02x}" for byte in path.encode("utf-8", "replace")).encode()
    )
    assert (await api.request(method, target)).status_code in (200, 202, 404, 405, 422)


@both_databases
@patient
@given(st.sampled_from(["artists", "api/v1/album", "nothing"]), st.binary(max_size=60))
async def test_no_list_name_brings_it_down(house: House, api: httpx2.AsyncClient, feed: str, name: bytes):
    # Long enough for the next wrong key.
    cast(StandingClock, house.deps.clock).advance(minutes=1)
    escaped = "".join(f"%{byte:02x}" for byte in name)
    target = httpx2.URL("http://brainarr:8690/").copy_with(raw_path=f"/lists/{escaped}/{feed}".encode())
    assert (await api.get(target)).status_code in (401, 404)


@both_databases
@patient
@given(
    st.sampled_from(["runs", "recommendations", "history"]),
    st.dictionaries(
        st.sampled_from(["page", "page_size", "status", "list", "event", "x"]), st.text(max_size=30)
    ),
)
async def test_no_query_brings_it_down(api: httpx2.AsyncClient, noun: str, query: dict[str, str]):
    readable = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    answer = await api.get(f"/api/v1/{noun}", params=readable)
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert_problem(answer, 422)


@patient
@given(
    st.sampled_from(["runs", "recommendations/bulk", "recommendations/1/approve"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["ids", "decision", "note", "list", "dry_run"]), inner)
        ),
        max_leaves=8,
    ),
)
async def test_no_body_brings_it_down(api: httpx2.AsyncClient, path: str, body: object):
    answer = await api.post(
        f"/api/v1/{path}", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (200, 202, 404, 422)


async def test_the_description_names_every_problem_by_its_media_type(stranger: httpx2.AsyncClient):
    described = (await stranger.get("/api/v1/openapi.json")).json()
    names = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert operation.get("summary") or operation.get("description"), path
            for status, answer in operation["responses"].items():
                if status >= "4":
                    assert set(answer["content"]) == {"application/problem+json"}
    assert {"APIKeyHeader", "APIKeyQuery", "HTTPBearer"} == set(described["components"]["securitySchemes"])
    assert "HTTPValidationError" not in described["components"]["schemas"]
