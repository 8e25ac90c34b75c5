"""Charts as SVG text."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.web.charts import Bar, interval_bars
from brainarr.web.figures import percent

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*rows: Bar, title: str = "Found", description: str = "By system.") -> ElementTree.Element:
    return ElementTree.fromstring(interval_bars(rows, title=title, description=description))


def widths(picture: ElementTree.Element) -> list[float]:
    return [float(bar.attrib["width"].rstrip("%")) for bar in picture.iter(f"{SVG}rect")]


def test_a_bar_is_as_long_as_its_value_and_its_interval_is_around_its_end():
    picture = drawn(Bar("all", 0.4, 0.3, 0.5), Bar("popularity", 0.1, 0.05, 0.2))
    long, short = widths(picture)
    assert long == pytest.approx(4 * short)
    across = next(line for line in picture.iter(f"{SVG}line") if "stroke-width" in line.attrib)
    assert float(across.attrib["x1"].rstrip("%")) == pytest.approx(long * 3 / 4)
    assert float(across.attrib["x2"].rstrip("%")) == pytest.approx(long * 5 / 4)


def test_a_value_without_an_interval_has_a_bar_alone():
    picture = drawn(Bar("all", 0.4))
    assert not [line for line in picture.iter(f"{SVG}line") if "stroke-width" in line.attrib]
    assert "40%" in {text.text for text in picture.iter(f"{SVG}text")}


def test_a_screen_reader_hears_every_figure():
    picture = drawn(Bar("all", 0.4, 0.3, 0.5), Bar("popularity", 0.1), title="Recall", description="Of 20.")
    assert picture.attrib["role"] == "img"
    assert picture[0].text == "Recall"
    assert picture[1].text == "Of 20. all: 40% (30% to 50%); popularity: 10%"


def test_names_are_escaped():
    hostile = '<script>alert("x")</script>&\x00\x1b'
    text = interval_bars([Bar(hostile, 0.1)], title=hostile, description=hostile)
    assert "<script" not in text and "\x00" not in text and "\x1b" not in text


def test_a_name_too_long_for_a_phone_is_cut_and_whole_in_its_title():
    long = "a source whose name goes on and on and on"
    group = next(drawn(Bar(long, 0.1)).iter(f"{SVG}g"))
    assert group[0].text == f"{long}: 10%"
    assert group[1].text is not None and group[1].text.endswith("…") and len(group[1].text) <= 32


def test_nothing_found_by_anybody_is_drawn_too():
    assert widths(drawn(Bar("all", 0.0, 0.0, 0.0))) == [0.0]


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_what_is_no_share_is_refused(value: float):
    with pytest.raises(ValueError, match="finite"):
        drawn(Bar("all", value))


def test_small_shares_do_not_become_nothing():
    assert [percent(share) for share in (0, 0.004, 0.1, 0.238)] == ["0%", "0.4%", "10%", "24%"]


@given(
    st.lists(
        st.builds(Bar, st.text(), *[st.floats(0, 1e6)] * 3, st.booleans()),
        max_size=6,
    ),
    st.text(),
)
def test_whatever_it_is_given_it_is_a_picture_within_its_frame(rows: list[Bar], text: str):
    picture = drawn(*rows, title=text, description=text)
    assert all(0 <= width <= 100 for width in widths(picture))
    assert len(widths(picture)) == len(rows)
