"""Wrong passwords: so many for one name and from one address, without locking out whose name it is."""

from brainarr.domain.people import folded
from brainarr.errors import BrainarrError
from brainarr.pipeline.ports import Clock
from brainarr.web.buckets import Buckets, network_of

BURST = 10
REGAINED_S = 30.0
"""Seconds until one more is allowed: of one name, from wherever, 2,880 passwords a day."""


class TooManyTries(BrainarrError):
    """The password was not looked at; `retry_after` are the seconds until one will be."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "Too many wrong passwords.",
            remedy=f"Try again in {retry_after} seconds, or from a browser that you signed in with before.",
        )
        self.retry_after = retry_after


class Throttle:
    """Three sets of buckets. A browser in which that name signed in before has its own, and only that counts
    for it (OWASP, "device cookies"): so nobody can lock somebody else out by guessing at their name, and
    whoever has stolen such a browser can guess no more than anybody.
    """

    def __init__(self, clock: Clock) -> None:
        self._addresses = Buckets(clock, BURST, REGAINED_S)
        self._names = Buckets(clock, BURST, REGAINED_S)
        self._devices = Buckets(clock, BURST, REGAINED_S)

    def take(self, address: str, name: str, device: str | None) -> None:
        """Counts a try before it is known what comes of it: tries at the same moment count each.

        Raises TooManyTries, which counts nothing.
        """
        counted = self._of(address, name, device)
        if wait := max(buckets.wait(key) for buckets, key in counted):
            raise TooManyTries(wait)
        for buckets, key in counted:
            buckets.take(key)

    def right(self, address: str, name: str, device: str | None) -> None:
        """That try was none of a guesser's."""
        for buckets, key in self._of(address, name, device):
            buckets.give_back(key)

    def _of(self, address: str, name: str, device: str | None) -> list[tuple[Buckets, str]]:
        if device is not None:
            return [(self._devices, device)]
        return [(self._addresses, network_of(address)), (self._names, folded(name)[:200])]
