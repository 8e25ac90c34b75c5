"""What the page of lists shows of each, in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from brainarr.domain.import_lists import Channel
from brainarr.domain.lists import ListTerms
from brainarr.domain.recommendation import Status, Target
from brainarr.service.lidarr_setup import Placed, Standing, feed_addresses
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
    waits: tuple[str, ...]
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
    artists = feeds[Channel.ARTISTS]
    return Card(
        at_work=at_work,
        albums_url=feeds[Channel.ALBUMS],
        artists_url=artists,
        masked_artists_url=f"{artists.partition('=')[0]}={HIDDEN}",
        waits=tuple(_waits(at_work)),
        standings=standings,
        task=task,
    )


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


def told_of(placed: tuple[Placed, ...], address: str) -> str:
    """What was done in Lidarr, and what is still in the way."""
    unreached = next((one.unreached for one in placed if one.unreached), None)
    if unreached is None:
        done = "made" if all(one.made for one in placed) else "up to date"
        return f"Lidarr's test passed: {' and '.join(one.name for one in placed)}: {done}."
    said = unreached.said.rstrip(".")
    return (
        f"It stands in Lidarr, switched off: Lidarr cannot read it at {address} ({said}). {unreached.remedy}"
    )
