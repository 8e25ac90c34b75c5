"""Passwords: hashed with Argon2id (RFC 9106), in threads, a few at a time."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""Each takes 64 MiB while it lasts (the second recommended choice of RFC 9106): a hundred people, or
somebody who pretends to be them, wait for their turn instead of taking 6 GiB."""


class Passwords:
    """Makes and compares hashes. The arguments are Argon2's: passes, KiB, lanes."""

    def __init__(self, time_cost: int = 3, memory_cost: int = 65_536, parallelism: int = 4) -> None:
        self._hasher = PasswordHasher(time_cost, memory_cost, parallelism)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password: str, hashed: str | None) -> bool:
        """Without a hash there is nothing that fits, which takes as long to say."""
        if hashed is None and self._nobody is None:
            self._nobody = await self.hash("nobody's")
        async with self._turns:
            return await asyncio.to_thread(self._verify, password, hashed) and hashed is not None

    def is_dated(self, hashed: str) -> bool:
        """Whether it was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(hashed)

    def _verify(self, password: str, hashed: str | None) -> bool:
        try:
            return self._hasher.verify(hashed or self._nobody or "", password)
        except (VerificationError, InvalidHashError):
            return False
