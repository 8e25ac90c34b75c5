"""Charts as SVG text."""

from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brainarr.web.charts import (
    Bar,
    Column,
    Leaning,
    Mark,
    Tile,
    columns,
    gauge,
    interval_bars,
    leaning_bars,
    treemap,
)
from brainarr.web.charts.treemap import squarify
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


def picture(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def across(value: str) -> float:
    return float(value.rstrip("%"))


def texts(drawing: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in drawing.iter(f"{SVG}text")]


def test_what_a_bar_is_held_against_is_a_line_with_its_own_name():
    drawing = picture(
        interval_bars([Bar("era", 0.3, before=0.2)], title="Weights", description="", before="set to")
    )
    (line,) = [one for one in drawing.iter(f"{SVG}line") if one.attrib.get("class") == "before"]
    assert across(line.attrib["x1"]) == pytest.approx(widths(drawing)[0] * 2 / 3, abs=0.01)
    assert drawing[1].text is not None and "era: 30%, set to 20%" in drawing[1].text


def test_columns_are_as_high_as_their_values_and_say_them():
    rows = [Column("1980s", 0.2, "80s"), Column("1990s", 0.4, "90s", accent=True), Column("2000s", 0.0)]
    drawing = picture(columns(rows, title="Eras", description="Shares."))
    low, high, none = (float(bar.attrib["height"]) for bar in drawing.iter(f"{SVG}rect"))
    assert high == pytest.approx(2 * low) and none == 0
    assert {"20%", "40%", "80s", "90s"} == set(texts(drawing))
    assert drawing[1].text == "Shares. 1980s: 20%; 1990s: 40%"


def test_many_columns_have_an_axis_instead_of_a_figure_each():
    drawing = picture(
        columns([Column(f"day {n}", n, str(n)) for n in range(1, 32)], title="", description="", show=str)
    )
    assert len(list(drawing.iter(f"{SVG}rect"))) == 31
    # Thirty-one names, and the round values that the axis ends at or below.
    assert len(texts(drawing)) <= 31 + 6


def test_nothing_in_any_column_is_said():
    drawing = picture(columns([Column("1980s", 0.0)], title="", description="Shares."))
    assert drawing[1].text == "Shares. Nothing."


def test_a_gauge_shows_what_is_used_what_is_expected_and_the_marks():
    marks = [Mark("Alert", 5.0), Mark("Budget", 10.0)]
    drawing = picture(
        gauge(4.0, marks, title="Spent", description="40%.", show=lambda value: f"${value:g}", ahead=8.0)
    )
    rail, ahead, used = drawing.iter(f"{SVG}rect")
    assert across(ahead.attrib["width"]) == pytest.approx(across(used.attrib["width"]), abs=0.02)
    assert across(rail.attrib["width"]) == 100
    assert texts(drawing) == ["Alert: $5", "Budget: $10"]
    alert, budget = (across(line.attrib["x1"]) for line in drawing.iter(f"{SVG}line"))
    assert budget == pytest.approx(2 * alert, abs=0.02) and budget < 100
    assert drawing[1].text == "40%. Alert: $5; Budget: $10"


def test_a_gauge_that_is_over_its_budget_stays_in_its_frame():
    drawing = picture(gauge(30.0, [Mark("Budget", 10.0)], title="", description="", show=str, tone="bad"))
    assert all(across(bar.attrib["width"]) <= 100 for bar in drawing.iter(f"{SVG}rect"))
    assert "bad" in list(drawing.iter(f"{SVG}rect"))[-1].attrib["class"]


def test_leanings_go_to_both_sides_of_the_middle():
    rows = [Leaning("jazz", 0.1, "+0.10"), Leaning("metal", -0.2, "-0.20")]
    drawing = picture(leaning_bars(rows, title="Genres", description="In the score."))
    jazz, metal = drawing.iter(f"{SVG}rect")
    assert (across(jazz.attrib["x"]), across(jazz.attrib["width"])) == (50, 25)
    assert (across(metal.attrib["x"]), across(metal.attrib["width"])) == (0, 50)
    assert drawing[1].text == "In the score. jazz: +0.10; metal: -0.20"
    assert "← less" in texts(drawing) and "more →" in texts(drawing)


def test_tiles_are_as_large_as_their_shares_and_fill_the_whole():
    places = squarify([0.5, 0.3, 0.15, 0.05])
    assert [place.width * place.height for place in places] == pytest.approx([0.5, 0.3, 0.15, 0.05])


def test_a_tile_too_small_for_its_name_has_it_in_its_title():
    drawing = picture(
        treemap(
            [Tile("shoegaze", 98, "Ride"), Tile("polka", 2), Tile("gone", 0)], title="", description="All."
        )
    )
    assert "shoegaze" in texts(drawing) and "polka" not in texts(drawing)
    assert "polka: 2%" in {title.text for title in drawing.iter(f"{SVG}title")}
    assert drawing[1].text == "All. shoegaze: 98%; polka: 2%"


@given(st.lists(st.floats(1e-2, 1e6), min_size=1, max_size=40))
def test_whatever_the_shares_no_tile_leaves_the_frame(weights: list[float]):
    whole = sum(weights)
    shares = sorted((weight / whole for weight in weights), reverse=True)
    places = squarify(shares)
    assert len(places) == len(shares)
    for share, place in zip(shares, places, strict=True):
        assert place.width * place.height == pytest.approx(share, rel=1e-6, abs=1e-9)
        assert place.x >= 0 and place.y >= 0
        assert place.x + place.width <= 1 + 1e-6 and place.y + place.height <= 1 + 1e-6


@example([("all", 1.0), ("next to nothing", 5e-324)], "")
@given(st.lists(st.tuples(st.text(), st.floats(0, 1e9)), max_size=12), st.text())
def test_whatever_they_are_given_all_are_pictures(rows: list[tuple[str, float]], text: str):
    for drawing in (
        columns([Column(*row, row[0]) for row in rows], title=text, description=text),
        gauge(1.0, [Mark(*row) for row in rows], title=text, description=text, show=str),
        leaning_bars([Leaning(name, -value, name) for name, value in rows], title=text, description=text),
        treemap([Tile(*row, row[0]) for row in rows], title=text, description=text),
    ):
        assert picture(drawing).attrib["role"] == "img"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_what_cannot_be_drawn_is_refused(value: float):
    for draw in (
        lambda: columns([Column("", value)], title="", description=""),
        lambda: gauge(value, [], title="", description="", show=str),
        lambda: treemap([Tile("", value)], title="", description=""),
    ):
        with pytest.raises(ValueError, match="finite"):
            draw()
    if value != -1.0:
        with pytest.raises(ValueError, match="finite"):
            leaning_bars([Leaning("", value, "")], title="", description="")
