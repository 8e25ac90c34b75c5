"""One recommendation as a card shows it: told in full, so that a template asks for nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from brainarr.domain.life import STEPS
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Parts, Status
from brainarr.service.discover import Card
from brainarr.service.recommendations import EVENTS, Decision
from brainarr.service.troubles import stuck_since
from brainarr.store.learning import Direction
from brainarr.web.recommendation_words import STATUSES, TONES

GENRES, SEEDS = 3, 3
"""Shown of each; the page of the recommendation has all."""

_NEXT = {
    Status.APPROVED: "Lidarr takes it in at its next list sync.",
    Status.DELIVERED: "Lidarr has received it and adds it by itself.",
    Status.IMPORTED: "Lidarr has it.",
    Status.KEPT: "Lidarr has it, and it stayed.",
    Status.REMOVED: "It was in the library and was taken out again. It is not suggested again.",
    Status.REJECTED: "It is not suggested again.",
    Status.BLOCKED: "Nothing by this artist is suggested again.",
}


@dataclass(frozen=True)
class Button:
    """What can be done about it, as a form's button."""

    decision: str
    label: str
    symbol: str
    key: str = ""
    """On the keyboard."""
    tone: str = "quiet"
    bare: bool = False
    """Its icon alone; the label is read out and shown on hovering."""
    pressed: bool | None = None


@dataclass(frozen=True)
class CardView:
    id: int
    title: str
    """The album, or the artist where no album is recommended."""
    artist: str | None
    """None where the title says it."""
    artist_mbid: Mbid
    name: str
    """Both in one line."""
    year: int | None
    genres: tuple[str, ...]
    further_genres: tuple[str, ...]
    score: float
    parts: tuple[tuple[str, float], ...]
    """(genre, era, diversity or confidence; its share in [0, 1])."""
    confidence: float
    reason: str
    seeds: tuple[str, ...]
    asked: tuple[str, ...]
    """Artists that more was wished of."""
    sources: tuple[str, ...]
    art: str
    """Path of ours."""
    status: Status
    status_label: str
    tone: str
    outlook: str
    """What happens next."""
    failure: str | None
    remedy: str | None
    buttons: tuple[Button, ...]


def card_view(card: Card, now: datetime, labels: Mapping[str, str]) -> CardView:
    """`labels`: how people know each source."""
    row, item = card.row, card.row.recommendation
    stuck = stuck_since(row, now)
    group, artist = item.release_group_mbid, item.artist_mbid
    return CardView(
        id=row.id,
        title=item.album or item.artist,
        artist=item.artist if item.album else None,
        artist_mbid=artist,
        name=f"{item.album} by {item.artist}" if item.album else item.artist,
        year=item.year,
        genres=item.genres[:GENRES],
        further_genres=item.genres[GENRES:],
        score=item.score,
        parts=_parts(item.parts),
        confidence=item.confidence,
        reason=item.reason,
        seeds=item.evidence.seeds[:SEEDS],
        asked=item.evidence.asked[:SEEDS],
        sources=tuple(labels.get(source, source) for source in item.evidence.sources),
        art=f"/art/release-group/{group}" if group else f"/art/artist/{artist}",
        status=row.status,
        status_label=STATUSES[row.status],
        tone=TONES[row.status],
        outlook="It is tried no more." if row.given_up_at else _NEXT.get(row.status, ""),
        failure=stuck.why if stuck else row.failure,
        remedy=stuck.remedy if stuck else row.remedy,
        buttons=_buttons(card, stuck=stuck is not None),
    )


def _parts(parts: Parts) -> tuple[tuple[str, float], ...]:
    return (
        ("genre", parts.genre),
        ("era", parts.era),
        ("diversity", parts.diversity),
        ("confidence", parts.confidence),
    )


def _buttons(card: Card, *, stuck: bool) -> tuple[Button, ...]:
    """What the state machine allows, the likeliest first."""
    status = card.row.status
    buttons: list[Button] = []
    if status in (Status.PENDING, Status.REJECTED):
        buttons.append(Button("approve", "Approve", "check", "a", tone=""))
    if status is Status.FAILED or stuck:
        buttons.append(Button("retry", "Try again", "refresh", "a", tone=""))
        if not card.row.given_up_at:
            buttons.append(Button("give-up", "Give up", "stop"))
    if status is Status.PENDING:
        buttons.append(Button("reject", "Reject", "cross", "r"))
    if status in (Status.APPROVED, Status.REJECTED):
        buttons.append(Button("undo", "Take back", "undo"))
    if status is Status.BLOCKED:
        buttons.append(Button("undo", "Allow again", "undo"))
    if status in STEPS[EVENTS[Decision.BLOCK]].begins:
        buttons.append(Button("block", "Never again", "block", "n", bare=True))
    more = card.liking is Direction.MORE
    if status is not Status.BLOCKED:
        label = "More like this, as you wished" if more else "More like this"
        decision = "neutral" if more else "more"
        buttons.append(Button(decision, label, "spark", "m", bare=True, pressed=more))
    return tuple(buttons)
