"""The log: one line for each event, on stderr, and never a secret."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from brainarr import log
from brainarr.errors import looks_secret, redact


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The lines that were logged since the last look; afterwards logging is as it was."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers, root.level
    log.configure("info")
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    logging.captureWarnings(False)
    root.handlers, sys.excepthook = handlers, hook
    root.setLevel(level)
    structlog.reset_defaults()


Logged = Callable[[], list[dict[str, Any]]]


def test_an_event_is_one_json_line_on_stderr(logged: Logged):
    structlog.get_logger("brainarr").info("the library was read", artists=7)
    (line,) = logged()
    assert (line["event"], line["artists"], line["level"]) == ("the library was read", 7, "info")
    assert line["timestamp"].endswith("Z")


def test_fields_that_are_named_like_a_secret_are_hidden(logged: Logged):
    structlog.get_logger().info("asked", api_key="abc", headers={"X-Api-Key": "abc", "Accept": "*/*"})
    (line,) = logged()
    assert line["api_key"] == "***"
    assert line["headers"] == {"X-Api-Key": "***", "Accept": "*/*"}


def test_known_secrets_are_hidden_wherever_they_turn_up(logged: Logged):
    log.hide(['pass"word\\1', "sesame-open"])
    try:
        raise ValueError('the server said: pass"word\\1')
    except ValueError:
        structlog.get_logger().exception("failed", hint="sesame-open")
    logging.getLogger("somebody.else").warning("used %s", "sesame-open")
    failed, used = logged()
    assert "ValueError: the server said: ***" in failed["exception"]
    assert failed["hint"] == "***"
    assert used["event"] == "used ***"


def test_what_others_log_takes_the_same_way_out(logged: Logged):
    logging.getLogger("uvicorn.access").propagate = False
    log.configure("info")
    logging.getLogger("uvicorn.access").info(
        '%s - "%s"', "10.0.0.2", "GET /lists/x/artists?apikey=abc HTTP/1.1"
    )
    (line,) = logged()
    assert line["event"] == '10.0.0.2 - "GET /lists/x/artists?apikey=*** HTTP/1.1"'


def test_client_libraries_do_not_log_every_request(logged: Logged):
    logging.getLogger("httpx2").info("HTTP Request: GET https://example.org/?secret=1")
    assert logged() == []


def test_remote_text_can_neither_forge_a_line_nor_move_the_cursor(
    monkeypatch: pytest.MonkeyPatch, logged: Logged
):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    log.configure("info")
    structlog.get_logger().info("answered", excerpt="fine\x1b[2J\n2026-11-22 [critical] forged")
    assert terminal.getvalue().count("\n") == 1
    assert "\x1b" not in terminal.getvalue()
    assert "fine" in terminal.getvalue()


def test_a_crash_is_logged_without_secrets_and_without_local_variables():
    program = (
        "from brainarr import log\n"
        "log.configure(); log.hide(['sesame-open'])\n"
        "local = 'another-secret'\n"
        "raise RuntimeError('sesame-open')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stderr)["level"] == "critical"
    assert "RuntimeError: ***" in done.stderr
    assert "sesame" not in done.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:pa:ss@db/x", "postgresql://me:***@db/x"),
        ("redis://:pw@cache", "redis://:***@cache"),
        ("GET /?a=1&api_key=abc&b=2", "GET /?a=1&api_key=***&b=2"),
        ("X-Api-Key: abc", "X-Api-Key: ***"),
        ("{'token': 'abc', 'x': 1}", "{'token': '***', 'x': 1}"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("{'authorization': 'Basic Zm9v'}", "{'authorization': 'Basic ***'}"),
        ("prompt_tokens=200 max_tokens: 5", "prompt_tokens=200 max_tokens: 5"),
        ("basic channel, a bearer of news", "basic channel, a bearer of news"),
    ],
)
def test_secrets_in_free_text_are_recognised_by_their_form(text: str, shown: str):
    assert redact(text) == shown


def test_names_of_secrets_are_recognised():
    secret = ["api_key", "X-Api-Key", "LASTFM_API_KEY", "apikey", "key", "feed_key", "token", "password"]
    assert all(map(looks_secret, [*secret, "Authorization", "Set-Cookie", "client_secret"]))
    assert not any(map(looks_secret, ["keys", "monkey", "keyboard", "prompt_tokens", "name", "tokenizer"]))


fragments = st.sampled_from(
    [
        "Bearer abcdefgh1",
        "token=t0ken",
        "X-Api-Key: k",
        "http://u:p@h",
        "Authorization: Basic QQ",
        "ABC",
        "/",
        " ",
    ]
)


@given(st.lists(fragments | st.text(st.characters(codec="ascii"), max_size=5), max_size=8).map("".join))
def test_lines_without_any_sign_of_a_secret_are_passed_on_unsearched_and_no_other(text: str):
    # A letter beyond ASCII, and the whole search is made.
    assert redact(f"{text},\u017f") == f"{redact(text)},\u017f"
