"""Moments as Lidarr writes them."""

from datetime import UTC, datetime


def in_utc(moment: datetime | None) -> datetime | None:
    """Lidarr writes UTC, in old versions without saying so. None: there is none. The year 1 is its "never",
    and at either end of the calendar nothing can be reckoned."""
    if moment is None or not 1 < moment.year < 9999:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
