"""How often a run starts by itself: the words of the setting `recommend.schedule`."""

import re
from datetime import timedelta

_WORDS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
}
_INTERVAL = re.compile(r"(\d{1,4})\s*([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def interval(schedule: str) -> timedelta | None:
    """off | hourly | daily | weekly | a number of hours, days or weeks as "6h", "2d", "1w". None: never.

    Raises ValueError for anything else.
    """
    text = schedule.strip().lower()
    if text == "off":
        return None
    if text in _WORDS:
        return _WORDS[text]
    found = _INTERVAL.fullmatch(text)
    if not found or not int(found[1]):
        raise ValueError(f"{schedule!r} is not off, hourly, daily, weekly or an interval such as 6h, 2d, 1w")
    return int(found[1]) * _UNITS[found[2]]
