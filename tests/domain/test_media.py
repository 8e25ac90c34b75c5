"""Pictures and sounds are what their first bytes say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.media import picture_type, sound_type

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 "
MP3_FRAME = b"\xff\xfb\x10\xc4" + bytes(100)
M4A = b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (WEBP, "image/webp"),
        (b"GIF89a\x01\x00", "image/gif"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", None),
        (b"<?xml version='1.0'?><svg/>", None),
        (b"<!doctype html><script>alert(1)</script>", None),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_only_the_four_kinds_of_pictures_are_pictures(content: bytes, media_type: str | None):
    assert picture_type(content) == media_type


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"ID3\x03\x00\x00\x00\x00\x00\x00", "audio/mpeg"),
        (MP3_FRAME, "audio/mpeg"),
        (M4A, "audio/mp4"),
        (b"\xff\xfb\xf0\xc4", None),
        (b"\xff\xf9\x50\x80", None),
        (JPEG, None),
        (b"<html>", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_only_mp3_and_mp4_are_sounds(content: bytes, media_type: str | None):
    assert sound_type(content) == media_type


@given(st.text(max_size=200))
def test_no_text_is_ever_a_picture_or_a_sound_that_a_browser_would_read_as_a_page(text: str):
    content = f"<{text}".encode()
    assert picture_type(content) is None and sound_type(content) is None
