"""How much of something is used up, how far it will go, and the marks on the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from brainarr.web.charts.frame import across, clean, listed, painted, picture, require_finite

_THICK, _LINE = 28, 20


@dataclass(frozen=True)
class Mark:
    """A value that means something, such as a budget."""

    label: str
    value: float


def gauge(
    value: float,
    marks: Sequence[Mark],
    *,
    title: str,
    description: str,
    show: Callable[[float], str],
    ahead: float | None = None,
    tone: str = "accent",
) -> Markup:
    """`value` as a bar from 0, faintly on to `ahead` where it is expected to end; a line for each mark.

    All of them are at least 0 and finite, else ValueError. `tone`: accent, good, warn or bad.
    """
    require_finite(value, ahead, *(mark.value for mark in marks), what="gauge")
    top = max(value, ahead or 0.0, *(mark.value for mark in marks)) or 1.0
    # A mark at the very end would lose half of its line.
    top *= 1.02
    bars = [f'<rect x="0" y="0" width="100%" height="{_THICK}" rx="4" class="rail" fill-opacity="0.12"/>']
    if ahead is not None and ahead > value:
        width = across((ahead - value) / top)
        bars.append(
            f'<rect x="{across(value / top)}" y="0" width="{width}" height="{_THICK}" '
            f'{painted(tone)} fill-opacity="0.35"/>'
        )
    bars.append(f'<rect x="0" y="0" width="{across(value / top)}" height="{_THICK}" rx="4" {painted(tone)}/>')
    said = listed([f"{mark.label}: {show(mark.value)}" for mark in marks])
    return picture(
        _THICK + _LINE * len(marks) + 8,
        title,
        f"{description} {said}".strip(),
        (*bars, *(_mark(mark, number, top, show) for number, mark in enumerate(marks))),
    )


def _mark(mark: Mark, number: int, top: float, show: Callable[[float], str]) -> str:
    share = mark.value / top
    y = _THICK + _LINE * (number + 1)
    x = across(share)
    # Beside its line, on the side where there is room.
    anchor, beside = ("end", "-6") if share > 0.5 else ("start", "6")
    return (
        f'<line x1="{x}" y1="0" x2="{x}" y2="{y}" stroke="currentColor" stroke-width="2"/>'
        f'<text x="{x}" y="{y}" dx="{beside}" font-size="13" text-anchor="{anchor}">'
        f"{clean(mark.label)}: {clean(show(mark.value))}</text>"
    )
