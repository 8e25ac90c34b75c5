"""What Lidarr's filters can pick out of a feed."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from brainarr.domain.genres import parents_of, tree_genres
from brainarr.domain.pickers import ANY_TIME, PROFILES, TAGS, folders_until, marks_of
from tests.store.given import recommended


def test_each_family_of_the_tree_has_a_number():
    tops = {genre for genre in tree_genres() if not parents_of(genre)}
    assert tops == {label for number, label in TAGS.items() if number >= 10}
    assert len(set(TAGS.values())) == len(TAGS)


def test_the_numbers_that_people_picked_keep_their_meaning():
    assert (TAGS[1], TAGS[2], TAGS[10], TAGS[16], TAGS[28]) == (
        "brainarr",
        "other genres",
        "rock",
        "jazz",
        "children's music",
    )


def test_an_album_of_two_families_is_in_both():
    marks = marks_of(recommended(1, genres=("Jazz-Fusion", "trip hop", "jazz")), held=False)
    assert {TAGS[tag] for tag in marks.tags} >= {"brainarr", "jazz", "electronic"}
    assert len(set(marks.tags)) == len(marks.tags)


def test_the_profile_says_how_sure_and_how_new():
    item = recommended(1)
    assert PROFILES[marks_of(item, held=False).profile] == "New artist, sure"
    assert (
        PROFILES[marks_of(replace(item, confidence=0.59), held=True).profile] == "Artist you have, less sure"
    )
    assert PROFILES[marks_of(replace(item, explored=True), held=True).profile] == "Artist you have, explored"


def test_no_folder_lies_in_another_but_in_the_one_for_all():
    folders = folders_until(2026)
    assert folders[0] == ANY_TIME
    for one in folders[1:]:
        assert [other for other in folders if other.lower() in one.lower()] == [ANY_TIME, one]


@given(
    genres=st.lists(st.text(max_size=20) | st.sampled_from(tree_genres()), max_size=6),
    year=st.none() | st.integers(1, 2026),
    confidence=st.floats(0, 1),
    explored=st.booleans(),
    held=st.booleans(),
)
def test_whatever_is_recommended_can_be_picked(
    genres: list[str], year: int | None, confidence: float, explored: bool, held: bool
):
    item = replace(recommended(1, year=year, genres=tuple(genres)), confidence=confidence, explored=explored)
    marks = marks_of(item, held=held)
    assert marks.profile in PROFILES
    assert len(marks.tags) >= 2 and set(marks.tags) <= set(TAGS)
    assert marks.folder in folders_until(2026)
