"""A recommendation in the words and figures of its page: the score taken apart, a life told, ways out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import msgspec

from brainarr.domain.care import CARE_WEIGHTS
from brainarr.domain.learning import FacetWeights
from brainarr.domain.life import STEPS, Actor, Event
from brainarr.domain.recommendation import Recommendation, Status, Verdict
from brainarr.pipeline.ports import ImportChoices
from brainarr.service.albums import ArtistAlbum, Held, Shelf
from brainarr.service.push import AS_LIDARR_HAS_IT
from brainarr.service.recommendations import EVENTS, Decision
from brainarr.service.troubles import stuck_since
from brainarr.store.recommendations import RecommendationRow

_CONFIDENCE = "How strongly its sources speak for it, against the rest of the run."
_CARE_CONFIDENCE = "How loved its artist is, and how the album stands; against the rest of the run."

NOTICED = 0.005
"""A difference below it is rounding."""

STATUSES = {
    Status.PENDING: "Waiting",
    Status.APPROVED: "Approved",
    Status.DELIVERED: "Sent to Lidarr",
    Status.IMPORTED: "In the library",
    Status.KEPT: "Kept",
    Status.REMOVED: "Removed",
    Status.REJECTED: "Rejected",
    Status.BLOCKED: "Never again",
    Status.FAILED: "Failed",
}
"""In the order in which Discover has them; named the same wherever they are shown."""
TONES = {
    Status.PENDING: "info",
    Status.APPROVED: "good",
    Status.DELIVERED: "info",
    Status.IMPORTED: "good",
    Status.KEPT: "good",
    Status.REMOVED: "warn",
    Status.REJECTED: "plain",
    Status.BLOCKED: "bad",
    Status.FAILED: "bad",
}

ACTORS = {
    Actor.PERSON: "a person",
    Actor.API: "the API",
    Actor.AUTOMATIC: "a setting or a block",
    Actor.SCHEDULE: "the schedule",
    Actor.LIDARR: "Lidarr",
}

EVENT_WORDS = {
    Event.PROPOSED: ("Recommended", "plain"),
    Event.APPROVED: ("Approved", "good"),
    Event.REJECTED: ("Rejected", "warn"),
    Event.BLOCKED: ("Never again", "warn"),
    Event.UNBLOCKED: ("Allowed again", "plain"),
    Event.UNDONE: ("Taken back", "plain"),
    Event.DELIVERED: ("Sent to Lidarr", "info"),
    Event.PUSHED: ("Added to Lidarr", "info"),
    Event.ADDED: ("Albums added", "info"),
    Event.ATTEMPTED: ("Not answered", "bad"),
    Event.FAILED: ("Failed", "bad"),
    Event.RETRIED: ("Tried again", "info"),
    Event.GIVEN_UP: ("Given up", "bad"),
    Event.IMPORTED: ("In the library", "good"),
    Event.PLAYED: ("Played", "good"),
    Event.KEPT: ("Kept", "good"),
    Event.GRABBED: ("Grabbed", "info"),
    Event.DOWNLOADED: ("Downloaded", "good"),
    Event.DOWNLOAD_FAILED: ("Download failed", "bad"),
    Event.UNMONITORED: ("Not monitored any more", "warn"),
    Event.REMOVED: ("Removed", "warn"),
    Event.EXCLUDED: ("Excluded in Lidarr", "warn"),
    Event.HELD: ("Held back", "warn"),
    Event.RELEASED: ("Let go", "good"),
    Event.MERGED: ("Merged at MusicBrainz", "plain"),
    Event.MOVED: ("In another list", "plain"),
}
"""The word and the tone of each event; what leads to a state has the state's name."""
EVENT_ICONS = {
    Event.PROPOSED: "spark",
    Event.APPROVED: "check",
    Event.REJECTED: "cross",
    Event.BLOCKED: "block",
    Event.UNDONE: "undo",
    Event.UNBLOCKED: "undo",
    Event.DELIVERED: "upload",
    Event.PUSHED: "upload",
    Event.ADDED: "plus",
    Event.ATTEMPTED: "warning",
    Event.FAILED: "warning",
    Event.RETRIED: "refresh",
    Event.GIVEN_UP: "stop",
    Event.IMPORTED: "download",
    Event.PLAYED: "play",
    Event.KEPT: "taste",
    Event.GRABBED: "clock",
    Event.DOWNLOADED: "download",
    Event.DOWNLOAD_FAILED: "warning",
    Event.UNMONITORED: "minus",
    Event.REMOVED: "trash",
    Event.EXCLUDED: "block",
    Event.HELD: "stop",
    Event.RELEASED: "play",
    Event.MERGED: "refresh",
}

