"""What the page of lists shows of each, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brainarr.domain.import_lists import Channel
from brainarr.domain.lists import ListKind, ListTerms
from brainarr.domain.recommendation import Target
from brainarr.service.lidarr_setup import Placed, Standing, feed_addresses
from brainarr.service.lidarr_webhook import WebhookPlaced
from brainarr.service.lists import DEFAULT_LIST, ListAtWork
from brainarr.service.tasks import TaskRow

HIDDEN = "•" * 8


@dataclass(frozen=True)
class Card:
    """One list."""

    at_work: ListAtWork
    albums_url: str
    artists_url: str
    masked_artists_url: str
    standings: tuple[Standing, ...]

    task: TaskRow | None
    """Its runs; None: nobody makes any here."""

    @property
    def can_go(self) -> bool:
        return self.at_work.row.slug != DEFAULT_LIST

    @property
    def own(self) -> tuple[str, ...]:
        """What it wants instead of what the settings say, in words."""
        return tuple(_own(self.at_work.row.terms))


def card_of(
    at_work: ListAtWork, address: str, standings: tuple[Standing, ...], task: TaskRow | None = None
) -> Card:
    feeds = feed_addresses(at_work.row, address)
    artists, usual = feeds[Channel.ARTISTS], usual_channels(at_work.row.kind)
    return Card(
        at_work=at_work,
        albums_url=feeds[Channel.ALBUMS],
        artists_url=artists,
        masked_artists_url=f"{artists.partition('=')[0]}={HIDDEN}",
        standings=tuple(one for one in standings if one.found or one.channel in usual),
        task=task,
    )


def usual_channels(kind: ListKind) -> tuple[Channel, ...]:
    """What a list of that kind may carry: lists of care hold albums alone."""
    return tuple(Channel) if kind is ListKind.DISCOVER else (Channel.ALBUMS,)


def _own(terms: ListTerms) -> Iterator[str]:
    if terms.target is not None:
        yield "artists and albums" if terms.target is Target.MIXED else str(terms.target)
    if terms.discovery is not None:
        yield str(terms.discovery)
    if terms.max_recommendations is not None:
        yield f"{terms.max_recommendations} at most"
    if terms.minimum_confidence is not None:
        yield f"confidence from {terms.minimum_confidence:g}"
    if terms.styles_include is not None:
        yield ", ".join(terms.styles_include) or "no style first"
    if terms.styles_avoid is not None:
        yield f"without {', '.join(terms.styles_avoid)}" if terms.styles_avoid else "no style avoided"
    if terms.decades_include is not None:
        yield ", ".join(f"{decade}s" for decade in terms.decades_include) or "no decade first"
    if terms.wish is not None:
        yield f"“{terms.wish}”" if terms.wish else "no wish"
    if terms.providers is not None:
        yield f"asks {', then '.join(terms.providers)}"
    if terms.approval is not None:
        yield "approved by itself" if terms.approval == "auto" else "you approve each"


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
