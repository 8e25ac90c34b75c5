"""Health: what is amiss, graded as Lidarr grades its own."""

from enum import StrEnum
from zlib import crc32

import msgspec


class Severity(StrEnum):
    """As Lidarr grades its own health; what is well is no issue."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


class Issue(msgspec.Struct, frozen=True):
    source: str
    """What is amiss, in one word that stays the same: Database, Worker, Lidarr, …"""
    type: Severity
    message: str
    remedy: str
    about: str = ""
    """Which of several, e.g. the provider's name."""

    @property
    def id(self) -> int:
        """The same while the same thing is amiss, whatever the message says of its age. 31 bits."""
        return crc32(f"{self.source}/{self.about}".encode()) & 0x7FFF_FFFF
