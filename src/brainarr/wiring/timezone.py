"""The server's time zone, in which schedules name their times."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

LOCALTIME = Path("/etc/localtime")

log = structlog.get_logger("brainarr")


def server_zone(environ: Mapping[str, str], localtime: Path = LOCALTIME) -> tzinfo:
    """$TZ (a name such as Europe/Berlin), else what `localtime` says, else UTC.

    A fixed offset would not do: it knows nothing of daylight saving.
    """
    named = environ.get("TZ", "").removeprefix(":")
    try:
        if named and not named.startswith("/"):
            return ZoneInfo(named)
        with Path(named or localtime).open("rb") as rules:
            return ZoneInfo.from_file(rules, key=named or "localtime")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        if named:
            remedy = "Set TZ to a name such as Europe/Berlin, and install the system's tzdata."
            log.warning("TZ names no known time zone: schedules are in UTC", tz=named, remedy=remedy)
        elif not isinstance(error, FileNotFoundError):
            log.warning("the system's time zone cannot be read: schedules are in UTC", error=str(error))
        return UTC
