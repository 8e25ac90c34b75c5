"""A run's result for the eyes of a person."""

from collections.abc import Mapping, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from brainarr.domain.money import dollars
from brainarr.domain.recommendation import Outcome, ProviderReport, Status, Verdict
from brainarr.service.estimate import RunEstimate
from brainarr.service.runs import RunDetail
from brainarr.store.recommendations import RecommendationRow


def show_result(out: Console, detail: RunDetail) -> None:
    """Recommendations with their reasons, then the verdicts, the providers and the notes."""
    found = detail.recommendations
    out.print(_recommendations(found) if found else Text("Nothing was recommended.", style="bold"))
    if detail.verdicts:
        out.print(Text(f"Verdicts: {_verdicts(detail.verdicts)}"))
    if detail.providers:
        out.print(_providers(detail.providers))
    for note in detail.run.notes:
        out.print(Text(note, style="yellow"))
    if detail.run.dry_run:
        out.print(Text("This was a dry run: nothing was stored."))
    elif any(row.status is Status.PENDING for row in found):
        out.print(Text("They wait for your approval (or set recommend.approval: auto)."))


def _recommendations(rows: Sequence[RecommendationRow]) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold", expand=True)
    table.add_column("", justify="right", style="dim")
    table.add_column("Recommended", ratio=2, overflow="fold")
    table.add_column("Score", justify="right")
    table.add_column("Why", ratio=3, overflow="fold")
    for place, row in enumerate(rows, start=1):
        item = row.recommendation
        title = Text(item.artist, style="bold")
        if item.album:
            title.append(f"\n{item.album}", style="not bold italic")
        if item.year:
            title.append(f" ({item.year})", style="not bold")
        genres = Text(", ".join(item.genres[:3]), style="dim")
        table.add_row(str(place), Text.assemble(title, "\n", genres), f"{item.score:.2f}", Text(item.reason))
    return table


def _verdicts(counts: Mapping[Verdict, int]) -> str:
    most_first = sorted(counts.items(), key=lambda item: (item[0] is not Verdict.KEPT, -item[1]))
    return ", ".join(f"{count} {verdict}" for verdict, count in most_first)


def _providers(reports: Sequence[ProviderReport]) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("Provider")
    table.add_column("Outcome")
    table.add_column("Proposals", justify="right")
    table.add_column("Cost", justify="right")
    table.add_column("", overflow="fold")
    for report in reports:
        fine = report.outcome in (Outcome.OK, Outcome.EMPTY, Outcome.NOT_NEEDED)
        table.add_row(
            Text(report.name),
            Text(report.outcome, style="green" if fine else "red"),
            str(report.candidates or ""),
            _cost(report),
            Text(report.detail),
        )
    return table


def _cost(report: ProviderReport) -> str:
    if report.cost_microdollars is None:
        return "unpriced"
    return f"${report.cost_microdollars / 1_000_000:.4f}" if report.cost_microdollars else ""


def estimate_lines(estimate: RunEstimate) -> list[Text]:
    """What asking each model once may cost at most; nothing where the chain has no model."""
    lines: list[Text] = []
    for call in estimate.calls:
        if call.kind == "builtin":
            continue
        if call.problem:
            said = call.problem
        else:
            cost = (
                "unpriced" if call.cost_microdollars is None else f"at most {dollars(call.cost_microdollars)}"
            )
            said = f"{call.prompt_tokens:,} + {call.output_tokens:,} tokens, {cost}"
        over = "" if estimate.affordable(call) else " (over budget)"
        lines.append(Text(f"Estimate  {call.name}: {said}{over}", style="dim"))
    return lines
