"""Horizontal bars, with the intervals in which their values lie and what each is held against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from brainarr.web.charts.frame import (
    BAR,
    ROW,
    across,
    clean,
    listed,
    painted,
    picture,
    require_finite,
    round_steps,
    short,
)
from brainarr.web.figures import percent

_FOOT = 24


@dataclass(frozen=True)
class Bar:
    """One value of at least 0; `low` and `high` are the ends of its interval, None where there is none."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    accent: bool = False
    """Whether it is the one to look at."""
    before: float | None = None
    """What it was, or is held against."""


def interval_bars(
    rows: Sequence[Bar],
    *,
    title: str,
    description: str,
    show: Callable[[float], str] = percent,
    before: str = "before",
) -> Markup:
    """Bars in the given order, as one `<svg>` for a page or a file.

    `title` and `description` are what a screen reader says of the picture; `show` writes a value, `before`
    is what `Bar.before` is called. Every text is escaped here. Raises ValueError for a value that is
    negative or not finite.
    """
    for row in rows:
        require_finite(row.value, row.low, row.high, row.before, what="bar")
    ticks = round_steps(
        max((max(row.value, row.high or 0.0, row.before or 0.0) for row in rows), default=0.0)
    )
    top = ticks[-1]
    height = ROW * len(rows) + _FOOT
    said = listed([f"{row.label}: {_figure(row, show, before)}" for row in rows])
    return picture(
        height,
        title,
        f"{description} {said}",
        (
            *(_tick(tick, tick / top, height, show) for tick in ticks),
            *(_row(row, number * ROW, top, show, before) for number, row in enumerate(rows)),
        ),
    )


def _row(row: Bar, y: int, top: float, show: Callable[[float], str], before: str) -> str:
    weight = ' font-weight="600"' if row.accent else ""
    bar = y + 22
    parts = [
        f"<g><title>{clean(row.label)}: {clean(_figure(row, show, before))}</title>",
        f'<text x="0" y="{y + 16}"{weight}>{clean(short(row.label))}</text>',
        f'<text x="100%" y="{y + 16}" text-anchor="end"{weight}>{clean(show(row.value))}</text>',
        f'<rect x="0" y="{bar}" width="{across(row.value / top)}" height="{BAR}" rx="2"'
        f" {painted('accent' if row.accent else 'plain')}/>",
    ]
    lines: list[tuple[str, int, str, int]] = []
    if row.low is not None and row.high is not None:
        middle = bar + BAR // 2
        left, right = across(row.low / top), across(row.high / top)
        lines.append((left, middle, right, middle))
        lines += [(end, bar + 2, end, bar + BAR - 2) for end in (left, right)]
    if row.before is not None:
        at = across(row.before / top)
        parts.append(
            f'<line x1="{at}" y1="{bar - 4}" x2="{at}" y2="{bar + BAR + 4}" class="before"'
            ' stroke="currentColor" stroke-width="3" stroke-opacity="0.55"/>'
        )
    parts += [
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="currentColor" stroke-width="2"/>'
        for x1, y1, x2, y2 in lines
    ]
    return "".join((*parts, "</g>"))


def _tick(value: float, share: float, height: int, show: Callable[[float], str]) -> str:
    anchor = "start" if share == 0 else "end" if share > 0.95 else "middle"
    x = across(share)
    return (
        f'<line x1="{x}" y1="0" x2="{x}" y2="{height - 18}" stroke="currentColor" stroke-opacity="0.15"/>'
        f'<text x="{x}" y="{height - 4}" font-size="12" fill-opacity="0.75" text-anchor="{anchor}">'
        f"{clean(show(value))}</text>"
    )


def _figure(row: Bar, show: Callable[[float], str], before: str) -> str:
    said = show(row.value)
    if row.low is not None and row.high is not None:
        said = f"{said} ({show(row.low)} to {show(row.high)})"
    return said if row.before is None else f"{said}, {before} {show(row.before)}"
