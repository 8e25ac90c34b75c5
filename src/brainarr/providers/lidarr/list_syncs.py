"""Lidarr's list syncs among its commands. https://lidarr.audio/docs/api/#/Command"""

from collections.abc import Iterable
from datetime import timedelta

from brainarr.domain.list_syncs import ListSync
from brainarr.errors import redact
from brainarr.providers.lidarr.moments import in_utc
from brainarr.providers.lidarr.resources import Command

_NAME = "ImportListSync"
_LONGEST_MESSAGE = 1_000
_RESOLUTION = timedelta(seconds=1)
"""Lidarr writes whole seconds, cut off."""


def list_syncs(commands: Iterable[Command]) -> tuple[ListSync, ...]:
    """Those that are under way or came to an end. One that was cancelled, or whose Lidarr was stopped in the
    middle, says nothing of what it had received."""
    return tuple(
        ListSync(
            command.id,
            started,
            ended + _RESOLUTION if ended else None,
            failed=command.status == "failed",
            message=_said(command) if command.status == "failed" else "",
        )
        for command in commands
        if command.name == _NAME
        for started, ended in ((in_utc(command.started), in_utc(command.ended)),)
        if started is not None and (command.status == "started" or (_is_over(command) and ended is not None))
    )


def _is_over(command: Command) -> bool:
    return command.status in ("completed", "failed")


def _said(command: Command) -> str:
    """The stack of an exception names the address that was asked in vain, where the message does not."""
    first = (command.exception or "").strip().partition("\n")[0].strip()
    message = (command.message or "").strip()
    both = message if not first or first in message else f"{message} ({first})" if message else first
    return redact(both)[:_LONGEST_MESSAGE]
