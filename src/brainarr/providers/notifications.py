"""Notifications through Apprise: one address for each place, its service named by the scheme.

https://github.com/caronc/apprise/wiki lists the addresses. They carry tokens and passwords, so that an
address as a whole is a secret.
"""

import asyncio
import re
from collections import Counter
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from brainarr.errors import ProviderRejected, ProviderUnavailable
from brainarr.http import Reach, as_address, is_allowed
from brainarr.settings.values import Section

_NAME = re.compile(r"[\w-]{0,100}")
_FORM = re.compile(r"[a-z][a-z0-9]{0,30}://\S{1,2000}", re.IGNORECASE)


# They speak to this machine's desktop, system log or USB and not to a service.
_LOCAL = frozenset(["blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"])
# With these, services read a file of this machine, or fetch an address, and send what they found.
_FILES = frozenset(["attach", "keyfile", "pgp", "pgpkey", "pgpprv", "pgppub", "subfile", "template"])


def _address(url: SecretStr) -> SecretStr:
    """Whoever may write settings must not read files by them: an address that could is refused."""
    text = url.get_secret_value().strip()
    if not _FORM.fullmatch(text):
        raise ValueError("an Apprise address such as ntfy://ntfy.sh/a-topic or discord://id/token")
    scheme, _, rest = text.partition("://")
    if scheme.lower() in _LOCAL:
        raise ValueError("an Apprise address of a service, not of this machine")
    for name, value in parse_qsl(rest.partition("?")[2], keep_blank_values=True):
        if name.lower() in _FILES and not _NAME.fullmatch(value):
            raise ValueError(
                "an Apprise address whose template, keyfile and the like name no file or address"
            )
    literal = as_address(_host(text))
    if literal is not None and not is_allowed(literal, Reach.CONFIGURED):
        raise ValueError("an Apprise address that does not lead to what clouds tell their machines")
    return url


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


class NotificationSettings(Section):
    """Section `notifications`."""

    urls: Annotated[tuple[Annotated[SecretStr, AfterValidator(_address)], ...], Field(max_length=20)] = ()


class AppriseTarget:
    """pipeline.ports.Messenger: one Apprise address."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.fingerprint = sha256(url.encode()).hexdigest()[:16]
        self._url = url

    async def send(self, title: str, text: str) -> None:
        """Waits for the service, a few seconds at most for most of them. Raises ProviderError."""
        if not await asyncio.to_thread(self._send, title, text):
            raise ProviderUnavailable(
                self.name,
                "it did not take the notification.",
                remedy="Check that it can be reached, and its address in notifications.urls.",
            )

    async def check(self) -> str:
        """Whether Apprise knows what to do with the address; sends nothing. Raises ProviderRejected."""
        await asyncio.to_thread(self._open)
        return "its address is understood; POST /api/v1/notifications/test sends a notification"

    def _send(self, title: str, text: str) -> bool:
        return bool(self._open().notify(title=title, body=text))

    def _open(self) -> Any:
        # Half a second and many megabytes: not before the first notification.
        from apprise import Apprise, AppriseAsset

        # A redirect could lead a notification, and what stands in its address, to anywhere.
        asset = AppriseAsset(app_id="Brainarr", app_desc="Brainarr", http_redirects=False)
        opened = Apprise.instantiate(self._url, asset=asset)
        if opened is None:
            raise ProviderRejected(
                self.name,
                "Apprise cannot use this address.",
                remedy="Compare it in notifications.urls with https://github.com/caronc/apprise/wiki.",
            )
        return opened


def open_targets(settings: NotificationSettings) -> tuple[AppriseTarget, ...]:
    """In the order of the settings, a repeated address once; services of one kind are numbered."""
    urls = dict.fromkeys(url.get_secret_value().strip() for url in settings.urls)
    seen: Counter[str] = Counter()
    targets: list[AppriseTarget] = []
    for url in urls:
        service = url.partition("://")[0].lower()
        seen[service] += 1
        targets.append(AppriseTarget(f"{service} {seen[service]}" if seen[service] > 1 else service, url))
    return tuple(targets)
