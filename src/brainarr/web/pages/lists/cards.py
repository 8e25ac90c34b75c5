"""What the page of lists shows of each, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from brainarr.domain.import_lists import Channel
from brainarr.domain.recommendation import Status
from brainarr.service.lidarr_setup import Placed, Standing, feed_addresses
from brainarr.service.lidarr_webhook import WebhookPlaced
from brainarr.service.lists import DEFAULT_LIST, ListAtWork

HIDDEN = "•" * 8


@dataclass(frozen=True)
class Card:
    """One list."""

    at_work: ListAtWork
    albums_url: str
    artists_url: str
    masked_artists_url: str
    waits: tuple[str, ...]
    standings: tuple[Standing, ...]

    @property
    def can_go(self) -> bool:
        return self.at_work.row.slug != DEFAULT_LIST and not self.at_work.counts


def card_of(at_work: ListAtWork, address: str, standings: tuple[Standing, ...]) -> Card:
    feeds = feed_addresses(at_work.row, address)
    artists = feeds[Channel.ARTISTS]
    return Card(
        at_work=at_work,
        albums_url=feeds[Channel.ALBUMS],
        artists_url=artists,
        masked_artists_url=f"{artists.partition('=')[0]}={HIDDEN}",
        waits=tuple(_waits(at_work)),
        standings=standings,
    )


def _waits(at_work: ListAtWork) -> list[str]:
    """What the feed gives and what it waits for, in words."""
    count = {status: at_work.counts.get(status, 0) for status in Status}
    pending, approved, failed_ = count[Status.PENDING], count[Status.APPROVED], count[Status.FAILED]
    said: list[str] = []
    if approved:
        said.append(f"{approved} approved: Lidarr takes {_them(approved)} at its next sync.")
    if delivered := count[Status.DELIVERED]:
        said.append(f"{delivered} fetched by Lidarr, not seen in your library yet.")
    if not approved and not delivered:
        said.append("The feed is empty: nothing is approved that Lidarr does not have.")
    if pending:
        said.append(f"{pending} {'waits' if pending == 1 else 'wait'} for your review.")
    elif not approved and not delivered:
        said.append("Nothing waits for your review either: start a run.")
    if failed_:
        said.append(f"{failed_} refused by Lidarr: History says why.")
    return said


def _them(number: int) -> str:
    return "it" if number == 1 else "them"


def told_of(placed: Sequence[Placed | WebhookPlaced], address: str) -> str:
    """What was done in Lidarr, and what is still in the way."""
    unreached = next((one.unreached for one in placed if one.unreached), None)
    if unreached is None:
        done = "made" if all(one.made for one in placed) else "up to date"
        return f"Lidarr's test passed: {', '.join(map(_called, placed))}: {done}."
    said = unreached.said.rstrip(".")
    return (
        f"It stands in Lidarr, switched off: Lidarr cannot reach Brainarr at {address} ({said}). "
        f"{unreached.remedy} It is tried again every ten minutes and switched on by itself."
    )


def _called(one: Placed | WebhookPlaced) -> str:
    return f"the webhook {one.name}" if isinstance(one, WebhookPlaced) else one.name
