"""brainarr evaluate: how good the recommendations are, on people whose further taste is known."""

import json as json_format
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brainarr.cli.start import run_async
from brainarr.domain.recommendation import Discovery
from brainarr.errors import ConfigurationError, Fault, StorageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from brainarr.service.evaluation.report import Evaluation, SystemReport
    from brainarr.similarity.dataset import Dataset
    from brainarr.similarity.metrics import Interval

_VALIDATION_SHARE = 0.1


def evaluate(
    dataset: Annotated[Path, typer.Argument(help="Folder with artists.tsv, trained.tsv, … (or .tsv.gz).")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    recommendations: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write every system's recommendations: user, rank, artist, system."
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the systems as an SVG file.")
    ] = None,
    compression: Annotated[
        bool, typer.Option("--compression", help="Measure what a compressed library still tells, instead.")
    ] = False,
    discovery: Annotated[
        Discovery, typer.Option(help="The novelty dial of the pipeline; its cost is what this shows.")
    ] = Discovery.SIMILAR,
    tune: Annotated[
        int | None,
        typer.Option(
            metavar="SEED",
            min=0,
            help="Hold a tenth out of `trained` and find that again; what is held out stays untouched.",
        ),
    ] = None,
) -> None:
    """Measure the recommendations on a data set: who finds again what was held out, with 95 % intervals."""
    from rich.console import Console

    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = max(out.width, 120)
    if compression:
        if recommendations or plot or tune is not None or discovery is not Discovery.SIMILAR:
            allowed = "no other option but --json: it recommends nothing"
            raise ConfigurationError(
                [Fault("--compression", "with options of the other measurement", allowed)]
            )
        _compression(out, dataset, json)
        return
    _writable({"--recommendations": recommendations, "--plot": plot})
    from brainarr.service.evaluation.report import document, judge, rows
    from brainarr.service.evaluation.systems import recommend_all
    from brainarr.service.evaluation.trial import Settings
    from brainarr.similarity.dataset import held_out_inside, read_dataset

    data = read_dataset(dataset)
    if tune is not None:
        data = held_out_inside(data, _VALIDATION_SHARE, tune)
    _useful(data, tune, dataset, {"--recommendations": recommendations, "--plot": plot})
    with out.status("") if out.is_terminal and not json else _Quiet() as status:

        def on_step(what: str, done: int, of: int) -> None:
            status.update(f"{what}: {done} of {of}")

        found = run_async(recommend_all(data, Settings(discovery=discovery), on_step))
    evaluation = judge(data, found)
    if recommendations is not None:
        _write_rows(recommendations, rows(data, found))
    if plot is not None:
        _write(plot, _drawn(evaluation))
    if json:
        typer.echo(json_format.dumps(document(evaluation), indent=2))
        return
    if evaluation.systems:
        out.print(_table(evaluation))
    else:
        out.print("Nothing is held out, so nothing was measured.")
    if evaluation.waste:
        out.print(_waste(evaluation))
    seconds = evaluation.seconds
    out.print(
        f"{evaluation.people} people, {evaluation.artists} artists. The filter was fitted in "
        f"{seconds['fit']:.1f} s and ranked for everybody in {seconds['rank']:.1f} s; "
        f"the stages of a run took {seconds['pipeline']:.0f} s."
    )


class _Quiet:
    """No status line: the output is for a program."""

    def __enter__(self) -> "_Quiet":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, _: str) -> None:
        return None


def _compression(out: "Console", dataset: Path, json: bool) -> None:
    from brainarr.cli.evaluate_compression import (
        compression_document,
        compression_report,
        compression_table,
    )
    from brainarr.wiring.build import counter_for

    report = compression_report(dataset, counter_for("gpt-5-mini"))
    if json:
        typer.echo(json_format.dumps(compression_document(report), indent=2))
    else:
        out.print(compression_table(report))


def _useful(data: "Dataset", tune: int | None, folder: Path, files: Mapping[str, Path | None]) -> None:
    if data.heldout is not None and data.heldout.nnz:
        return
    if tune is not None:
        allowed = "somebody with two artists in trained.tsv, to hold one of them out"
        raise ConfigurationError([Fault(str(folder), "nobody", allowed)])
    if files["--plot"] or not files["--recommendations"]:
        allowed = "a heldout.tsv to measure with, or only --recommendations FILE, to be measured elsewhere"
        raise ConfigurationError([Fault(str(folder), "without held-out artists", allowed)])


def _writable(files: Mapping[str, Path | None]) -> None:
    """Before minutes of work are lost."""
    faults = [
        Fault(option, str(path), "a file in a folder that exists")
        for option, path in files.items()
        if path is not None and (path.is_dir() or not path.parent.is_dir())
    ]
    if faults:
        raise ConfigurationError(faults)


def _write_rows(path: Path, rows: Iterable[tuple[str, int, str, str]]) -> None:
    lines = ("\t".join(map(str, row)) for row in rows)
    _write(path, "\n".join(("user\trank\tartist\tsystem", *lines)) + "\n")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}.") from error
    print(f"written: {path}", file=sys.stderr)


def _drawn(evaluation: "Evaluation") -> str:
    from brainarr.service.evaluation.trial import K
    from brainarr.web.charts import Bar, interval_bars

    ordered = sorted(evaluation.systems, key=lambda system: -system.recall.mean)
    return interval_bars(
        [
            Bar(
                system.name,
                system.recall.mean,
                system.recall.low,
                system.recall.high,
                accent=system.name.startswith("pipeline"),
            )
            for system in ordered
        ],
        title=f"Recall@{K} of each system",
        description=f"{evaluation.people} people, 95 % bootstrap intervals.",
        show=lambda value: f"{value:.3f}".removeprefix("0"),
    )


def _table(evaluation: "Evaluation") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    from brainarr.service.evaluation.report import BASELINE
    from brainarr.service.evaluation.trial import K

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("system")
    for title in (f"Recall@{K}", f"NDCG@{K}", f"less {BASELINE}", "coverage", "novelty", "genre KL"):
        table.add_column(title, justify="right")
    for system in evaluation.systems:
        table.add_row(escape(system.name), *_cells(system))
    return table


def _cells(system: "SystemReport") -> tuple[str, ...]:
    gain = system.recall_gain
    return (
        _with_interval(system.recall),
        _with_interval(system.ndcg),
        f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})",
        f"{system.coverage:.0%}",
        "–" if system.novelty is None else f"{system.novelty:.1f} bits",
        "–" if system.miscalibration is None else f"{system.miscalibration:.2f}",
    )


def _with_interval(value: "Interval") -> str:
    return f"{value.mean:.4f} ({value.low:.3f}–{value.high:.3f})"


def _waste(evaluation: "Evaluation") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("of what a model named")
    for title in ("names", "owned", "repeated", "unknown"):
        table.add_column(title, justify="right")
    for waste in evaluation.waste:
        shares = (waste.owned, waste.duplicate, waste.unknown)
        table.add_row(escape(waste.model), f"{waste.named:,}", *(f"{share:.1%}" for share in shares))
    return table
