"""Label values out of a bounded set: each new value is a new time series, kept by whoever scrapes."""

from collections.abc import Iterable

OTHER = "other"


class Bounded:
    """The first `most` values pass, in the order they come; every later one counts as "other"."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        if value in self._known:
            return value
        if len(self._known) >= self._most:
            return OTHER
        self._known.add(value)
        return value


def one_of(allowed: Iterable[str], value: str) -> str:
    return value if value in allowed else OTHER
