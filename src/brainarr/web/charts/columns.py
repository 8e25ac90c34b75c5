"""Upright columns over decades, or over the days of a month."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from brainarr.web.charts.frame import (
    across,
    clean,
    listed,
    painted,
    picture,
    require_finite,
    round_steps,
)
from brainarr.web.figures import percent

_HEAD, _PLOT, _FOOT = 22, 150, 24
_MOST_FIGURES = 9
"""Columns above which a figure each still fits on a phone."""


@dataclass(frozen=True)
class Column:
    """One value of at least 0."""

    label: str
    """In full, for words and tables."""
    value: float
    tick: str = ""
    """What stands below it; "" where that is too much on a phone."""
    accent: bool = False


def columns(
    rows: Sequence[Column], *, title: str, description: str, show: Callable[[float], str] = percent
) -> Markup:
    """One column for each, in the given order; as for `interval_bars` otherwise."""
    for row in rows:
        require_finite(row.value, what="column")
    ticks = round_steps(max((row.value for row in rows), default=0.0))
    told = [f"{row.label}: {show(row.value)}" for row in rows if row.value]
    said = listed(told) if told else "Nothing."
    figures = len(rows) <= _MOST_FIGURES
    return picture(
        _HEAD + _PLOT + _FOOT,
        title,
        f"{description} {said}",
        (
            # With a figure above each column the axis needs none.
            *(_level(tick, tick / ticks[-1], show, named=not figures) for tick in ticks),
            *(
                _column(row, number, len(rows), ticks[-1], show, figures=figures)
                for number, row in enumerate(rows)
            ),
        ),
    )


def _column(
    row: Column, number: int, count: int, top: float, show: Callable[[float], str], *, figures: bool
) -> str:
    share = row.value / top
    height = max(round(_PLOT * share, 1), 1.0 if row.value else 0.0)
    y = round(_HEAD + _PLOT - height, 1)
    middle = across((number + 0.5) / count)
    weight = ' font-weight="600"' if row.accent else ""
    parts = [
        f"<g><title>{clean(row.label)}: {clean(show(row.value))}</title>",
        f'<rect x="{across((number + 0.12) / count)}" y="{y}" width="{across(0.76 / count)}"'
        f' height="{height}" rx="2" {painted("accent" if row.accent else "plain")}/>',
    ]
    if figures and row.value:
        parts.append(
            f'<text x="{middle}" y="{y - 6}" font-size="12" text-anchor="middle"{weight}>'
            f"{clean(show(row.value))}</text>"
        )
    if row.tick:
        parts.append(
            f'<text x="{middle}" y="{_HEAD + _PLOT + 17}" font-size="12" text-anchor="middle"{weight}>'
            f"{clean(row.tick)}</text>"
        )
    return "".join((*parts, "</g>"))


def _level(value: float, share: float, show: Callable[[float], str], *, named: bool) -> str:
    y = round(_HEAD + _PLOT * (1 - share), 1)
    line = f'<line x1="0" y1="{y}" x2="100%" y2="{y}" stroke="currentColor" stroke-opacity="0.15"/>'
    if not named or not value:
        return line
    return (
        f'{line}<text x="100%" y="{y - 4}" font-size="12" fill-opacity="0.75" text-anchor="end">'
        f"{clean(show(value))}</text>"
    )
