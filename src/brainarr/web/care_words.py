"""Library care in words: what each kind of drift means, and what to do about it."""

from dataclasses import dataclass

from brainarr.domain.care import CareFacts, DriftKind


@dataclass(frozen=True)
class Told:
    """A kind of drift."""

    title: str
    about: str
    remedy: str
    tone: str
    """Of its badge: bad, warn or info."""


DRIFT = {
    DriftKind.GONE: Told(
        "Gone from MusicBrainz",
        "Lidarr cannot refresh them any more: they were deleted there, mostly as another one's duplicate.",
        "Look for the artist in Lidarr and add the entry that is left; then delete this one, not its files.",
        "bad",
    ),
    DriftKind.NO_MBID: Told(
        "Without an identifier",
        "Nobody can be asked about them: no similar artists, no albums, no news.",
        "Delete the artist in Lidarr, keep the files, and add it again by searching for it.",
        "bad",
    ),
    DriftKind.SAME_MBID: Told(
        "One artist twice",
        "Two entries are the same artist.",
        "Keep the entry that has the files, and delete the other one in Lidarr, without deleting files.",
        "bad",
    ),
    DriftKind.SHARED_FOLDER: Told(
        "Folders in each other's way",
        "Files of the one may be taken for the other's, or deleted with it.",
        "Give each artist a folder of its own: edit the artist in Lidarr, and let it move the files.",
        "bad",
    ),
    DriftKind.NAMESAKES: Told(
        "Namesakes",
        "Several artists of one name. That may be right; but files often end up with the wrong one.",
        "Compare them at MusicBrainz. If one came by mistake, delete it in Lidarr; else leave them.",
        "warn",
    ),
    DriftKind.UNMONITORED: Told(
        "Loved, but not monitored",
        "You play or collect them, and Lidarr looks for nothing of theirs.",
        "Monitor them in Lidarr, if you would like more of them.",
        "info",
    ),
    DriftKind.NO_ALBUMS: Told(
        "Monitored, without albums",
        "Lidarr lists no album of theirs, so it will never find one.",
        "Refresh the artist in Lidarr. If that does not help, its metadata profile leaves everything out.",
        "warn",
    ),
    DriftKind.NO_FILES: Told(
        "Monitored, without files",
        "Nothing has come for a month or longer.",
        "Search for their albums in Lidarr, or stop monitoring what you do not want after all.",
        "info",
    ),
}


def marks(facts: CareFacts, *, proposed: bool) -> tuple[tuple[str, str], ...]:
    """(text, tone) of the badges of an album that is missing."""
    said = [("proposed", "good")] if proposed else []
    if facts.upcoming:
        said.append(("announced", "info"))
    if not facts.listed:
        # What is listed there its reason says.
        said.append(("not in Lidarr", "plain"))
    return tuple(said)
