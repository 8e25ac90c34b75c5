"""What the user should know about a run beyond its numbers."""

from collections import Counter
from collections.abc import Sequence

from brainarr.domain.music import Library
from brainarr.domain.recommendation import (
    Judged,
    Outcome,
    ProviderReport,
    Recommendation,
    RunOptions,
    Verdict,
)
from brainarr.pipeline.topup import Round


def notes_on(
    library: Library,
    options: RunOptions,
    judged: Sequence[Judged],
    models: Sequence[ProviderReport],
    recommendations: Sequence[Recommendation],
    *,
    rounds: Round,
    in_style: int,
    stopped: bool,
) -> tuple[str, ...]:
    """`in_style`: how many of the recommendations are of the styles that were asked for."""
    notes: list[str] = []
    if library.from_snapshot:
        notes.append(
            f"Lidarr was away: this run used the library as of {library.read_at:%Y-%m-%d %H:%M} UTC."
        )
    if not library.artists:
        notes.append("The library is empty: there is nothing to find similar music for.")
    asked = [
        report for report in models if report.kind != "builtin" and report.outcome is not Outcome.NOT_NEEDED
    ]
    if asked and all(report.outcome is not Outcome.OK for report in asked):
        notes.append(
            "No model gave a usable answer: these recommendations come from similarity sources alone."
        )
    if unpaid := [report.name for report in models if report.outcome is Outcome.OVER_BUDGET]:
        names = " and ".join(unpaid)
        notes.append(f"The budget did not bear {names}: what runs at home, and similarity sources, went on.")
    counts = Counter(item.verdict for item in judged)
    if held := counts[Verdict.HELD]:
        notes.append(f"The metadata service was away: {held} candidates are held for the next run.")
    if rounds.number:
        notes.append(
            f"Too little of what models proposed could be used, so they were asked {rounds.number} more "
            + ("time." if rounds.number == 1 else "times.")
        )
    if rounds.discovery is not options.discovery:
        notes.append(
            "Most of what models proposed is known to you, so discovery was widened "
            f"from {options.discovery} to {rounds.discovery}."
        )
    if options.styles_include and in_style < len(recommendations):
        notes.append(
            f"{in_style} of {len(recommendations)} recommendations are of the styles you asked for: "
            "no more were found."
        )
    if stopped:
        notes.append("The run was stopped: this is what it had verified by then.")
    if not recommendations and library.artists:
        most = (
            ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common(3))
            or "no candidates at all"
        )
        notes.append(f"Nothing was kept: {most}.")
    return tuple(notes)
