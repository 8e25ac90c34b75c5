"""The demo's story in words and tables, and as one JSON document."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from brainarr.cli.result import show_result
from brainarr.domain.recommendation import Status
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.listsync import Synced
from brainarr.service.runs import RunDetail
from brainarr.web.documents import RunDocument

_NEXT = (
    ("brainarr serve", "the server: lists for Lidarr, API and page on http://127.0.0.1:8690"),
    ("brainarr doctor", "checks your Lidarr, MusicBrainz and every other service, one line each"),
    ("brainarr run --dry-run", "recommends for your own Lidarr and stores nothing"),
    ("docs/lidarr.md", "how to enter the lists into Lidarr"),
    ("docs/how-it-works.md", "what happened here, stage by stage"),
)


@dataclass(frozen=True)
class Holding:
    """What a Lidarr holds, in numbers and names."""

    artists: tuple[str, ...]
    """In the order they came in."""
    albums: tuple[tuple[str, str, bool], ...]
    """(artist, title with year, monitored), in the order they came in."""
    with_files: int

    @classmethod
    def of(cls, lidarr: Holdings) -> "Holding":
        albums = []
        for held in lidarr.albums.values():
            known = held.known
            albums.append(
                (lidarr.artists[held.artist_id].known.name, f"{known.title} ({known.year})", held.monitored)
            )
        return cls(
            artists=tuple(artist.known.name for artist in lidarr.artists.values()),
            albums=tuple(albums),
            with_files=sum(album.track_files > 0 for album in lidarr.albums.values()),
        )

    @property
    def wanted(self) -> int:
        """Albums that Lidarr watches out for."""
        return sum(monitored for _, _, monitored in self.albums)

    def counts(self) -> dict[str, int]:
        return {
            "artists": len(self.artists),
            "albums": len(self.albums),
            "monitored_albums": self.wanted,
            "albums_with_files": self.with_files,
        }


@dataclass(frozen=True)
class Story:
    """What happened in one demo."""

    run: RunDetail
    approved: int
    synced: Synced
    requests: tuple[str, ...]
    """What Lidarr asked this Brainarr, in order."""
    before: Holding
    after: Holding
    statuses: dict[Status, int]

    @property
    def imported(self) -> list[tuple[str, str, bool]]:
        return list(self.after.albums[len(self.before.albums) :])


class StoryDocument(BaseModel):
    """`brainarr demo --json`."""

    sandbox: bool = True
    """Identifiers are invented; do not take them to a real Lidarr."""
    run: RunDocument
    approved: int
    sync: dict[str, Any]
    lidarr: dict[str, dict[str, int]]
    imported: list[dict[str, str | bool]]
    statuses: dict[str, int]
    seconds: float


def story_document(story: Story, seconds: float) -> StoryDocument:
    return StoryDocument(
        run=RunDocument.of_detail(story.run),
        approved=story.approved,
        sync={
            "message": story.synced.message,
            "items": story.synced.items,
            "albums_added": story.synced.albums,
            "failures": list(story.synced.fetch_failures),
            "requests": list(story.requests),
        },
        lidarr={"before": story.before.counts(), "after": story.after.counts()},
        imported=[
            {"artist": artist, "album": title, "monitored": monitored}
            for artist, title, monitored in story.imported
        ],
        statuses={str(status): count for status, count in story.statuses.items()},
        seconds=round(seconds, 2),
    )


def tell_start(out: Console) -> None:
    out.print(
        Panel(
            "A sandbox Lidarr and a sandbox catalogue run inside this one process: no keys, no network.\n"
            "The music is real; its [bold]identifiers and popularity are invented[/bold] for the sandbox.",
            title="[bold]Brainarr demo",
            border_style="cyan",
        )
    )


def tell_library(out: Console, library: Holding) -> None:
    _heading(out, 1, "A library in Lidarr")
    some = ", ".join(library.artists[:9])
    out.print(Text(f"{len(library.artists)} artists, {len(library.albums)} albums: {some} …"), soft_wrap=True)
    _heading(out, 2, "A run: ask, fuse, verify, score, choose, explain")


def tell_recommendations(out: Console, run: RunDetail) -> None:
    _heading(out, 3, "Recommendations, each with its reason")
    show_result(out, run)
    if run.recommendations:
        example = run.recommendations[0].recommendation
        out.print(
            Text(f"Sandbox identifiers: here {example.artist} is {example.artist_mbid}.", style="dim"),
            soft_wrap=True,
        )


def tell_end(out: Console, story: Story, seconds: float) -> None:
    _heading(out, 4, f"You approve {story.approved} of them; Lidarr fetches its list over HTTP")
    for request in story.requests:
        out.print(Text(f"  Lidarr  {request}", style="cyan"), soft_wrap=True)
    out.print(Text(f"  Lidarr  {story.synced.message}"), soft_wrap=True)
    for failure in story.synced.fetch_failures:
        out.print(Text(failure, style="red"))
    _heading(out, 5, "What Lidarr has now")
    out.print(_imported(story))
    out.print(_counts(story))
    statuses = ", ".join(f"{count} {status}" for status, count in story.statuses.items() if count)
    out.print(Text(f"Brainarr looked again and knows: {statuses}."))
    out.print()
    out.print(
        Panel(_next_steps(), title=f"[bold]Done in {seconds:.1f} s. Where to look next", border_style="cyan")
    )


def _heading(out: Console, number: int, title: str) -> None:
    out.print()
    out.rule(f"[bold]{number}  {title}", align="left", style="cyan")


def _imported(story: Story) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("New artist", "The one album that was asked for", "Monitored"):
        table.add_column(title, overflow="fold")
    for artist, album, monitored in story.imported:
        table.add_row(Text(artist), Text(album), Text("yes", style="green") if monitored else Text("no"))
    return table


def _counts(story: Story) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Lidarr")
    for title in ("before", "after"):
        table.add_column(title, justify="right")
    before, after = story.before.counts(), story.after.counts()
    for name, count in before.items():
        more = after[name] > count
        table.add_row(
            name.replace("_", " "), str(count), Text(str(after[name]), style="green" if more else "")
        )
    return table


def _next_steps() -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for what, why in _NEXT:
        table.add_row(Text(what, style="bold"), Text(why))
    return table
