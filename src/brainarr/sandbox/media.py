"""Pictures and sounds of a sandbox, made in code: the same for the same identifier on every machine."""

import colorsys
import struct
import zlib
from functools import lru_cache
from hashlib import blake2b
from math import cos, hypot, pi, sin


@lru_cache(maxsize=256)
def cover(identifier: str, size: int) -> bytes:
    """A PNG of `size` × `size` pixels: two colours that flow into each other around one of four figures."""
    # Drawn coarsely and enlarged: a demo's page shows fifty of them.
    side = 50
    dice = blake2b(identifier.encode(), digest_size=16).digest()
    first, second = (_colour(dice[0], 0.75), _colour(dice[0] + 40 + dice[1] % 60, 0.35))
    figure, turn = dice[2] % 4, dice[3] / 255 * 2 * pi
    rows: list[bytes] = []
    for y in range(side):
        row = bytearray()
        for x in range(side):
            u, v = x / side - 0.5, y / side - 0.5
            along = min(max(0.5 + u * cos(turn) + v * sin(turn), 0.0), 1.0)
            light = 1.15 if _inside(figure, u, v, dice) else 0.92
            for one, other in zip(first, second, strict=True):
                row.append(min(255, int((one * (1 - along) + other * along) * light)))
        rows.append(bytes(row))
    return _png(rows, side, max(1, size // side))


def _colour(hue: int, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 256 / 256, 0.62, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def _inside(figure: int, u: float, v: float, dice: bytes) -> bool:
    reach = 0.18 + dice[4] / 255 * 0.2
    match figure:
        case 0:
            return hypot(u, v) < reach
        case 1:
            return int((hypot(u + 0.2, v + 0.1)) * 14) % 2 == 0
        case 2:
            return int((u + v) * 9 + 20) % 2 == 0
        case _:
            return abs(u) + abs(v) < reach * 1.3


def _png(rows: list[bytes], side: int, factor: int) -> bytes:
    """Eight bits of red, green and blue, each pixel `factor` × `factor` times. https://www.w3.org/TR/png/"""
    lines: list[bytes] = []
    for row in rows:
        wide = b"".join(row[at : at + 3] * factor for at in range(0, len(row), 3))
        lines += [b"\0" + wide] * factor
    size = side * factor
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


_FRAME_S = 1152 / 44_100
# MPEG 1, layer III, no checksum; 32 kbit/s at 44.1 kHz, no padding; mono.
_FRAME_HEAD = b"\xff\xfb\x10\xc4"
_FRAME_BYTES = 144 * 32_000 // 44_100


def silence(seconds: float) -> bytes:
    """An MP3 in which nothing is heard: frames whose side information says that no spectrum follows."""
    frame = _FRAME_HEAD + bytes(_FRAME_BYTES - len(_FRAME_HEAD))
    return frame * round(seconds / _FRAME_S)
