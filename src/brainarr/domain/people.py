"""Who uses this Brainarr, and what they may do."""

from enum import StrEnum

import msgspec


class Role(StrEnum):
    ADMIN = "admin"
    """Everything."""
    USER = "user"
    """Decides on recommendations and asks for runs; no settings, no keys, no money."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who has an account."""

    id: int
    name: str
    role: Role

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN
