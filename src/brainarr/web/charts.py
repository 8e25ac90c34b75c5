"""Charts as SVG text: no script, no style sheet, the colours of the page they stand in, any width.

Positions across are percentages, and text keeps its size: a phone gets shorter bars, not smaller letters.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from brainarr.web.figures import percent

# Both keep a contrast of 3:1 or better (WCAG 2.2, 1.4.11) against white and against a nearly black page.
_PLAIN, _ACCENT = "#7d8798", "#4a7fd4"
_ROW, _BAR, _FOOT = 46, 14, 24
_LABEL_LENGTH = 32
"""Characters beside which the value still fits on a phone (320 pixels, 14 pixel letters)."""
_STEPS = (1, 2, 2.5, 5, 10)
# What no XML document may hold, escaped or not: https://www.w3.org/TR/xml/#charsets
_NO_CHARACTER = re.compile("[^\\t\\n\\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Bar:
    """One value of at least 0; `low` and `high` are the ends of its interval, None where there is none."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    accent: bool = False
    """Whether it is the one to look at."""


def interval_bars(
    rows: Sequence[Bar], *, title: str, description: str, show: Callable[[float], str] = percent
) -> str:
    """Horizontal bars with their intervals, in the given order, as one `<svg>` for a page or a file.

    `title` and `description` are what a screen reader says of the picture; `show` writes a value. Every text
    is escaped here. Raises ValueError for a value that is negative or not finite.
    """
    top, ticks = _axis(max((max(row.value, row.high or 0.0) for row in rows), default=0.0), rows)
    height = _ROW * len(rows) + _FOOT
    said = "; ".join(f"{row.label}: {_figure(row, show)}" for row in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="100%" height="{height}"'
        ' font-family="system-ui, sans-serif" font-size="14" fill="currentColor">',
        f"<title>{_text(title)}</title>",
        f"<desc>{_text(description)} {_text(said)}</desc>",
        *(_tick(tick, tick / top, height, show) for tick in ticks),
        *(_row(row, number * _ROW, top, show) for number, row in enumerate(rows)),
        "</svg>",
    ]
    return "\n".join(parts)


def _row(row: Bar, y: int, top: float, show: Callable[[float], str]) -> str:
    label = row.label if len(row.label) <= _LABEL_LENGTH else f"{row.label[: _LABEL_LENGTH - 1]}…"
    weight = ' font-weight="600"' if row.accent else ""
    colour = _ACCENT if row.accent else _PLAIN
    bar = y + 22
    parts = [
        f"<g><title>{_text(row.label)}: {_text(_figure(row, show))}</title>",
        f'<text x="0" y="{y + 16}"{weight}>{_text(label)}</text>',
        f'<text x="100%" y="{y + 16}" text-anchor="end"{weight}>{_text(show(row.value))}</text>',
        f'<rect x="0" y="{bar}" width="{_across(row.value / top)}" height="{_BAR}" rx="2" fill="{colour}"/>',
    ]
    if row.low is not None and row.high is not None:
        middle = bar + _BAR // 2
        left, right = _across(row.low / top), _across(row.high / top)
        lines = [(left, middle, right, middle)]
        lines += [(end, bar + 2, end, bar + _BAR - 2) for end in (left, right)]
        parts += [
            f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="currentColor" stroke-width="2"/>'
            for x1, y1, x2, y2 in lines
        ]
    return "".join((*parts, "</g>"))


def _tick(value: float, share: float, height: int, show: Callable[[float], str]) -> str:
    anchor = "start" if share == 0 else "end" if share > 0.95 else "middle"
    x = _across(share)
    return (
        f'<line x1="{x}" y1="0" x2="{x}" y2="{height - 18}" stroke="currentColor" stroke-opacity="0.15"/>'
        f'<text x="{x}" y="{height - 4}" font-size="12" fill-opacity="0.75" text-anchor="{anchor}">'
        f"{_text(show(value))}</text>"
    )


def _axis(highest: float, rows: Sequence[Bar]) -> tuple[float, list[float]]:
    """Where the axis ends, and its three to six round values from 0 up."""
    for row in rows:
        for number in (row.value, row.low, row.high):
            if number is not None and not (math.isfinite(number) and number >= 0):
                raise ValueError(f"a bar needs finite values of at least 0: {row}")
    if not highest:
        return 1.0, [0.0, 0.5, 1.0]
    magnitude = 10.0 ** math.floor(math.log10(highest / 4))
    step = next(magnitude * factor for factor in _STEPS if magnitude * factor * 5 >= highest)
    count = math.ceil(highest / step - 1e-9)
    return step * count, [step * number for number in range(count + 1)]


def _figure(row: Bar, show: Callable[[float], str]) -> str:
    if row.low is None or row.high is None:
        return show(row.value)
    return f"{show(row.value)} ({show(row.low)} to {show(row.high)})"


def _across(share: float) -> str:
    return f"{min(1.0, share) * 100:.2f}%"


def _text(text: str) -> str:
    return escape(_NO_CHARACTER.sub("", text))
