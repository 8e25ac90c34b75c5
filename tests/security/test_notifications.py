"""Addresses for notifications are settings that reach far: they must not reach into this machine."""

import inspect

import pytest
from pydantic import ValidationError
from pytest_httpserver import HTTPServer

from brainarr.errors import ProviderUnavailable
from brainarr.providers.notifications import NotificationSettings, open_targets

# Apprise's first use imports every plugin it has.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.mark.parametrize(
    "address",
    [
        "syslog://", "dbus://x", "gnome://x", "kde://x", "qt://x", "windows://x", "macosx://x", "blink1://x",
        "discord://1234567890/abcdefghij?template=/etc/passwd",
        "slack://a/b/c?template=file%3A%2F%2F%2Fetc%2Fpasswd",
        "slack://a/b/c?TEMPLATE=http://169.254.169.254/",
        "fcm://project/device?keyfile=/config/secret.key",
        "vapid://me@example.org/you?subfile=../brainarr.db",
        "mailto://me:pw@example.org?pgppub=~/.ssh/id_rsa",
        "ntfy://ntfy.sh/topic?attach=file:///etc/passwd",
        "json://169.254.169.254/latest", "json://[fe80::1]/", "xml://2852039166/", "form://u:p@169.254.169.254:80/x",
    ],
)  # fmt: skip
def test_an_address_that_reaches_into_this_machine_is_refused(address: str):
    with pytest.raises(ValidationError) as caught:
        NotificationSettings.model_validate({"urls": [address]})
    assert "Apprise address" in str(caught.value)
    assert "passwd" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "ntfy://ntfy.sh/topic", "discord://1234567890/abcdefghij", "json://192.168.1.7:8080/hook",
        "sendgrid://key:me@example.org/you@example.org?template=d-0a1b2c", "mailtos://me:pw@example.org?pgp=no",
        "gotify://nas.local/token", "tgram://123456789:abcdefg_hijklmnop/12315544/",
    ],
)  # fmt: skip
def test_an_address_of_a_service_is_taken(address: str):
    assert len(NotificationSettings.model_validate({"urls": [address]}).urls) == 1


def test_apprise_still_reads_files_only_where_we_look():
    """Arguments of Apprise's services that name a file; a new one fails here and must be judged."""
    from apprise.manager_plugins import NotificationManager

    readers: set[str] = set()
    for plugin in NotificationManager().plugins():
        source = inspect.getsource(inspect.getmodule(plugin))  # type: ignore[arg-type]
        arguments = {name.lower() for name in plugin.template_args}
        if "AppriseAttachment(" in source or "keyfile" in source:
            readers |= arguments & {"template", "keyfile", "subfile", "pgpkey", "pgppub", "pgpprv", "attach"}
        readers |= {name for name in arguments - {"profile"} if name.endswith(("file", "path"))}
    # `cafile` and the like would be new; `path` and `filename` name no file of this machine.
    known = {"template", "keyfile", "subfile", "pgppub", "pgpprv", "attach", "path", "filepath", "mode"}
    assert readers <= known, readers - known


@pytest.mark.loopback
async def test_a_notification_follows_no_redirect(httpserver: HTTPServer):
    httpserver.expect_request("/hook").respond_with_data("", status=307, headers={"Location": "/elsewhere"})
    httpserver.expect_request("/elsewhere").respond_with_json({})
    urls = {"urls": [f"json://127.0.0.1:{httpserver.port}/hook"]}
    (target,) = open_targets(NotificationSettings.model_validate(urls))
    with pytest.raises(ProviderUnavailable):
        await target.send("Brainarr", "hello")
    assert [request.path for request, _ in httpserver.log] == ["/hook"]
