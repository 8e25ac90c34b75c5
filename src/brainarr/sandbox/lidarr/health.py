"""Lidarr's health: what is wrong at present, and telling when that changes."""

from brainarr.sandbox.lidarr.held import HealthChanged, ImportList, Notification
from brainarr.sandbox.lidarr.holdings import Holdings

WIKI = "https://wiki.servarr.com/lidarr/system"


def troubles(holdings: Holdings) -> dict[str, str]:
    """What each check that fails says. A sandbox has those of what it calls: all are warnings."""
    now = holdings.clock()
    checks: tuple[tuple[str, str, list[ImportList | Notification]], ...] = (
        ("ImportListStatusCheck", "Lists", [*holdings.lists.values()]),
        ("NotificationStatusCheck", "Notifications", [*holdings.notifications.values()]),
    )
    found: dict[str, str] = {}
    for source, what, called in checks:
        names = [one.name for one in called if one.blocked_until and one.blocked_until > now]
        if names:
            found[source] = f"{what} unavailable due to failures: {', '.join(names)}"
    return found


class HealthWatch:
    """Remembers what was wrong when it looked last."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self._known: dict[str, str] = {}

    def look(self) -> None:
        """Tells of each check that fails since then, and of each that does no more."""
        now, before = troubles(self.holdings), self._known
        self._known = now
        for source, message in now.items():
            if source not in before:
                self.holdings.tell(HealthChanged(source, message, "warning"))
        for source, message in before.items():
            if source not in now:
                self.holdings.tell(HealthChanged(source, message, "warning", restored=True))
