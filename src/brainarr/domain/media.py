"""Pictures and sounds by what they are, never by what somebody calls them."""

import msgspec

MOST_BYTES = 2 * 2**20
"""Of one picture or preview: a cover of 500 pixels has 0.1 MB, thirty seconds of MP3 0.5 MB."""


class Picture(msgspec.Struct, frozen=True, gc=False):
    content: bytes
    media_type: str


class Sound(msgspec.Struct, frozen=True, gc=False):
    """Some thirty seconds of music."""

    content: bytes
    media_type: str


def picture_type(content: bytes) -> str | None:
    """The media type of a JPEG, PNG, WebP or GIF by its first bytes; None for all else.

    SVG and HTML, which can carry script, have no place here. https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
    """
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:14] == b"WEBPVP":
        return "image/webp"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return None


def sound_type(content: bytes) -> str | None:
    """The media type of MP3 or MP4 audio by its first bytes; None for all else.

    https://mimesniff.spec.whatwg.org/#matching-an-audio-or-video-type-pattern
    """
    if content.startswith(b"ID3") or _is_mp3_frame(content):
        return "audio/mpeg"
    if content[4:8] == b"ftyp" and content[8:11] in (b"M4A", b"mp4", b"iso", b"das"):
        return "audio/mp4"
    return None


def _is_mp3_frame(content: bytes) -> bool:
    """Eleven bits of sync, a known version, layer III, a bitrate and a sampling rate that exist."""
    if len(content) < 4 or content[0] != 0xFF or content[1] & 0xE0 != 0xE0:
        return False
    version, layer = content[1] >> 3 & 3, content[1] >> 1 & 3
    bitrate, rate = content[2] >> 4, content[2] >> 2 & 3
    return version != 1 and layer == 1 and 0 < bitrate < 15 and rate != 3
