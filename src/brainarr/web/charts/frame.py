"""What all charts stand in: one `<svg>` that is as wide as its page, with its words for a screen reader.

Positions across are percentages, and text keeps its size: a phone gets shorter bars, not smaller letters.
Each shape has a class, which a page colours by its tokens, and the colour that a file without a style sheet
shows: a presentation attribute yields to any style sheet (https://www.w3.org/TR/SVG2/styling.html).
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

ROW, BAR = 46, 14
"""Heights of a row and of the bar in it, in pixels."""
LABEL_LENGTH = 32
"""Characters beside which the value still fits on a phone (320 pixels, 14 pixel letters)."""
_NOTHING = 1e-12
"""What is smaller is drawn as 0."""
_STEPS = (1, 2, 5, 10)
# All keep a contrast of 3:1 or better (WCAG 2.2, 1.4.11) against white and against a nearly black page.
_COLOURS = {
    "plain": "#7d8798",
    "accent": "#4a7fd4",
    "good": "#2f9462",
    "bad": "#d0564c",
    "warn": "#b07d1a",
}
# What no XML document may hold, escaped or not: https://www.w3.org/TR/xml/#charsets
_NO_CHARACTER = re.compile("[^\\t\\n\\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Chart:
    """A picture with its title and the same figures as a table, for whoever reads rather than looks."""

    title: str
    picture: Markup
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    """How to read it, where that does not go without saying."""


def picture(height: int, title: str, description: str, shapes: Iterable[str]) -> Markup:
    """One `<svg>`; `title` and `description` are what a screen reader says of it."""
    # Every text in `shapes` has gone through `clean`.
    return Markup(  # noqa: S704
        "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="100%" height="{height}"'
                ' font-family="system-ui, sans-serif" font-size="14" fill="currentColor">',
                f"<title>{clean(title)}</title>",
                f"<desc>{clean(description)}</desc>",
                *shapes,
                "</svg>",
            )
        )
    )


def painted(tone: str) -> str:
    """The attributes that give a shape the colour of that tone."""
    return f'class="mark {tone}" fill="{_COLOURS[tone]}"'


def round_steps(highest: float) -> list[float]:
    """Three to six round values from 0 up, the last of them `highest` or a little more."""
    if highest < _NOTHING:
        return [0.0, 0.5, 1.0]
    magnitude = 10.0 ** math.floor(math.log10(highest / 4))
    step = next(magnitude * factor for factor in _STEPS if magnitude * factor * 5 >= highest)
    count = math.ceil(highest / step - 1e-9)
    return [step * number for number in range(count + 1)]


def require_finite(*numbers: float | None, least: float = 0.0, what: str = "chart") -> None:
    """Raises ValueError for what has no place on an axis."""
    for number in numbers:
        if number is not None and not (math.isfinite(number) and number >= least):
            raise ValueError(f"a {what} needs finite values of at least {least:g}: {number}")


def across(share: float) -> str:
    return f"{max(0.0, min(1.0, share)) * 100:.2f}%"


def clean(text: str) -> str:
    """Escaped, without what no document may hold."""
    return str(escape(_NO_CHARACTER.sub("", text)))


def short(text: str, length: int = LABEL_LENGTH) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def listed(said: Sequence[str]) -> str:
    return "; ".join(said)
