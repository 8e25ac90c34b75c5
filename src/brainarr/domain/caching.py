"""What may be remembered, for how long, and under which name."""

from datetime import timedelta
from hashlib import blake2b

import msgspec

SPREAD = 0.2
"""Lifetimes are up to so much shorter or longer: what one run fetched must not expire in one run."""


class Kind(msgspec.Struct, frozen=True):
    """One sort of answers that are remembered alike."""

    name: str
    lifetime: timedelta = timedelta(days=1)
    """How long an answer is good: so long it stays in the database."""
    nothing: timedelta = timedelta(hours=1)
    """How long an answer that says "nothing there" is good: what is unknown today may be entered tomorrow."""
    kept_on: timedelta = timedelta()
    """So long an answer stays after its time, for the days when nobody can be asked."""
    memory: timedelta = timedelta(minutes=5)
    """At most so long in the memory of a process: what another process changed is seen after that."""
    shared: timedelta = timedelta(hours=1)
    """At most so long in Redis."""
    version: int = 1
    """Raised when what is remembered changes its meaning; a changed shape is noticed by itself."""

    @property
    def stored(self) -> bool:
        """Whether it is worth the database's while: what memory holds as long is not."""
        return self.lifetime > self.memory

    @property
    def longest(self) -> timedelta:
        """No answer lives longer. One that claims to was written by a stranger, or by a clock gone wrong."""
        return max(self.lifetime, self.nothing) * (1 + SPREAD) + self.kept_on


class Key(msgspec.Struct, frozen=True):
    """The name of one remembered answer; `name` is unique within its kind, at most 400 characters."""

    kind: Kind
    name: str

    @property
    def text(self) -> str:
        return f"v{self.kind.version}/{self.kind.name}/{self.name}"

    def lives(self, *, empty: bool = False) -> timedelta:
        """How long an answer is good under this key; `empty`: it says that there is nothing."""
        return spread(self.text, self.kind.nothing if empty else self.kind.lifetime)


def spread(key: str, lifetime: timedelta) -> timedelta:
    """`lifetime`, up to a fifth shorter or longer; always the same for the same key."""
    share = int.from_bytes(blake2b(key.encode(), digest_size=4).digest()) / 0xFFFFFFFF
    return lifetime * (1 - SPREAD + 2 * SPREAD * share)


def digest(text: str | bytes) -> str:
    """Of fixed length, for names that may be longer than a database's key column."""
    return blake2b(text.encode() if isinstance(text, str) else text, digest_size=16).hexdigest()
