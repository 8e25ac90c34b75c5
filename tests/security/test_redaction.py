"""Everything that a Brainarr in trouble writes, searched for the secrets it was given.

A real server and real commands, at the level `debug`, among services that repeat every secret they hear in
their refusals. What they wrote to streams, answers and the database is then read from end to end.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.store.secrets import open_secrets
from tests import planted
from tests.cli.conftest import Brainarr, World
from tests.cli.test_serve import Served, serve, wait_for
from tests.planted import found_in

pytestmark = [
    pytest.mark.loopback,
    # Apprise's first use imports every plugin it has.
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
]


class Gossip:
    """A server that repeats whatever it hears, with one status after the other."""

    STATUSES = (401, 500, 400, 200, 403, 422)

    def __init__(self, server: HTTPServer) -> None:
        self.heard = 0
        self.url = f"http://127.0.0.1:{server.port}"
        server.expect_request(re.compile(".*")).respond_with_handler(self._repeat)

    def _repeat(self, request: Request) -> Response:
        self.heard += 1
        words = f"{request.url} {dict(request.headers)} {request.get_data(as_text=True)}"
        status = self.STATUSES[self.heard % len(self.STATUSES)]
        if request.path.endswith("/chat/completions"):
            told = {"role": "assistant", "content": words}
            answer = {"choices": [{"message": told, "finish_reason": "stop"}], "object": "chat.completion"}
            return Response(json.dumps(answer), content_type="application/json")
        if request.path.endswith("/v1/models"):
            return Response(json.dumps({"data": [{"id": "tiny"}]}), content_type="application/json")
        body = json.dumps({"error": {"message": words}, "message": words, "detail": words})
        return Response(body, status=status, content_type="application/json")


@pytest.fixture
def gossip(httpserver: HTTPServer) -> Gossip:
    return Gossip(httpserver)


@pytest.fixture
def troubled(outside: World, gossip: Gossip, monkeypatch: pytest.MonkeyPatch) -> Gossip:
    """The environment of a Brainarr with a secret in every place that has one."""
    port = gossip.url.rpartition(":")[2]
    for name, value in {
        "LOG__LEVEL": "debug",
        "SERVER__API_KEY": planted.FIXED_KEY,
        "LIDARRS__0__NAME": "attic",
        "LIDARRS__0__URL": gossip.url,
        "LIDARRS__0__API_KEY": planted.ATTIC_KEY,
        "LASTFM__BASE_URL": f"{gossip.url}/2.0/",
        "LASTFM__API_KEY": planted.LASTFM_KEY,
        "LASTFM__USER": "somebody",
        "LISTENBRAINZ__BASE_URL": f"{gossip.url}/listenbrainz",
        "LISTENBRAINZ__TOKEN": planted.LISTENBRAINZ_TOKEN,
        "LISTENBRAINZ__USER": "somebody",
        "PROVIDER_CHAIN__0__NAME": "home",
        "PROVIDER_CHAIN__0__KIND": "openai_compatible",
        "PROVIDER_CHAIN__0__BASE_URL": f"{gossip.url}/v1",
        "PROVIDER_CHAIN__0__API_KEY": planted.MODEL_KEY,
        "PROVIDER_CHAIN__0__MODEL": "tiny",
        "NOTIFICATIONS__URLS": json.dumps(
            [f"json://me:{planted.NOTIFICATION_PASSWORD}@127.0.0.1:{port}/hook"]
        ),
    }.items():
        monkeypatch.setenv(f"BRAINARR__{name}", value)
    return gossip


def talk(served: Served, hook: str) -> Iterator[str]:
    """A visit to every address, with right, wrong and misplaced keys; each answer, headers included."""
    client, right = served.client, {"X-Api-Key": planted.FIXED_KEY}

    def told(method: str, path: str, **options: object) -> str:
        answer = client.request(method, path, timeout=60, **options)  # type: ignore[arg-type]
        return f"{method} {path} {answer.status_code} {dict(answer.headers)} {answer.text}"

    run = client.post("/api/v1/runs", headers=right, json={}).json()["id"]
    wait_for(lambda: client.get(f"/api/v1/runs/{run}", headers=right).json()["status"] in ("done", "failed"))
    known = {"id": str(run), "name": "home", "slug": "default", "instance": "attic"}
    for path in client.get("/api/v1/openapi.json").json()["paths"]:
        if path.startswith("/api/v1") and path != "/api/v1/runs/{id}/events":
            for name, value in known.items():
                path = path.replace(f"{{{name}}}", value)
            # The lists show feed keys to whoever may write: those are not among the planted ones.
            yield told("GET", path, headers=right)
    for name in ("home", "lastfm", "listenbrainz", "lidarr"):
        yield told("POST", f"/api/v1/providers/{name}/test", headers=right)
    yield told("POST", "/api/v1/notifications/test", headers=right)
    yield told("POST", "/api/v1/lists/default/sync", headers=right)
    for instance in ("attic", "default"):
        yield told("POST", f"/api/v1/lidarrs/{instance}/webhook", headers=right)
        yield told("POST", f"/api/v1/lidarrs/{instance}/repair", headers=right)
        for key in (planted.WRONG_KEY, hook):
            path, body = f"/webhooks/lidarr/{instance}", {"eventType": "Grab", "apiKey": key}
            yield told("POST", path, params={"apikey": key}, json=body)
            yield told("POST", path, headers={"X-Api-Key": key}, content=f'{{"eventType": "{key}')
            yield told("PUT", path, auth=("lidarr", key), json=[key])
            yield told("GET", path, auth=("lidarr", key))
    yield told("POST", "/api/v1/lists/default/lidarr", headers=right, json={})
    wrong = planted.WRONG_KEY
    for path in ("/api/v1/lists", "/lists/default/artists", "/lists/nothing/artists", "/backtest"):
        yield told("GET", path, params={"apikey": wrong})
        yield told("GET", path, headers={"X-Api-Key": wrong})
        yield told("GET", path, headers={"Authorization": f"Bearer {wrong}"})
    for body in ({"list": planted.MODEL_KEY, "x": planted.MODEL_KEY}, planted.MODEL_KEY, [planted.MODEL_KEY]):
        yield told("POST", "/api/v1/runs", headers=right, json=body)
    yield told("POST", "/api/v1/runs", headers=right, content=f'{{"list": {planted.MODEL_KEY}')
    yield told("POST", "/api/v1/keys", headers=right, json={"name": 7, "scope": planted.MODEL_KEY})
    yield told("GET", "/api/v1/runs", headers=right, params={"page": planted.LASTFM_KEY, "token": "x"})


def webhook_key_in(folder: Path) -> str:
    with sqlite3.connect(folder / "brainarr.db", timeout=20) as database:
        ((stored,),) = database.execute("SELECT webhook_key FROM lidarr_links WHERE instance = 'default'")
    database.close()
    return open_secrets(folder).decrypt(stored)


def break_tables(folder: Path) -> None:
    """So that the next requests fail within the database, with a traceback."""
    with sqlite3.connect(folder / "brainarr.db", timeout=20) as database:
        database.execute("ALTER TABLE api_keys RENAME COLUMN hash TO mash")
        database.execute("DROP TABLE history")
        database.execute("UPDATE runs SET overrides = ?", (f'{{"wish": {planted.MODEL_KEY}',))
    database.close()


@pytest.mark.thorough
def test_no_secret_is_in_anything_that_a_server_in_trouble_writes(troubled: Gossip, tmp_path: Path):
    folder = tmp_path / "config"
    written: dict[str, str] = {}
    with serve(folder) as served:
        right = {"X-Api-Key": planted.FIXED_KEY}
        listing = served.client.get("/api/v1/lists", headers=right).json()
        made = served.client.post("/api/v1/keys", headers=right, json={"name": "tool"}).json()
        served.client.post("/api/v1/lidarrs/default/webhook", headers=right)
        hook = webhook_key_in(folder)
        secrets = planted.ALL | {listing[0]["key"], made["key"], hook}
        answers = list(talk(served, hook))
        for answer in answers:
            # A list shows its own feed key, and the newest key has just been made.
            hidden = secrets - ({listing[0]["key"]} if "/lists " in answer[:40] else set())
            assert found_in(answer, hidden) == {}
        served.client.get("/lists/default/artists", params={"apikey": listing[0]["key"]})
        served.client.get("/api/v1/runs", params={"apikey": made["key"]})
        served.client.get(f"/api/v1/{planted.LIDARR_KEY}/{made['key']}", headers=right)
        written["database"] = "".join(
            file.read_bytes().decode("latin-1") for file in sorted(folder.glob("brainarr.db*"))
        )
        break_tables(folder)
        for key in (made["key"], planted.WRONG_KEY, "brainarr_" + planted.WRONG_KEY):
            written[f"broken {key[:12]}"] = served.client.get("/api/v1/runs", params={"apikey": key}).text
        written["broken history"] = served.client.get("/api/v1/history", headers=right).text
        # The last one: uvicorn closes a connection over which a mistake of ours has come.
        written["broken runs"] = served.client.get("/api/v1/runs", headers=right).text
    assert troubled.heard > 5
    # The model was asked, and its answer, with the key in it, is what its report tells of.
    assert any("It began" in answer for answer in answers)
    written["log of the server"] = json.dumps(served.log)
    assert "Traceback" in written["log of the server"]
    for name, text in written.items():
        assert found_in(text, secrets) == {}, name
    # The search itself finds what is there.
    assert found_in(made["key"], secrets)


POSTGRES = f"postgresql://brainarr:{planted.DATABASE_PASSWORD}@127.0.0.1:9/brainarr"
TROUBLES = {
    "a wrong Lidarr key": (("run",), {"LIDARR__API_KEY": planted.WRONG_KEY}),
    "nothing wrong": (("doctor", "--json"), {}),
    "a list of keys": (("api-key", "list"), {}),
    "a rotation": (("secrets", "rotate"), {}),
    "a database that is away": (("run",), {"DATABASE__URL": POSTGRES}),
    "a database of no kind": (("run",), {"DATABASE__URL": f"x{POSTGRES}"}),
    "a misspelt name": (("run",), {"LASTFM__APIKEY": planted.LASTFM_KEY}),
    "a secret where a number belongs": (("run",), {"SERVER__PORT": planted.MODEL_KEY}),
    "a key that no header carries": (("run",), {"SERVER__API_KEY": f"{planted.WRONG_KEY}\n\tx"}),
    "an address with a password": (("run",), {"LIDARR__URL": f"http://me:{planted.WRONG_KEY}@127.0.0.1:9/"}),
    "a Redis of no kind": (("run",), {"REDIS__URL": f"http://:{planted.REDIS_PASSWORD}@x"}),
    "an address that reads files": (
        ("run",),
        {"NOTIFICATIONS__URLS": f"[slack://{planted.NOTIFICATION_PASSWORD}/b/c?template=/etc/passwd]"},
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_secret_is_in_what_a_command_says(
    troubled: Gossip, brainarr: Brainarr, monkeypatch: pytest.MonkeyPatch, trouble: str
):
    words, environ = TROUBLES[trouble]
    for name, value in environ.items():
        monkeypatch.setenv(f"BRAINARR__{name}", value)
    said = brainarr(*words)
    assert said.output.strip()
    assert found_in(said.output) == {}
    assert said.exception is None or isinstance(said.exception, SystemExit)
