"""A server that failed is left alone for a while, so that its absence costs next to nothing."""

from datetime import datetime, timedelta

import msgspec

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(seconds=30)


class Trouble(msgspec.Struct, frozen=True):
    """What a level suffers from."""

    what: str
    since: datetime


class Rest:
    """Twice as long after each try in vain; one caller tries, while the others still go without."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self._pause = SHORTEST
        self._until: datetime | None = None
        self._trying = False

    def allows(self, now: datetime) -> bool:
        """Whether to ask now. Who is told so after a failure is the one who tries."""
        # Later than it could be: the clock was put back since.
        if self._until is not None and now < self._until <= now + LONGEST:
            return False
        if self.trouble is not None:
            self._trying = True
            self._until = now + self._pause
        return True

    def failed(self, what: str, now: datetime) -> bool:
        """Whether that is news."""
        news = self.trouble is None
        # Of a hundred who asked at once and failed, each is no further try.
        if self._trying:
            self._pause = min(2 * self._pause, LONGEST)
        self._trying = False
        self.trouble = Trouble(what, self.trouble.since if self.trouble else now)
        self._until = now + self._pause
        return news

    def answered(self) -> bool:
        """Whether that is news."""
        news = self.trouble is not None
        self.trouble = self._until = None
        self._pause, self._trying = SHORTEST, False
        return news