VERDICT_TONES = {Verdict.KEPT: "good", Verdict.BLOCKED: "bad", Verdict.HELD: "warn"}


class Facet(msgspec.Struct, frozen=True):
    """One part of the score."""

    name: str
    value: float
    """0 to 1."""
    weight: float
    about: str

    @property
    def gives(self) -> float:
        return self.value * self.weight


class Score(msgspec.Struct, frozen=True):
    total: float
    facets: tuple[Facet, ...]
    rest: float
    """What the total has beyond the facets: leanings that were learnt, or weights that were others then."""


def take_apart(item: Recommendation, weights: FacetWeights) -> Score:
    """`weights`: those that are configured now; what a run learnt or was told since is the rest. An album of
    an owned artist has its own."""
    care = item.evidence.care
    weights = CARE_WEIGHTS if care else weights
    parts, year = item.parts, f" around {item.year}" if item.year else ""
    facets = (
        Facet("genre", parts.genre, weights.genre, "How close its genres are to those of your library."),
        Facet("era", parts.era, weights.era, f"How much of your library came out{year}."),
        Facet(
            "diversity",
            parts.diversity,
            weights.diversity,
            "How unlike it is to what the same run chose before it.",
        ),
        Facet(
            "confidence",
            parts.confidence,
            weights.confidence,
            _CARE_CONFIDENCE if care else _CONFIDENCE,
        ),
    )
    rest = item.score - sum(facet.gives for facet in facets)
    return Score(item.score, facets, rest if abs(rest) >= NOTICED else 0.0)


def possible(row: RecommendationRow, now: datetime) -> frozenset[Decision]:
    """What can be decided in its present state."""
    open_to = {decision for decision in Decision if row.status in STEPS[EVENTS[decision]].begins}
    if row.status is Status.REJECTED:
        open_to.add(Decision.APPROVE)
    if row.status is Status.DELIVERED and stuck_since(row, now) is None:
        open_to -= {Decision.RETRY, Decision.GIVE_UP}
    if row.given_up_at is not None:
        open_to -= {Decision.GIVE_UP}
    return frozenset(open_to)


class Way(msgspec.Struct, frozen=True):
    """A page elsewhere about the same music."""

    label: str
    address: str


def ways_out(item: Recommendation) -> tuple[Way, ...]:
    artist, group = item.artist_mbid, item.release_group_mbid
    brainz = f"release-group/{group}" if group else f"artist/{artist}"
    listens = f"album/{group}" if group else f"artist/{artist}"
    sought = quote(f"{item.artist} {item.album}" if item.album else item.artist, safe="")
    return (
        Way("MusicBrainz", f"https://musicbrainz.org/{brainz}"),
        Way("ListenBrainz", f"https://listenbrainz.org/{listens}/"),
        Way("Deezer", f"https://www.deezer.com/search/{sought}"),
    )


def labelled(source: str, labels: Mapping[str, str]) -> str:
    return labels.get(source, source)


def about_album(album: ArtistAlbum) -> str:
    """ "1993", "2001 · live · owned": a studio album that Lidarr does not have needs no further word."""
    parts = [str(album.group.year)] if album.group.year else []
    parts += [album.shelf] if album.shelf is not Shelf.STUDIO else []
    parts += [album.held] if album.held is not Held.NOT else []
    return " · ".join(parts)


def folders(offered: ImportChoices) -> list[tuple[str, str]]:
    """(value, label) of each root folder."""
    return [(one.path, f"{one.path}{_free(one.free_bytes)}") for one in offered.folders]


def profiles(offered: Sequence[tuple[int, str]], usual: str) -> list[tuple[str, str]]:
    """(value, label) of each profile, and first the one that is taken when nobody says."""
    return [("", usual), *((str(number), name) for number, name in offered)]


def tags(offered: ImportChoices) -> str:
    """Those that Lidarr has, beside our own, as many as fit a line."""
    known = [label for label in offered.tags if label not in AS_LIDARR_HAS_IT.tags]
    return ", ".join(known[:12]) + (" and others" if len(known) > 12 else "")


def _free(amount: int | None) -> str:
    """Space as people read it; "" where nobody says."""
    if amount is None:
        return ""
    return f" ({amount / 2**40:.1f} TB free)" if amount >= 2**40 else f" ({amount / 2**30:.0f} GB free)"
