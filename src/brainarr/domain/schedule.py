"""When recurring work is due: every so often, or by a cron expression in the server's time zone."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec
from cronsim import CronSim, CronSimError

_WORDS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
}
_INTERVAL = re.compile(r"(\d{1,4})\s*([mhdw])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, L, or LW, one that the month has",
    "month": "1 to 12, or JAN to DEC",
    "day-of-week": "0 to 7 (0 and 7 are Sunday), or SUN to SAT",
}
_LONGEST = 100
_SOME_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)

ALLOWED = (
    "off, hourly, daily, weekly, an interval such as 5m, 6h, 2d or 1w, "
    "or a cron expression of five fields such as 30 4 * * SUN"
)


class Interval(msgspec.Struct, frozen=True):
    """So long after the last time."""

    every: timedelta

    def after(self, moment: datetime, zone: tzinfo) -> datetime:
        return moment + self.every

    def __str__(self) -> str:
        seconds = int(self.every.total_seconds())
        return next(f"every {seconds // size}{unit}" for unit, size in _SIZES if seconds % size == 0)


_SIZES = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


class Cron(msgspec.Struct, frozen=True):
    """At the minutes that the five fields name, as Debian's cron reads them."""

    expression: str

    def after(self, moment: datetime, zone: tzinfo) -> datetime:
        """The first one later than `moment`.

        When clocks are turned forward, a time in the hour that is left out comes right after it; when they
        are turned back, a time in the hour that comes twice comes once (cron(8) of Debian).
        """
        moments = (found.astimezone(UTC) for found in CronSim(self.expression, moment.astimezone(zone)))
        # Within the hour that comes twice, cronsim would answer one of its first time.
        return next(found for found in moments if found > moment)

    def __str__(self) -> str:
        return self.expression


Schedule = Interval | Cron


def parse_schedule(text: str) -> Schedule | None:
    """off | hourly | daily | weekly | "5m", "6h", "2d", "1w" | five fields of cron. None: never.

    Raises ValueError, which names the field of a cron expression that is wrong.
    """
    said = text.strip()
    word = said.lower()
    if word == "off":
        return None
    if word in _WORDS:
        return Interval(_WORDS[word])
    found = _INTERVAL.fullmatch(word)
    if found and int(found[1]):
        return Interval(int(found[1]) * _UNITS[found[2]])
    fields = said.split()
    if len(said) > _LONGEST or len(fields) != len(_FIELDS):
        raise ValueError(ALLOWED)
    return Cron(_checked(" ".join(fields)))


def _checked(expression: str) -> str:
    try:
        moments = CronSim(expression, _SOME_MONDAY)
    except CronSimError as error:
        name = str(error).removeprefix("Bad ")
        given = dict(zip(_FIELDS, expression.split(), strict=True))[name]
        raise ValueError(f"as the {name}, which is {given!r}: {_FIELDS[name]}") from None
    # It looks fifty years ahead.
    if next(moments, None) is None:
        raise ValueError("a cron expression whose day comes at some time")
    return expression


def first_due(schedule: Schedule, installed_at: datetime, now: datetime, zone: tzinfo) -> datetime:
    """When what was never done is due: an interval at once, a cron expression at its time."""
    return now if isinstance(schedule, Interval) else due_at(schedule, installed_at, now, zone)


def due_at(schedule: Schedule, last: datetime, now: datetime, zone: tzinfo) -> datetime:
    """When it is due next, after it was last done at `last`; a moment that is past: now, and once.

    A `last` that lies more than two times ahead was written before the clock was set back: waiting for it
    would be stopping.
    """
    if last > now and schedule.after(schedule.after(now, zone), zone) <= last:
        return now
    return schedule.after(last, zone)


def period(schedule: Schedule, now: datetime, zone: tzinfo) -> timedelta:
    """How long it is from the next time to the one after."""
    first = schedule.after(now, zone)
    return schedule.after(first, zone) - first
