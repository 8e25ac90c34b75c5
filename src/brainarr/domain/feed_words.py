"""What a list's feed gives Lidarr, or why it gives nothing, in words."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from brainarr.domain.recommendation import Status, Verdict

_TOLD_VERDICTS = 3


class Ended(StrEnum):
    """How far the last run for a list has come."""

    OPEN = "open"
    """It waits, or is under way."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class LastRun(msgspec.Struct, frozen=True):
    """As far as it explains a feed."""

    ended: Ended
    recommended: int = 0
    verdicts: Mapping[Verdict, int] = {}
    error: str = ""
    remedy: str = ""


class Held(msgspec.Struct, frozen=True):
    """What keeps recommendations that are on their way from going out at once."""

    said: tuple[str, ...] = ()
    """Why, each a sentence or two."""
    free: int | None = None
    """How many may go out at the next sync all the same; None: all."""


NOT_HELD = Held()


class FeedWords(msgspec.Struct, frozen=True):
    empty: bool
    """Whether Lidarr would be given nothing now."""
    said: tuple[str, ...]
    """Each a sentence or two; what an empty feed waits for comes first."""


def explain_feed(counts: Mapping[Status, int], last: LastRun | None, held: Held = NOT_HELD) -> FeedWords:
    """`counts`: the list's recommendations by status; `last`: None, no run was made for it."""
    count = {status: counts.get(status, 0) for status in Status}
    on_its_way = count[Status.APPROVED] + count[Status.DELIVERED]
    free = on_its_way if held.free is None else min(held.free, on_its_way)
    if on_its_way:
        said = [*held.said, *_carried(count, free, on_its_way)]
    else:
        said = [f"The feed is empty: {_why(count, last)}", *held.said]
    if on_its_way and (pending := count[Status.PENDING]):
        said.append(f"{_wait(pending)} for your review.")
    if failed := count[Status.FAILED]:
        said.append(f"{failed} refused by Lidarr: History says why.")
    return FeedWords(not free, tuple(said))


def _carried(count: Mapping[Status, int], free: int, on_its_way: int) -> Iterator[str]:
    if (approved := count[Status.APPROVED]) and free:
        taken = "what may go out" if free < on_its_way else "it" if approved == 1 else "them"
        yield f"{approved} approved: Lidarr takes {taken} at its next sync."
    if delivered := count[Status.DELIVERED]:
        yield f"{delivered} fetched by Lidarr, not seen in your library yet."


def _why(count: Mapping[Status, int], last: LastRun | None) -> str:
    if pending := count[Status.PENDING]:
        return f"{_wait(pending)} for your review."
    if last is None:
        return "nothing was looked for yet: start a run."
    if last.ended is Ended.OPEN:
        return "a run is under way."
    if last.ended is Ended.FAILED:
        return f"the last run failed. {last.error} {last.remedy}".strip()
    if last.ended is Ended.CANCELLED and not last.recommended:
        return "the last run was stopped before it found anything: start another."
    if not last.recommended:
        return f"the last run found nothing to recommend{_dropped(last.verdicts)}."
    if arrived := count[Status.IMPORTED] + count[Status.KEPT]:
        all_of_them = "what you approved is" if arrived == 1 else f"all {arrived} that you approved are"
        return f"{all_of_them} in Lidarr: start a run for more."
    return "nothing is approved that Lidarr does not have: start a run."


def _dropped(verdicts: Mapping[Verdict, int]) -> str:
    dropped = [
        (count, verdict) for verdict, count in verdicts.items() if verdict is not Verdict.KEPT and count
    ]
    most = sorted(dropped, key=lambda one: (-one[0], one[1]))[:_TOLD_VERDICTS]
    return f" ({', '.join(f'{count} {verdict}' for count, verdict in most)})" if most else ""


def _wait(number: int) -> str:
    return f"{number} {'waits' if number == 1 else 'wait'}"
