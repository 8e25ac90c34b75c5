"""The error tree. An error says what went wrong and what to do next; its class says who must act.

Nothing shown to people may show a secret: `looks_secret` and `redact` are the one place that knows how
one looks.
"""

import re
from functools import lru_cache


class BrainarrError(Exception):
    """Anything Brainarr reports on purpose: shown to people without a traceback."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}" if self.remedy else self.message


class Fault:
    """One unusable setting: where it is, what was given, what is allowed. Each is one printable line."""

    def __init__(self, key: str, given: str, allowed: str) -> None:
        self.key = _one_line(key)
        self.given = _one_line(given)
        self.allowed = _one_line(allowed)

    def __str__(self) -> str:
        return f"{self.key}: {self.given} is not usable; allowed: {self.allowed}"


class ConfigurationError(BrainarrError):
    """Arguments or settings that cannot be used; all faults at once. Exit code 2."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class ProviderError(BrainarrError):
    """A remote service did not do what was asked. `provider` is its name."""

    def __init__(self, provider: str, message: str, *, remedy: str = "") -> None:
        super().__init__(f"{provider}: {message}", remedy=remedy)
        self.provider = provider

    def hide(self, secret: str) -> None:
        """Takes `secret` out of what this error shows: a service may echo the key that it was asked with."""
        self.message = self.message.replace(secret, HIDDEN)
        self.args = (self.message,)


class ProviderUnavailable(ProviderError):
    """It may work later: a timeout, a refused connection, too many requests, a server error.

    `retry_after` are the seconds that the server named, `status` is its HTTP status; None where there was
    none. `reached` is False when not even a connection came about.
    """

    def __init__(
        self,
        provider: str,
        message: str,
        *,
        remedy: str = "",
        retry_after: float | None = None,
        status: int | None = None,
        reached: bool = True,
    ) -> None:
        super().__init__(provider, message, remedy=remedy)
        self.retry_after = retry_after
        self.status = status
        self.reached = reached


class ProviderRejected(ProviderError):
    """Only the user can fix it: a wrong key, a wrong address, a missing permission.

    `status` is the HTTP status and `body` the decoded JSON that came with it, each None where there was none:
    what adapters explain validation errors from, never shown as it is.
    """

    def __init__(
        self,
        provider: str,
        message: str,
        *,
        remedy: str = "",
        status: int | None = None,
        body: object = None,
    ) -> None:
        super().__init__(provider, message, remedy=remedy)
        self.status = status
        self.body = body


class Redirected(ProviderRejected):
    """It sends us elsewhere, and we do not follow; `location` is the path it named, without its query."""

    def __init__(self, provider: str, message: str, *, location: str, status: int, remedy: str = "") -> None:
        super().__init__(provider, message, remedy=remedy, status=status)
        self.location = location


class MissingResource(ProviderError):
    """The remote says that there is no such thing."""


class UnreadableAnswer(ProviderError):
    """It answered, but not with what was asked for; `excerpt` is the start of what came, bounded."""

    def __init__(self, provider: str, message: str, *, excerpt: str = "", remedy: str = "") -> None:
        super().__init__(provider, message, remedy=remedy)
        self.excerpt = excerpt[:500]

    def hide(self, secret: str) -> None:
        super().hide(secret)
        self.excerpt = self.excerpt.replace(secret, HIDDEN)


class NotFound(BrainarrError):
    """The thing asked for is not there."""


class Conflict(BrainarrError):
    """It cannot be done in the present state, e.g. rejecting what was delivered already."""


class StorageError(BrainarrError):
    """The database or the configuration folder could not be read or written."""


# Searched within a name, so that `LASTFM_API_KEY` is found; `key` alone only as the last word.
_SECRET_NAME = re.compile(
    r"(?i)(?:^|[^a-z])key$|api[-_ ]?key|secret|passw|token$|authori[sz]ation|cookie|credential"
)
# Every repetition is bounded: this runs over whole log lines, which may hold hostile text.
_SECRET_IN_TEXT = re.compile(
    r"""(?ix)
    (?P<before>
        \bauthori[sz]ation["']?\s{0,3}[:=]\s{0,3}["']?\w{1,20}\s  # Authorization: Basic TOKEN
      | \bbearer\s(?=\S{8})                                       # not a word of prose
      | (?=brainarr_[\w-]{20})                                    # a key that service/keys.py made
      | [?&]key=
        # ?apikey=KEY, X-Api-Key: KEY, "token": "KEY"
      | \b[\w-]{0,40}(?:api[-_]?key|secret|passw(?:or)?d|token)["']?\s{0,3}[:=]\s{0,3}["']?
    )
    (?!\*{3})[^\s"'\\&,;@}\])]+
    """
)
# scheme://user:PASSWORD@host; the last @ before the path counts, for passwords hold some too.
_PASSWORD_IN_ADDRESS = re.compile(r"""(://[^/@:\s"']{0,100}:)[^/\s"']{1,300}@""")
# One of these stands in whatever the pattern finds; looking for them takes a twentieth of its time, and most
# lines have none.
_HINTS = ("://", "authori", "bearer", "brainarr_", "key", "secret", "passw", "token")
HIDDEN = "***"
SHORTEST_SECRET = 4
"""Shorter values are not hunted for in free text: it would be full of holes."""


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in text)


@lru_cache(maxsize=1_024)  # asked about every field of every log line
def looks_secret(name: str) -> bool:
    """Whether the value of a setting, header or field of this name must never be shown."""
    return _SECRET_NAME.search(name) is not None


def redact(text: str) -> str:
    """`text` without the passwords, keys and tokens that stand in it in a known form."""
    # Beyond ASCII the pattern's idea of upper and lower case is wider than `lower`'s.
    if text.isascii():
        lowered = text.lower()
        if not any(hint in lowered for hint in _HINTS):
            return text
    text = _PASSWORD_IN_ADDRESS.sub(rf"\g<1>{HIDDEN}@", text)
    return _SECRET_IN_TEXT.sub(lambda found: found["before"] + HIDDEN, text)
