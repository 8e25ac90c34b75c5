"""Covers drawn by ourselves, for what has no picture: the same one for the same identifier, always."""

from hashlib import blake2b
from math import cos, pi, sin

from markupsafe import escape

from brainarr.domain.names import clean_name, name_words

POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Whoever opens it as a document gets a drawing that can do nothing."""

_SIDE = 500
_HUES = (4, 22, 150, 168, 184, 200, 216, 232, 250, 268, 290, 318, 340)
"""Apart enough to tell neighbours by; yellows and yellow-greens, which turn to mud in the dark, are left
out."""
_TURNS = (-55, -32, 32, 55)
"""To the second tone: near enough that what lies between them is a colour too."""


def draw(identifier: str, name: str | None, size: int) -> bytes:
    """An SVG of `size` pixels. `name`: whose initials stand on it, where that is known."""
    dice = blake2b(identifier.encode(), digest_size=32).digest()
    hue = _HUES[dice[0] % len(_HUES)]
    other = (hue + _TURNS[dice[1] % 4]) % 360
    pattern = (_rings, _wave, _bars, _orbits)[dice[2] % 4]
    angle = dice[3] % 8 * 45
    initials = _initials(name)
    height = 120 if len(initials) < 3 else 96
    text = (
        f'<text x="40" y="452" font-family="system-ui, sans-serif" font-size="{height}" font-weight="700" '
        f'letter-spacing="-4" fill="#fff" fill-opacity=".94">{escape(initials)}</text>'
    )
    # Middling lightness: it stands on a white page as well as on a black one.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE} {_SIDE}" width="{size}" '
        f'height="{size}"><defs><linearGradient id="g" gradientTransform="rotate({angle} .5 .5)">'
        f'<stop offset="0" stop-color="hsl({hue} 52% 46%)"/>'
        f'<stop offset="1" stop-color="hsl({other} 58% 25%)"/></linearGradient>'
        '<linearGradient id="s" x2="0" y2="1"><stop offset=".55" stop-opacity="0"/>'
        '<stop offset="1" stop-opacity=".38"/></linearGradient></defs>'
        f'<rect width="{_SIDE}" height="{_SIDE}" fill="url(#g)"/>'
        f'<g fill="none" stroke="#fff" stroke-opacity=".26" stroke-width="5" stroke-linecap="round">'
        f"{pattern(dice[4:])}</g>"
        f'<rect width="{_SIDE}" height="{_SIDE}" fill="url(#s)"/>{text}</svg>'
    ).encode()


def _initials(name: str | None) -> str:
    """Of at most three words, as people abbreviate a band; a single word gives its first letter."""
    words = name_words(clean_name(name)) if name else ()
    return "".join(word[0] for word in words[:3] if word[0].isalnum()).upper()


def _rings(dice: bytes) -> str:
    """A record: grooves around a centre that lies off the middle."""
    x, y = 250 + dice[0] % 160 - 40, 60 + dice[1] % 150
    return "".join(
        f'<circle cx="{x}" cy="{y}" r="{20 + step * 27 + dice[2 + step % 8] % 9}"/>' for step in range(14)
    )


def _wave(dice: bytes) -> str:
    """Several lines that swing alike, as on a sleeve of 1979."""
    lines: list[str] = []
    for line in range(9):
        height = 14 + dice[line] % 46
        phase = dice[line + 9] / 255 * 2 * pi
        points = " ".join(
            f"{x},{70 + line * 34 - height * sin(x / 62 + phase) * sin(pi * x / _SIDE) ** 2:.1f}"
            for x in range(-10, _SIDE + 11, 13)
        )
        lines.append(f'<polyline points="{points}"/>')
    return "".join(lines)


def _bars(dice: bytes) -> str:
    """A loudness curve."""
    parts: list[str] = []
    for step in range(24):
        height = 16 + dice[step] % 120 * (0.45 + 0.55 * sin(pi * step / 23))
        x = 22 + step * 20
        parts.append(f'<path d="M{x} {210 - height:.0f}V{210 + height:.0f}" stroke-width="9"/>')
    return "".join(parts)


def _orbits(dice: bytes) -> str:
    """Circles that lean on each other."""
    parts: list[str] = []
    reach = 60 + dice[1] % 60
    for step in range(11):
        turn = 2 * pi * step / 11 + dice[0] / 40
        x, y = 260 + reach * cos(turn), 190 + reach * sin(turn)
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{85 + dice[2] % 60}"/>')
    return "".join(parts)
