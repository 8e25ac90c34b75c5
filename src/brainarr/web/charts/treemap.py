"""Areas that fill a rectangle: the parts of a whole, each as large as its share.

Squarified: M. Bruls, K. Huizing, J. J. van Wijk, "Squarified Treemaps", VisSym 2000,
https://doi.org/10.1007/978-3-7091-6783-0_4
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from brainarr.web.charts.frame import across, clean, listed, picture, require_finite
from brainarr.web.figures import percent

_HEIGHT = 320
_WIDE = 2.0
"""How much wider than high it is taken to be: between a phone and a desk."""
_PHONE, _DESK = 320, 760
"""Pixels that it is wide at least, on each."""
_SMALLEST_NAMED = 0.14
"""Share of the width below which a name has no room on a phone."""
_LOWEST_NAMED = 0.13
_GAP = 0.004
_INVISIBLE = 1e-6
"""What is smaller is less than a pixel: it is said, not drawn."""
_PALEST, _DEEPER = 0.1, 0.28
"""Opacities: the colour is deepest in the largest tile, and text keeps 4.5:1 on it."""


@dataclass(frozen=True)
class Tile:
    """One part; `weight` is at least 0, in any unit."""

    label: str
    weight: float
    second: str = ""
    """A line below the label."""


@dataclass(frozen=True)
class Place:
    """Where a tile lies, in shares of the whole: from 0 to 1."""

    x: float
    y: float
    width: float
    height: float


def treemap(
    tiles: Sequence[Tile], *, title: str, description: str, show: Callable[[float], str] = percent
) -> Markup:
    """The tiles, largest first, as one `<svg>`; `show` writes a share of the whole.

    Raises ValueError for a weight that is negative or not finite.
    """
    for tile in tiles:
        require_finite(tile.weight, what="tile")
    whole = sum(tile.weight for tile in tiles)
    there = sorted((tile for tile in tiles if tile.weight), key=lambda tile: -tile.weight)
    said = listed([f"{tile.label}: {show(tile.weight / whole)}" for tile in there])
    there = [tile for tile in there if tile.weight / whole >= _INVISIBLE]
    shares = [tile.weight / whole for tile in there]
    return picture(
        _HEIGHT,
        title,
        f"{description} {said}",
        (
            _tile(tile, share, place, show, _PALEST + _DEEPER * share / shares[0])
            for tile, share, place in zip(there, shares, squarify(shares), strict=True)
        ),
    )


def squarify(shares: Sequence[float]) -> list[Place]:
    """A place for each of `shares`, which are at least 1e-9, fall, and sum to 1: as near to squares as may
    be."""
    places: list[Place] = []
    x, y, width, height = 0.0, 0.0, _WIDE, 1.0
    rest = [share * _WIDE for share in shares]
    while rest:
        # Sums of floats: what is left may be below nothing by a rounding.
        side = max(min(width, height), 1e-9)
        count = 1
        while count < len(rest) and _worst(rest[: count + 1], side) <= _worst(rest[:count], side):
            count += 1
        row, rest = rest[:count], rest[count:]
        thick = sum(row) / side
        along = 0.0
        for area in row:
            length = area / thick
            if width >= height:
                places.append(Place(x / _WIDE, y + along, thick / _WIDE, length))
            else:
                places.append(Place((x + along) / _WIDE, y, length / _WIDE, thick))
            along += length
        if width >= height:
            x, width = x + thick, width - thick
        else:
            y, height = y + thick, height - thick
    return places


def _worst(row: Sequence[float], side: float) -> float:
    """The least square of these areas, laid along `side`: longer to shorter edge, at least 1."""
    thick = sum(row) / side
    return max(max(area / thick / thick, thick * thick / area) for area in row)


def _tile(tile: Tile, share: float, place: Place, show: Callable[[float], str], depth: float) -> str:
    # A nested <svg> cuts off what is too long for it; on a phone it had better say nothing.
    look = ' class="cramped"' if 16 + 9 * len(tile.label) > place.width * _PHONE else ""
    named = place.width >= _SMALLEST_NAMED and place.height >= _LOWEST_NAMED
    lines = ""
    if named:
        lines = f'<text x="8" y="20" class="on" font-weight="600">{clean(tile.label)}</text>'
        lines += f'<text x="8" y="38" class="on" font-size="12">{clean(show(share))}</text>'
        roomy = 16 + 7 * len(tile.second) <= place.width * _DESK
        if tile.second and roomy and place.height >= 2 * _LOWEST_NAMED:
            lines += f'<text x="8" y="56" class="on" font-size="12">{clean(tile.second)}</text>'
    return (
        f"<g><title>{clean(tile.label)}: {clean(show(share))}</title>"
        f'<svg x="{across(place.x)}" y="{across(place.y)}" width="{across(place.width - _GAP)}"'
        f' height="{across(place.height - 2 * _GAP)}"{look}>'
        '<rect width="100%" height="100%" rx="4" class="tile" fill="#4a7fd4"'
        f' fill-opacity="{depth:.2f}"/>{lines}</svg></g>'
    )
