"""Wrong keys: so many from one address and no more, without shutting out whoever has a right one."""

import secrets
from collections import OrderedDict
from hashlib import blake2b

from brainarr.errors import BrainarrError
from brainarr.pipeline.ports import Clock
from brainarr.web.buckets import Buckets, network_of

BURST = 20
"""Wrong keys at once: a tool with an old key asks several times before anybody looks."""

REGAINED_S = 3.0
"""Seconds until one more is allowed."""

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
    """A token bucket for each address.

    People behind one reverse proxy share an address. So a key that was right before is let through always:
    somebody else's guesses shut out only those who come with a key for the first time. A guesser gains
    nothing from that, for what is let through unasked was right already.
    """

    def __init__(self, clock: Clock) -> None:
        self._addresses = Buckets(clock, BURST, REGAINED_S)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        # So that nobody who reads this memory, or times it, learns anything of a key.
        self._salt = secrets.token_bytes(16)

    def admit(self, address: str, key: str) -> None:
        """Raises TooManyGuesses when this key must not even be compared."""
        wait = self._addresses.wait(network_of(address))
        if wait and self._hashed(key) not in self._right:
            raise TooManyGuesses(wait)

    def wrong(self, address: str) -> None:
        self._addresses.take(network_of(address))

    def right(self, key: str) -> None:
        hashed = self._hashed(key)
        self._right[hashed] = None
        self._right.move_to_end(hashed)
        if len(self._right) > MOST_KEYS:
            self._right.popitem(last=False)

    def _hashed(self, key: str) -> bytes:
        return blake2b(key.encode("utf-8", "replace"), key=self._salt, digest_size=16).digest()
