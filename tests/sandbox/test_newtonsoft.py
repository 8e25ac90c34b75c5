"""The strict reader of list answers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.sandbox import newtonsoft
from brainarr.sandbox.newtonsoft import Undeserialisable, read_rows

SHAPE = {
    "id": (newtonsoft.integer, 0),
    "name": (newtonsoft.text, None),
    "on": (newtonsoft.boolean, False),
    "tags": (newtonsoft.integers, None),
    "images": (newtonsoft.images, None),
}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from([*SHAPE, "ID", "extra"]), anything), max_size=3))
def test_any_json_is_read_or_refused_and_what_is_read_has_the_declared_types(rows) -> None:
    try:
        read = read_rows(json.dumps(rows), SHAPE)
    except Undeserialisable:
        return
    for row in read:
        assert row is not None
        assert type(row["id"]) is int and type(row["on"]) is bool
        assert row["name"] is None or isinstance(row["name"], str)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(body) -> None:
    try:
        assert isinstance(read_rows(body, SHAPE), list)
    except Undeserialisable as refused:
        assert str(refused)


@pytest.mark.parametrize("given_value", ["5", 5, " 5"])
def test_numbers_may_come_as_text(given_value) -> None:
    assert read_rows(json.dumps([{"ID": given_value}]), SHAPE)[0] == {
        "id": 5,
        "name": None,
        "on": False,
        "tags": None,
        "images": None,
    }


@pytest.mark.parametrize("value", [None, 1.5, True, 2**31, "five", [], {}])
def test_what_is_no_number_fails_the_answer(value) -> None:
    with pytest.raises(Undeserialisable):
        read_rows(json.dumps([{"id": value}]), SHAPE)


def test_a_byte_order_mark_fails_the_answer() -> None:
    with pytest.raises(Undeserialisable):
        read_rows("\ufeff[]", SHAPE)
