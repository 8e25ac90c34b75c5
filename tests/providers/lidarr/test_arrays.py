"""The array reader gives what json.loads gives, whatever the style, wherever the bytes are cut."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from brainarr.errors import UnreadableAnswer
from brainarr.providers.lidarr.arrays import MAX_ELEMENT_BYTES, ArrayReader


class Row(msgspec.Struct):
    id: int
    rest: Any = None


class Bare(msgspec.Struct):
    id: int


# Names and values that look like structure, so that every guess at a border has its trap.
TEXTS = st.one_of(
    st.sampled_from(
        ['},{"id"', "},\n  {", '"', "\\", "\\\\", ']}"', "[{", ",", "id", "\n", "\u2028é京🎵", ""]
    ),
    st.text(max_size=8),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
NESTED = st.lists(st.fixed_dictionaries({"id": st.integers(0, 9)}), max_size=3)
ROWS = st.lists(st.fixed_dictionaries({"id": st.integers(0, 10**6), "rest": VALUES | NESTED}), max_size=12)
STYLES = st.sampled_from(
    [
        {"indent": 2},
        {"indent": 2, "ensure_ascii": False},
        {"separators": (",", ":"), "ensure_ascii": False},
        {"separators": (" ,\t", " : ")},
        {"indent": "\t", "separators": ("\r\n,", ":")},
        {},
    ]
)
SIZES = st.integers(1, 200)


def read(content: bytes, piece: int, group: int = 1) -> list[Row]:
    reader = ArrayReader("lidarr", Row, Bare, group_bytes=group)
    rows = [row for at in range(0, len(content), piece) for row in reader.feed(content[at : at + piece])]
    return rows + reader.finish()


@settings(deadline=None)
@given(ROWS, STYLES, SIZES, SIZES, st.sampled_from(["", " ", "\n\r\t "]))
def test_every_style_and_every_cut_reads_like_json_loads(
    rows: list[Any], style: dict[str, Any], piece: int, group: int, around: str
) -> None:
    content = (around + json.dumps(rows, **style) + around).encode()
    assert [msgspec.to_builtins(row) for row in read(content, piece, group)] == json.loads(content)


@settings(deadline=None)
@given(ROWS, STYLES, SIZES, SIZES, st.data())
def test_a_body_cut_anywhere_is_an_error(
    rows: list[Any], style: dict[str, Any], piece: int, group: int, data: st.DataObject
) -> None:
    content = json.dumps(rows, **style).encode()
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(UnreadableAnswer):
        read(content[:cut], piece, group)


@settings(deadline=None)
@given(ROWS.filter(bool), STYLES, SIZES, st.data())
def test_what_json_loads_refuses_is_refused(
    rows: list[Any], style: dict[str, Any], piece: int, data: st.DataObject
) -> None:
    content = bytearray(json.dumps(rows, **style).encode())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.sampled_from(b'{}[],:"\\ x1'))
    # Broken UTF-8 in a member that nobody reads is let pass.
    assume(content.decode("utf-8", "ignore").encode() == content)
    expected = strictly(content)
    if expected is None:
        with pytest.raises(UnreadableAnswer):
            read(bytes(content), piece)
    elif all(isinstance(element, dict) and isinstance(element.get("id"), int) for element in expected):
        assert [row.id for row in read(bytes(content), piece)] == [element["id"] for element in expected]


def strictly(content: bytes | bytearray) -> list[Any] | None:
    """The array, or None where there is none; half a surrogate pair, which Python lets pass, is no text."""
    try:
        array = json.loads(content)
        json.dumps(array, ensure_ascii=False).encode()
    except ValueError:
        return None
    return array if isinstance(array, list) else None


@settings(deadline=None)
@given(st.binary(max_size=60), SIZES)
def test_any_bytes_are_read_or_refused(content: bytes, piece: int) -> None:
    try:
        rows = read(b"[" + content, piece)
    except UnreadableAnswer:
        return
    assert all(isinstance(row, Row) for row in rows)


def test_elements_are_given_as_soon_as_a_group_is_whole() -> None:
    content = json.dumps([{"id": number, "rest": "x" * 50} for number in range(100)], indent=2).encode()
    reader = ArrayReader("lidarr", Row, Bare, group_bytes=1000)
    given_early = [
        row.id for at in range(0, len(content), 500) for row in reader.feed(content[at : at + 500])
    ]
    assert given_early == list(range(len(given_early)))
    assert len(given_early) > 80
    assert [row.id for row in reader.finish()] == list(range(len(given_early), 100))


def test_an_element_of_another_shape_is_read_as_the_bare_one_or_left_out() -> None:
    class Strict(msgspec.Struct):
        id: int
        tags: list[int] = []

    content = b'[{"id": 1, "tags": [7]}, {"id": 2, "tags": "odd"}, {"tags": []}, 5, {"id": 3}]'
    reader = ArrayReader("lidarr", Strict, Bare)
    assert reader.feed(content) == []
    assert reader.finish() == [Strict(1, [7]), Strict(2), Strict(3)]
    assert reader.skipped == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   ",
        b"<html><body>Sign in</body></html>",
        b'{"error": "x"}',
        b"null",
        b"[1] [2]",
        b"[{}",
        b"[}",
    ],
)
def test_what_is_no_array_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        read(content, 7)


def test_a_web_page_is_refused_at_its_beginning() -> None:
    reader = ArrayReader("lidarr", Row, Bare, group_bytes=10)
    with pytest.raises(UnreadableAnswer, match="a web page came"):
        reader.feed(b"<!doctype html><html>")


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(UnreadableAnswer):
        read(b'[{"id": 1, "rest": ' + b"[" * 100_000, 100_000)


@pytest.mark.parametrize("filler", [b" ", b'"', b"x", b"[", b"1,", b'{"a":'], ids=str)
def test_an_endless_element_is_refused_before_it_fills_the_memory(filler: bytes) -> None:
    reader = ArrayReader("lidarr", Row, Bare)
    fed = 0
    with pytest.raises(UnreadableAnswer):
        reader.feed(b'[{"id": 1, "rest": "' if filler == b"x" else b"[")
        for _ in range(40 * MAX_ELEMENT_BYTES // 2**18):
            reader.feed(filler * (2**18 // len(filler)))
            fed += 2**18
    assert fed <= 4 * MAX_ELEMENT_BYTES


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert read(b'\xef\xbb\xbf[{"id": 1}]', 100) == [Row(1)]
