"""Bars to both sides of a middle: what counts less, and what counts more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from brainarr.web.charts.frame import BAR, ROW, across, clean, listed, painted, picture, require_finite, short

_FOOT = 24


@dataclass(frozen=True)
class Leaning:
    """A value to the left of the middle (below 0) or to its right."""

    label: str
    value: float
    figure: str
    """The value as people read it."""


def leaning_bars(
    rows: Sequence[Leaning],
    *,
    title: str,
    description: str,
    ends: tuple[str, str] = ("less", "more"),
    reach: Callable[[float], float] = float,
) -> Markup:
    """In the given order. `ends` name the two sides; `reach` of the largest value is where the sides end.

    Raises ValueError for a value that is not finite.
    """
    for row in rows:
        require_finite(row.value, least=float("-inf"), what="leaning")
    side = reach(max((abs(row.value) for row in rows), default=0.0)) or 1.0
    height = ROW * len(rows) + _FOOT
    said = listed([f"{row.label}: {row.figure}" for row in rows])
    less, more = ends
    return picture(
        height,
        title,
        f"{description} {said}",
        (
            f'<line x1="50%" y1="0" x2="50%" y2="{height - 18}" stroke="currentColor" stroke-opacity="0.4"/>',
            f'<text x="0" y="{height - 4}" font-size="12" fill-opacity="0.75">← {clean(less)}</text>',
            f'<text x="100%" y="{height - 4}" font-size="12" fill-opacity="0.75" text-anchor="end">'
            f"{clean(more)} →</text>",
            *(_row(row, number * ROW, side) for number, row in enumerate(rows)),
        ),
    )


def _row(row: Leaning, y: int, side: float) -> str:
    width = min(1.0, abs(row.value) / side) / 2
    left = 0.5 - width if row.value < 0 else 0.5
    return (
        f"<g><title>{clean(row.label)}: {clean(row.figure)}</title>"
        f'<text x="0" y="{y + 16}">{clean(short(row.label))}</text>'
        f'<text x="100%" y="{y + 16}" text-anchor="end">{clean(row.figure)}</text>'
        f'<rect x="{across(left)}" y="{y + 22}" width="{across(width)}" height="{BAR}" rx="2"'
        f" {painted('bad' if row.value < 0 else 'good')}/></g>"
    )
