"""Token buckets: so many at once of something, and then one after the other."""

import math
from collections import OrderedDict
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from brainarr.pipeline.ports import Clock

MOST_BUCKETS = 4096


class Buckets:
    """One bucket for each name: `burst` at once, and one more every `regained_s` seconds.

    Memory is bounded; the name that was quiet longest is forgotten.
    """

    def __init__(self, clock: Clock, burst: int, regained_s: float) -> None:
        self._clock = clock
        self._burst = float(burst)
        self._regained_s = regained_s
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def wait(self, name: str) -> int:
        """Seconds until there is one to take; 0: now."""
        left = self._left_of(name)
        return 0 if left >= 1 else math.ceil((1 - left) * self._regained_s)

    def take(self, name: str) -> None:
        """One, or what is left."""
        self._put(name, max(0.0, self._left_of(name) - 1))

    def give_back(self, name: str) -> None:
        """One that was taken and turned out to be none."""
        self._put(name, min(self._burst, self._left_of(name) + 1))

    def _put(self, name: str, left: float) -> None:
        self._left[name] = (left, self._clock())
        self._left.move_to_end(name)
        if len(self._left) > MOST_BUCKETS:
            self._left.popitem(last=False)

    def _left_of(self, name: str) -> float:
        left, at = self._left.get(name, (self._burst, self._clock()))
        # A clock that was set back must not lock anybody out for longer.
        passed = max(0.0, (self._clock() - at).total_seconds())
        return min(self._burst, left + passed / self._regained_s)


def network_of(address: str) -> str:
    """By which an address counts: an IPv6 host has 2⁶⁴ of its own, which are one."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
