"""The log as it really is set up, for a test; afterwards logging is as it was."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from brainarr import log


@contextmanager
def logging_to_stderr(**options: Any) -> Iterator[None]:
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers, root.level
    log.configure("info", **options)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for sink in root.handlers:
            sink.close()
        root.handlers, sys.excepthook = handlers, hook
        root.setLevel(level)
        structlog.reset_defaults()
