"""brainarr similarity: the collaborative filter, trained on listens that you have."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from brainarr.similarity.artifact import Artifact, Header
    from brainarr.similarity.exports import ReadReport

app = typer.Typer(help="Train the collaborative filter, and look into it.", no_args_is_help=True)


class Model(StrEnum):
    EASE = "ease"
    RP3BETA = "rp3beta"
    SPECTRAL = "spectral"
    BM25 = "bm25"


class Engine(StrEnum):
    LOCAL = "local"
    DUCKDB = "duckdb"
    SPARK = "spark"


@app.command()
def build(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Files and folders of listens (docs/similarity.md)."),
    ],
    output: Annotated[Path, typer.Option(metavar="DIR", help="The folder that the filter is put into.")],
    engine: Annotated[
        Engine, typer.Option(help="local: in memory; duckdb: files larger than memory; spark: a cluster.")
    ] = Engine.LOCAL,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Add these people to the filter in DIR, or replace them there.")
    ] = False,
    least_listeners: Annotated[
        int | None, typer.Option(min=1, max=1_000, help="Artists with fewer listeners are left out (5).")
    ] = None,
    least_artists: Annotated[
        int | None, typer.Option(min=2, max=1_000, help="People with fewer artists are left out (5).")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=10, max=1_000, help="Neighbours that are kept of each artist (200).")
    ] = None,
    model: Annotated[
        list[Model] | None,
        typer.Option(help="A model that votes; may be repeated. Unset: ease, rp3beta and spectral."),
    ] = None,
) -> None:
    """Train the filter on listens: your own, your household's, or a public dump."""
    import msgspec

    from brainarr.errors import ConfigurationError, Fault
    from brainarr.similarity import build as building
    from brainarr.similarity.artifact import prepare
    from brainarr.similarity.recipe import Recipe
    from brainarr.wiring.build import utc_now

    wishes = {"least_listeners": least_listeners, "least_artists": least_artists, "keep": keep}
    given: dict[str, object] = {name: wish for name, wish in wishes.items() if wish is not None}
    if model:
        given["weights"] = {str(name): 1.0 for name in model}
    if refresh and given:
        options = ", ".join(f"--{'model' if name == 'weights' else name.replace('_', '-')}" for name in given)
        raise ConfigurationError(
            [Fault(options, "with --refresh", "a new build: a refresh trains as it did")]
        )
    recipe = msgspec.structs.replace(Recipe(), **given)
    prepare(output)
    if engine is Engine.SPARK:
        from brainarr.similarity.cluster import build_on_spark

        if refresh:
            raise ConfigurationError([Fault("--refresh", "with --engine spark", "--engine local or duckdb")])
        header, report = build_on_spark(inputs, recipe, output, trained_at=utc_now())
    else:
        if engine is Engine.DUCKDB:
            from brainarr.similarity.bulk import read_bulk as read
        else:
            from brainarr.similarity.exports import read_files as read
        _say(f"Reading {', '.join(map(str, inputs))}")
        listening, report = read(inputs)
        people, artists = listening.plays.shape
        _say(f"Training on {people:,} people, {artists:,} artists, {listening.plays.nnz:,} pairs")
        if refresh:
            header = building.refresh(output, listening, trained_at=utc_now(), engine=engine)
        else:
            header = building.build(listening, recipe, output, trained_at=utc_now(), engine=engine)
    _say_skipped(report)
    typer.echo(f"{output}: {_summary(header)}")


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `build` has made.")],
    artist: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who is nearest to this artist, by name or MBID.")
    ] = None,
    most: Annotated[int, typer.Option(min=1, max=1_000, help="How many are shown.")] = 20,
) -> None:
    """Say what a filter was trained on, check that it is whole, and who is near whom."""
    from brainarr.similarity.artifact import load
    from brainarr.similarity.verify import verify

    found = load(folder)
    verify(found)
    if artist is None:
        typer.echo(_summary(found.header))
        typer.echo(
            f"Trained {found.header.trained_at:%Y-%m-%d %H:%M} UTC by the {found.header.engine} engine."
        )
        for model in found.header.models:
            typer.echo(f"{model.name}: weight {model.weight:g}, fitted to {model.people:,} people")
        return
    _show_nearest(found, artist, most)


def _show_nearest(found: "Artifact", artist: str, most: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from brainarr.domain.music import parse_mbid
    from brainarr.errors import NotFound
    from brainarr.similarity.ranking import Owned, rank

    mbid = parse_mbid(artist)
    columns = (found.columns_of_mbids([mbid]) if mbid else found.columns_of_name(artist)).tolist()
    columns = [column for column in columns if column >= 0]
    if not columns:
        raise NotFound(
            f"{artist!r:.100}: not in this filter.", remedy="It had too few listeners, or is spelt otherwise."
        )
    if len(columns) > 1:
        same = ", ".join(found.mbid(column) or found.name(column) for column in columns)
        raise NotFound(
            f"{artist!r:.100}: {len(columns)} artists have this name.", remedy=f"Name one: {same}."
        )
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for title, justify in (("", "right"), ("Near", "left"), ("Listeners", "right"), ("MBID", "left")):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    owned = Owned(found.mbid(columns[0]), found.name(columns[0]))
    for place, near in enumerate(rank(found, [owned], most), start=1):
        table.add_row(str(place), Text(near.name), str(near.listeners), near.mbid or "")
    Console(highlight=False).print(table)


def _summary(header: "Header") -> str:
    return f"{header.artists:,} artists, {header.people:,} people, {header.interactions:,} pairs"


def _say_skipped(report: "ReadReport") -> None:
    if report.skipped:
        _say(f"{report.skipped:,} of {report.lines:,} lines could not be used:")
        for bad in report.first_skipped:
            _say(f"  {bad}")
        if report.unlisted:
            _say(f"  and {report.unlisted:,} more")


def _say(text: str) -> None:
    # What stands in a file is shown as text, never as a command to the terminal.
    print("".join(char if char.isprintable() else "�" for char in text), file=sys.stderr)
