"""brainarr lidarr: set up from the command line, with and without a Brainarr that Lidarr can reach."""

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result

from brainarr.cli.app import app
from brainarr.domain.import_lists import version_warning
from brainarr.errors import ProviderUnavailable
from tests.cli.conftest import Brainarr, World
from tests.http.conftest import https_address
from tests.planted import LIDARR_KEY, WRONG_KEY, found_in

__all__ = ["https_address"]

pytestmark = pytest.mark.loopback

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def reached(httpserver: HTTPServer) -> str:
    """As much of a Brainarr as Lidarr's tests ask for."""
    httpserver.expect_request(re.compile("/lists/.*")).respond_with_json([])
    httpserver.expect_request("/webhooks/lidarr/default", "POST").respond_with_json({})
    return httpserver.url_for("").rstrip("/")


@pytest.fixture(autouse=True)
def nothing_left_in_lidarr(outside: World, brainarr: Brainarr) -> Iterator[None]:
    yield
    brainarr("lidarr", "remove", "--yes")


def connected(brainarr: Brainarr, *args: str) -> dict[str, object]:
    said = brainarr("lidarr", "connect", "--json", *args)
    assert said.exit_code == 0, said.output
    return json.loads(said.stdout)


def test_everything_is_made_and_the_address_is_saved(brainarr: Brainarr, reached: str) -> None:
    said = brainarr("lidarr", "connect", "--address", reached)
    assert said.exit_code == 0
    assert "Brainarr AI Recommendations (albums): made, on" in said.output
    assert "Brainarr AI Recommendations (artists): made, on" in said.output
    assert "webhook Brainarr: made, on" in said.output
    status = brainarr("lidarr", "status")
    assert status.exit_code == 0
    assert "as it should be" in status.output
    again = brainarr("lidarr", "connect")
    assert again.output.count("up to date, on") == 3


def test_before_the_server_runs_it_is_left_off_and_said_so(brainarr: Brainarr) -> None:
    said = brainarr("lidarr", "connect", "--address", NOWHERE)
    assert said.exit_code == 0
    assert said.output.count("made, switched off: Lidarr cannot reach it") == 3
    assert "tried again every ten minutes" in said.output
    status = brainarr("lidarr", "status")
    assert status.exit_code == 1
    assert f"cannot reach {NOWHERE}" in status.output
    told = json.loads(brainarr("lidarr", "status", "--json").stdout)
    assert [one["channel"] for one in told["left_off"]] == ["albums", "artists", "webhook"]


def test_nobody_is_asked_where_nobody_sits(brainarr: Brainarr) -> None:
    said = brainarr("lidarr", "connect")
    assert said.exit_code == 2
    assert "server.external_url" in said.output
    assert "--address" in said.output


def test_choices_are_taken_by_their_names(brainarr: Brainarr, reached: str) -> None:
    chosen = (
        "--quality-profile",
        "lossless",
        "--metadata-profile",
        "standard",
        "--search",
        "--whole-artists",
    )
    made = connected(brainarr, "--address", reached, *chosen, "--no-webhook")
    assert made["webhook"] is None
    said = brainarr("lidarr", "connect", "--quality-profile", "Golden")
    assert said.exit_code == 2
    assert "--quality-profile" in said.output
    assert "Lossless" in said.output
    said = brainarr("lidarr", "connect", "--root-folder", "/elsewhere")
    assert said.exit_code == 1
    assert "/elsewhere" in said.output


def test_what_differs_is_repaired_and_nothing_new_is_made(brainarr: Brainarr, reached: str) -> None:
    assert "Nothing that is there differs" in brainarr("lidarr", "repair", "--address", NOWHERE).output
    connected(brainarr, "--no-webhook")
    assert "differs" in brainarr("lidarr", "status").output
    repaired = json.loads(brainarr("lidarr", "repair", "--address", reached, "--json").stdout)
    assert [one["enabled"] for one in repaired["lists"]] == [True, True]
    assert repaired["webhook"] is None
    assert "webhook: missing" in brainarr("lidarr", "status").output


