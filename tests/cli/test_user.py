"""brainarr user: people, for whoever sits at the server."""

import pytest
from typer.testing import CliRunner

from brainarr.cli.app import app
from tests.cli.conftest import Brainarr
from tests.planted import ADMIN_PASSWORD, USER_PASSWORD, found_in


def say(password: str, *args: str) -> tuple[int, str]:
    """Calls a command with the password on its standard input."""
    said = CliRunner().invoke(app, args, input=f"{password}\n")
    assert found_in(said.output) == {}, args
    return said.exit_code, said.output


def test_people_are_added_changed_and_disabled(brainarr: Brainarr):
    assert "There is nobody yet" in brainarr("user", "list").output
    # The first one looks after the others, whatever is asked for.
    assert say(ADMIN_PASSWORD, "user", "add", "Ada") == (0, "Ada may sign in as admin.\n")
    assert say(USER_PASSWORD, "user", "add", "Ben") == (0, "Ben may sign in as user.\n")
    assert brainarr("user", "role", "ben", "admin").output == "Ben is admin now.\n"
    assert brainarr("user", "disable", "ADA").exit_code == 0
    shown = brainarr("user", "list").output.splitlines()
    assert "Ada" in shown[0] and "disabled" in shown[0]
    assert shown[1].split() == ["2", "admin", "Ben", "(never", "signed", "in)"]
    assert brainarr("user", "enable", "Ada").exit_code == 0


def test_the_last_administrator_cannot_be_removed_or_demoted(brainarr: Brainarr):
    say(ADMIN_PASSWORD, "user", "add", "Ada")
    for args in (("disable", "Ada"), ("role", "Ada", "user")):
        said = brainarr("user", *args)
        assert said.exit_code == 1
        assert "last administrator" in said.output


@pytest.mark.parametrize(
    ("password", "args", "code", "said"),
    [
        ("short", ("add", "Ada"), 2, "10 to 256 characters"),
        ("x" * 300, ("add", "Ada"), 2, "10 to 256 characters"),
        ("", ("add", "Ada"), 2, "10 to 256 characters"),
        ("long enough for it", ("add", "x" * 65), 2, "1 to 64 characters"),
        ("long enough for it", ("reset-password", "Nobody"), 1, "nobody of that name"),
        ("", ("role", "Ada", "king"), 2, "admin"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    brainarr: Brainarr, password: str, args: tuple[str, ...], code: int, said: str
):
    exit_code, output = say(password, "user", *args)
    assert exit_code == code
    assert said in output
    assert "Traceback" not in output


def test_a_password_is_never_an_argument(brainarr: Brainarr):
    said = brainarr("user", "add", "--help").output
    assert "standard input" in said
    assert "--password" not in said


def test_somebody_who_forgot_their_password_gets_in_again(brainarr: Brainarr):
    say("forgotten password", "user", "add", "Ada")
    code, output = say(ADMIN_PASSWORD, "user", "reset-password", "ada")
    assert code == 0 and "signed out everywhere" in output
