"""Wrong keys: so many from one address and no more, without shutting out whoever has a right one."""

import math
import secrets
from collections import OrderedDict
from datetime import datetime
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address

from brainarr.errors import BrainarrError
from brainarr.pipeline.ports import Clock

BURST = 20
"""Wrong keys at once: a tool with an old key asks several times before anybody looks."""

REGAINED_S = 3.0
"""Seconds until one more is allowed."""

MOST_ADDRESSES = 4096
MOST_KEYS = 256


class TooManyGuesses(BrainarrError):
    """The key was not looked at; `retry_after` are the seconds until one will be."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "Too many wrong keys came from this address.",
            remedy="Correct the key of whichever tool sends it, then wait a moment.",
        )
        self.retry_after = retry_after


class Guesses:
    """A token bucket for each address. Memory is bounded; the address that was quiet longest is forgotten.

    People behind one reverse proxy share an address. So a key that was right before is let through always:
    somebody else's guesses shut out only those who come with a key for the first time. A guesser gains
    nothing from that, for what is let through unasked was right already.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()
        self._right: OrderedDict[bytes, None] = OrderedDict()
        # So that nobody who reads this memory, or times it, learns anything of a key.
        self._salt = secrets.token_bytes(16)

    def admit(self, address: str, key: str) -> None:
        """Raises TooManyGuesses when this key must not even be compared."""
        left = self._left_of(address)
        if left < 1 and self._hashed(key) not in self._right:
            raise TooManyGuesses(math.ceil((1 - left) * REGAINED_S))

    def wrong(self, address: str) -> None:
        network = _network(address)
        self._left[network] = (max(0.0, self._left_of(address) - 1), self._clock())
        self._left.move_to_end(network)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)

    def right(self, key: str) -> None:
        hashed = self._hashed(key)
        self._right[hashed] = None
        self._right.move_to_end(hashed)
        if len(self._right) > MOST_KEYS:
            self._right.popitem(last=False)

    def _left_of(self, address: str) -> float:
        left, at = self._left.get(_network(address), (float(BURST), self._clock()))
        # A clock that was set back must not lock anybody out for longer.
        passed = max(0.0, (self._clock() - at).total_seconds())
        return min(float(BURST), left + passed / REGAINED_S)

    def _hashed(self, key: str) -> bytes:
        return blake2b(key.encode("utf-8", "replace"), key=self._salt, digest_size=16).digest()


def _network(address: str) -> str:
    """An IPv6 host has 2⁶⁴ addresses of its own: they count as one."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