def test_removed_it_is_gone(brainarr: Brainarr, reached: str) -> None:
    connected(brainarr, "--address", reached)
    assert brainarr("lidarr", "remove").output == "3 removed from Lidarr.\n"
    assert brainarr("lidarr", "remove").output == "Nothing of Brainarr's was there.\n"


def test_a_list_that_is_not_there_is_refused(brainarr: Brainarr, reached: str) -> None:
    said = brainarr("lidarr", "connect", "--address", reached, "--list", "nonesuch")
    assert said.exit_code == 1
    assert "There is no list 'nonesuch'" in said.output


def test_an_unknown_lidarr_is_refused_with_those_that_are_known(brainarr: Brainarr) -> None:
    said = brainarr("lidarr", "status", "--instance", "attic")
    assert said.exit_code == 2
    assert "--instance" in said.output
    assert "default" in said.output


def test_without_a_lidarr_the_settings_that_lack_are_named(
    brainarr: Brainarr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BRAINARR__LIDARR__URL")
    monkeypatch.delenv("BRAINARR__LIDARR__API_KEY")
    said = brainarr("lidarr", "status")
    assert said.exit_code == 2
    assert "lidarr.url" in said.output
    assert "lidarr.api_key" in said.output


def with_key(key: str, *args: str) -> Result:
    said = CliRunner().invoke(app, args, input=f"{key}\n")
    assert found_in(said.output) == {}
    return said


def test_lidarr_itself_is_tried_and_saved(
    brainarr: Brainarr, outside: World, reached: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = outside.environ["BRAINARR__LIDARR__URL"]
    monkeypatch.delenv("BRAINARR__LIDARR__URL")
    monkeypatch.delenv("BRAINARR__LIDARR__API_KEY")
    refused = with_key("0" * 32, "lidarr", "connect", "--url", url, "--address", reached)
    assert refused.exit_code == 1
    assert "refuses the API key" in refused.output
    said = with_key(LIDARR_KEY, "lidarr", "connect", "--url", url, "--address", reached)
    assert said.exit_code == 0, said.output
    assert "its address is saved" in said.output
    assert "webhook Brainarr: made, on" in said.output
    assert brainarr("lidarr", "status").exit_code == 0
    assert brainarr("lidarr", "remove").exit_code == 0


@pytest.mark.parametrize("instance", ["default", "attic"])
def test_a_saved_key_is_told_to_no_other_address(
    brainarr: Brainarr, httpserver: HTTPServer, instance: str
) -> None:
    httpserver.expect_request(re.compile(".*")).respond_with_json({"version": "2.14.5.4836"})
    thief = httpserver.url_for("").rstrip("/")
    for key in ("", "not-that-key"):
        args = ("lidarr", "connect", "--instance", instance, "--url", thief, "--address", NOWHERE)
        assert with_key(key, *args).exit_code in (1, 2)
    assert not any(LIDARR_KEY in str(dict(request.headers)) for request, _ in httpserver.log)


def test_a_password_in_an_address_is_refused_and_not_repeated(brainarr: Brainarr) -> None:
    said = with_key("a-key", "lidarr", "connect", "--url", f"http://me:{WRONG_KEY}@127.0.0.1:9")
    assert said.exit_code == 2
    assert "without a user name or password" in said.output


def test_each_lidarrs_own_certificate_is_what_its_entry_says(
    brainarr: Brainarr, outside: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one's may be its own affair; that says nothing of another's."""
    seen: list[bool] = []

    async def probe(url: str, key: str | None, verify_tls: bool) -> None:
        seen.append(verify_tls)
        raise ProviderUnavailable("lidarr", "it is away.")

    monkeypatch.setattr("brainarr.wiring.probes.probes_of", lambda _: SimpleNamespace(lidarr=probe))
    monkeypatch.setenv("BRAINARR__LIDARR__VERIFY_TLS", "false")
    for number, (name, tls) in enumerate((("loft", "false"), ("cellar", "true"))):
        values = {"NAME": name, "URL": NOWHERE, "API_KEY": LIDARR_KEY, "VERIFY_TLS": tls}
        for key, value in values.items():
            monkeypatch.setenv(f"BRAINARR__LIDARRS__{number}__{key}", value)
    for instance in ("default", "loft", "cellar", "attic"):
        with_key("a-key", "lidarr", "connect", "--instance", instance, "--url", "https://x.example")
    assert seen == [False, False, True, True]


def test_a_second_lidarr_is_saved_under_its_name_and_gets_no_list_of_the_first(
    brainarr: Brainarr, outside: World, reached: str, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/webhooks/lidarr/attic", "POST").respond_with_json({})
    url = outside.environ["BRAINARR__LIDARR__URL"]
    args = ("lidarr", "connect", "--instance", "attic", "--url", url, "--address", reached, "--json")
    said = with_key(LIDARR_KEY, *args)
    assert said.exit_code == 0, said.output
    made = json.loads(said.stdout)
    assert made["lists"] == []
    assert made["webhook"]["enabled"]
    # Saved: no key is needed any more.
    assert "webhook: set up" in brainarr("lidarr", "status", "--instance", "attic").output
    said = brainarr("lidarr", "connect", "--instance", "attic", "--list", "default")
    assert said.exit_code == 1
    assert "for the Lidarr default" in said.output
    assert brainarr("lidarr", "remove", "--instance", "attic").output == "1 removed from Lidarr.\n"


def test_on_a_terminal_what_lacks_is_asked_for(
    brainarr: Brainarr, outside: World, reached: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = outside.environ["BRAINARR__LIDARR__URL"]
    monkeypatch.delenv("BRAINARR__LIDARR__URL")
    monkeypatch.delenv("BRAINARR__LIDARR__API_KEY")
    monkeypatch.setattr("brainarr.cli.lidarr.on_terminal", lambda: True)
    answers = f"{url}\n{LIDARR_KEY}\n{reached}\n"
    said = CliRunner().invoke(app, ["lidarr", "connect"], input=answers)
    assert said.exit_code == 0, said.output
    assert found_in(said.output) == {}
    assert "webhook Brainarr: made, on" in said.output
    # By now everything is known.
    assert "up to date" in CliRunner().invoke(app, ["lidarr", "connect"]).output
    kept = CliRunner().invoke(app, ["lidarr", "remove"], input="n\n")
    assert kept.exit_code == 1
    assert brainarr("lidarr", "status").exit_code == 0
    assert "3 removed" in CliRunner().invoke(app, ["lidarr", "remove"], input="y\n").output


def test_a_locked_address_cannot_be_changed(
    brainarr: Brainarr, reached: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINARR__SERVER__EXTERNAL_URL", "http://brainarr:8690")
    said = brainarr("lidarr", "connect", "--address", reached)
    assert said.exit_code == 2
    assert "server.external_url" in said.output


def test_each_lidarr_is_asked_by_its_own_word_on_certificates(
    brainarr: Brainarr, outside: World, https_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first one must not decide for the others, in neither direction.
    monkeypatch.setenv("BRAINARR__LIDARR__VERIFY_TLS", "false")
    args = ("lidarr", "connect", "--instance", "attic", "--url", https_address)
    assert "verify_tls" in with_key(LIDARR_KEY, *args).output
    for name, value in {"NAME": "attic", "URL": https_address, "API_KEY": LIDARR_KEY}.items():
        monkeypatch.setenv(f"BRAINARR__LIDARRS__0__{name}", value)
    assert "verify_tls" in with_key(LIDARR_KEY, *args).output
    monkeypatch.setenv("BRAINARR__LIDARRS__0__VERIFY_TLS", "false")
    said = with_key(LIDARR_KEY, *args)
    assert said.exit_code == 1
    assert "verify_tls" not in said.output


@pytest.mark.parametrize(
    ("version", "warned"),
    [("2.9.6.4552", True), ("2.10.0.4573", True), ("2.10.0.4574", False), ("3.1.0.4875", False), ("", False)],
)
def test_an_old_lidarr_is_warned_of(version: str, warned: bool) -> None:
    assert bool(version_warning(version)) is warned
