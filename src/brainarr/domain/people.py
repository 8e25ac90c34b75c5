"""People who may sign in: their roles, what a name and a password must be, and what groups make of them."""

import unicodedata
from collections.abc import Collection
from enum import StrEnum

import msgspec

from brainarr.errors import ConfigurationError, Fault

LONGEST_NAME = 64
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 256
"""Hashing takes time with the length: nobody may have us hash a megabyte."""


class Role(StrEnum):
    ADMIN = "admin"
    """Everything."""
    USER = "user"
    """Decides on recommendations and asks for runs; no settings, no keys but their own, no money."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who has an account."""

    id: int
    name: str
    role: Role

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


class Identity(msgspec.Struct, frozen=True):
    """Somebody whom another service vouches for."""

    issuer: str
    subject: str
    """Never changes and is never given to another person, unlike the name."""
    name: str
    groups: frozenset[str] = frozenset()


class Departure(msgspec.Struct, frozen=True):
    """A sign-in elsewhere that has begun: what the browser must bring back, and what it must never see."""

    address: str
    """Where the browser is sent."""
    state: str
    nonce: str
    verifier: str
    """Of PKCE, RFC 7636: proves that who asks for the tokens is who began."""


class Grouping(msgspec.Struct, frozen=True):
    """Which groups of another service make somebody an administrator, and which let anybody in at all."""

    admin: frozenset[str] = frozenset()
    user: frozenset[str] = frozenset()
    """Empty: everybody."""

    @property
    def decides(self) -> bool:
        """Whether roles follow the groups; else they are given here, person by person."""
        return bool(self.admin)

    def role_of(self, groups: Collection[str]) -> Role | None:
        """None: not let in."""
        if self.admin.intersection(groups):
            return Role.ADMIN
        return Role.USER if not self.user or self.user.intersection(groups) else None


EVERYBODY = Grouping()


def usable_name(text: str) -> str:
    """The name as it is kept: composed (NFC), without white space around. Raises ConfigurationError."""
    name = unicodedata.normalize("NFC", text.strip())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        given = f"{len(name)} characters" if name.isprintable() else "characters that cannot be seen"
        raise ConfigurationError([Fault("name", given, f"1 to {LONGEST_NAME} characters in one line")])
    return name


def folded(name: str) -> str:
    """By which two names are the same: nobody may be "Anna" beside "anna"."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def check_password(password: str, name: str) -> None:
    """Raises ConfigurationError when nobody of this name may have that password.

    Length is what counts (NIST SP 800-63B, 3.1.1): no rules about digits and signs.
    """
    allowed = f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, and not the name"
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ConfigurationError([Fault("password", f"one of {len(password)} characters", allowed)])
    if folded(password) == folded(name):
        raise ConfigurationError([Fault("password", "the name itself", allowed)])
