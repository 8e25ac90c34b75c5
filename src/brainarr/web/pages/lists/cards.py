"""What the page of lists shows of each, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from brainarr.domain.import_lists import Channel
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
        standings=standings,
    )


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
