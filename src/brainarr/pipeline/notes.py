"""What the user should know about a run beyond its numbers."""

from collections import Counter
from collections.abc import Sequence

from brainarr.domain.music import Library
from brainarr.domain.novelty import novelty_note
from brainarr.domain.recommendation import (
    Discovery,
    Judged,
    Outcome,
    ProviderReport,
    Recommendation,
    RunOptions,
    Verdict,
)
from brainarr.pipeline.caps import overruns
from brainarr.pipeline.topup import Round


def notes_on(
    library: Library,
    options: RunOptions,
    judged: Sequence[Judged],
    models: Sequence[ProviderReport],
    recommendations: Sequence[Recommendation],
    *,
    rounds: Round,
    fitting: int,
    wording: str,
    stopped: bool,
) -> tuple[str, ...]:
    """`fitting`: how many of the recommendations are of the styles and decades that were asked for.
    `wording`: what is to be said of the reasons in a model's words."""
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
    if options.leans and fitting < len(recommendations):
        styles = "of the styles" if options.styles_include else ""
        decades = "from the decades" if options.decades_include else ""
        leaning = " and ".join(part for part in (styles, decades) if part)
        notes.append(
            f"{fitting} of {len(recommendations)} recommendations are {leaning} you asked for: "
            "no more were found."
        )
    if over := overruns(recommendations, options.caps):
        why = "what you asked for comes first, and" if options.leans else "of what was verified,"
        notes.append(f"{'; '.join(over)}: {why} nothing else was left.")
    if rounds.discovery is Discovery.EXPLORATORY:
        notes.append(novelty_note(rounds.discovery))
    if wording:
        notes.append(wording)
    if stopped:
        notes.append("The run was stopped: this is what it had verified by then.")
    if not recommendations and library.artists:
        most = (
            ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common(3))
            or "no candidates at all"
        )
        notes.append(f"Nothing was kept: {most}.")
    return tuple(notes)
