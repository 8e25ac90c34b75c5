"""The newest lines of this process, for the page that shows them: nothing has to be opened for that.

Records are kept as they come and become text only when somebody looks, redacted like every line.
"""

import logging
from collections import deque
from datetime import UTC, datetime

import msgspec

from brainarr.log.lines import Line

MOST = 1_000
"""Lines; and so many warnings and errors besides, which requests do not push out."""
MOST_TROUBLES = 200


class Told(msgspec.Struct, frozen=True):
    """One line."""

    at: datetime
    level: str
    logger: str
    text: str
    """JSON, as in the log."""


class Recent(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._all: deque[logging.LogRecord] = deque(maxlen=MOST)
        self._troubles: deque[logging.LogRecord] = deque(maxlen=MOST_TROUBLES)
        self._line = Line(for_people=False, colors=False)

    def emit(self, record: logging.LogRecord) -> None:
        event = record.msg
        if not isinstance(event, dict) or "exc_info" in event:
            # A traceback holds on to every variable of its frames, a library's line to what it speaks of.
            record = _as_text(record, self._line.format(record))
        self._all.append(record)
        if record.levelno >= logging.WARNING:
            self._troubles.append(record)

    def told(self) -> list[Told]:
        """Oldest first."""
        records = {id(record): record for record in (*self._troubles, *self._all)}
        return [self._told(record) for record in sorted(records.values(), key=lambda record: record.created)]

    def _told(self, record: logging.LogRecord) -> Told:
        text = record.__dict__.get(_TEXT) or self._line.format(record)
        moment = datetime.fromtimestamp(record.created, UTC)
        return Told(moment, record.levelname.lower(), record.name, text)


_TEXT = "brainarr_text"


def _as_text(record: logging.LogRecord, text: str) -> logging.LogRecord:
    bare = logging.LogRecord(record.name, record.levelno, "", 0, "", None, None)
    bare.created = record.created
    bare.__dict__[_TEXT] = text
    return bare


RECENT = Recent()
"""Of this process."""
