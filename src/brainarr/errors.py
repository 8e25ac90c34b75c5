"""The error tree. An error says what went wrong and what to do next; its class says who must act."""


class BrainarrError(Exception):
    """Anything Brainarr reports on purpose: shown to people without a traceback."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}" if self.remedy else self.message


class Fault:
    """One unusable setting: where it is, what was given, what is allowed."""

    def __init__(self, key: str, given: str, allowed: str) -> None:
        self.key = key
        self.given = given
        self.allowed = allowed

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


class ProviderUnavailable(ProviderError):
    """It may work later: a timeout, a refused connection, too many requests, a server error."""

    def __init__(
        self, provider: str, message: str, *, remedy: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(provider, message, remedy=remedy)
        self.retry_after = retry_after


class ProviderRejected(ProviderError):
    """Only the user can fix it: a wrong key, a wrong address, a missing permission."""


class UnreadableAnswer(ProviderError):
    """It answered, but not with what was asked for; `excerpt` is the start of what came, bounded."""

    def __init__(self, provider: str, message: str, *, excerpt: str = "", remedy: str = "") -> None:
        super().__init__(provider, message, remedy=remedy)
        self.excerpt = excerpt[:500]


class NotFound(BrainarrError):
    """The thing asked for is not there."""


class Conflict(BrainarrError):
    """It cannot be done in the present state, e.g. rejecting what was delivered already."""


class StorageError(BrainarrError):
    """The database or the configuration folder could not be read or written."""
