"""Wishes in plain English, and what is made of them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainarr.domain.genres import known_genre, tree_genres
from brainarr.domain.learning import Liking
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import MOST_DECADES, MOST_LEADING, WISH_LIMIT, Discovery, Target
from brainarr.domain.taste import Cluster, Gap, GapKind
from brainarr.domain.wish import Understanding
from brainarr.pipeline.wish import example_wishes, read_wish, spoken
from brainarr.pipeline.wish.vocabulary import ALSO_WORDS, GUESSES
from tests.pipeline.builders import mbid

OWNED = (
    "Low",
    "Codeine",
    "Slowdive",
    "My Bloody Valentine",
    "Boards of Canada",
    "The Cure",
    "Sunday",
    "House",
)
KNOWN = {name_keys(name)[Tier.WORDS]: Liking(mbid(name), name) for name in OWNED}


def read(text: str) -> Understanding:
    return read_wish(text, {key: KNOWN[key] for key in spoken(text) if key in KNOWN}, 2026)


def summary(text: str) -> dict[str, Any]:
    """What was understood, without what was not."""
    found = read(text)
    told = {
        "styles": tuple(one.genre for one in found.styles),
        "avoid": tuple(one.genre for one in found.avoid),
        "decades": found.decades,
        "like": tuple(one.name for one in found.artists),
        "target": found.target,
        "discovery": found.discovery,
        "count": found.count,
        "rest": found.rest,
    }
    return {name: value for name, value in told.items() if value}


WISHES: list[tuple[str, dict[str, Any]]] = [
    (
        "rainy sunday, like Low but with strings, nothing after 1965",
        {
            "styles": ("slowcore", "chamber pop", "chamber folk"),
            "decades": (1920, 1930, 1940, 1950, 1960),
            "like": ("Low",),
            "rest": ("sunday",),
        },
    ),
    # Artists
    ("Low", {"like": ("Low",)}),
    ("low", {"like": ("Low",)}),
    ("like the cure", {"like": ("The Cure",)}),
    (
        "Something like Low, Codeine and Bedhead, but no metal",
        {"like": ("Low", "Codeine", "Bedhead"), "avoid": ("metal",)},
    ),
    ("more my bloody valentine please", {"like": ("My Bloody Valentine",)}),
    ("similar to Radiohead and Portishead", {"like": ("Radiohead", "Portishead")}),
    (
        "in the vein of Talk Talk's later records",
        {"like": ("Talk Talk",), "target": Target.ALBUMS, "rest": ("later",)},
    ),
    ("like Godspeed You! Black Emperor", {"like": ("Godspeed You! Black Emperor",)}),
    ("like boards of canada meets slowdive", {"like": ("Boards of Canada", "Slowdive")}),
    ("I would like something calm", {"styles": ("ambient",)}),
    ("like a dream", {"rest": ("dream",)}),
    ("unlike Low", {"rest": ("unlike Low",)}),
    ("I like house", {"like": ("House",)}),
    ("I like techno", {"styles": ("techno",)}),
    # Styles, wanted and not
    ("drum & bass, R&B and rock 'n' roll", {"styles": ("drum and bass", "r&b", "rock and roll")}),
    ("Hip-Hop and trip hop", {"styles": ("hip hop", "trip hop")}),
    ("no metal, jazz or country", {"avoid": ("metal", "jazz", "country")}),
    ("no metal, jazz and soul", {"styles": ("jazz", "soul"), "avoid": ("metal",)}),
    ("anything but jazz", {"avoid": ("jazz",)}),
    ("nothing but jazz", {"styles": ("jazz",)}),
    ("jazz but not free jazz", {"styles": ("jazz",), "avoid": ("free jazz",)}),
    ("not only shoegaze but dream pop too", {"styles": ("shoegaze", "dream pop")}),
    ("without techno or house, more ambient", {"styles": ("ambient",), "avoid": ("techno", "house")}),
    ("my country, tis of thee", {"rest": ("country", "tis of thee")}),
    ("dreamy music to sleep to", {"styles": ("dream pop", "ambient")}),
    ("not too heavy", {"rest": ("heavy",)}),
    ("no vocals please", {"rest": ("vocals",)}),
    # Eras
    (
        "five shoegaze albums from the 90s",
        {"styles": ("shoegaze",), "decades": (1990,), "target": Target.ALBUMS, "count": 5},
    ),
    ("90's ambient", {"styles": ("ambient",), "decades": (1990,)}),
    ("hip hop from the eighties and nineties", {"styles": ("hip hop",), "decades": (1980, 1990)}),
    ("1990s-2000s trip-hop", {"styles": ("trip hop",), "decades": (1990, 2000)}),
    ("between the 70s and the 90s", {"decades": (1970, 1980, 1990)}),
    ("albums from 1985 to 1995", {"decades": (1980, 1990), "target": Target.ALBUMS}),
    ("music since 1990", {"decades": (1990, 2000, 2010, 2020)}),
    ("from the 2010s onwards", {"decades": (2010, 2020)}),
    ("60s and 70s soul, nothing after 1965", {"styles": ("soul",), "decades": (1960,)}),
    ("nothing before 2011", {"decades": (2010, 2020)}),
    ("after 1999, before 2010", {"decades": (2000,)}),
    ("recent techno", {"styles": ("techno",), "decades": (2020,)}),
    ("nothing from the 80s", {"rest": ("80s",)}),
    ("after 2010, before 1990", {}),
    # The rest of what a run can be asked
    ("something completely different", {"discovery": Discovery.EXPLORATORY}),
    ("surprise me with ten artists", {"discovery": Discovery.EXPLORATORY, "target": "artists", "count": 10}),
    ("close to my taste but only jazz", {"discovery": Discovery.SIMILAR, "styles": ("jazz",)}),
    ("a dozen psychedelic folk records", {"styles": ("psychedelic folk",), "target": "albums", "count": 12}),
    ("albums and bands, ambient", {"styles": ("ambient",), "target": Target.MIXED}),
    ("one of the best albums", {"target": Target.ALBUMS, "rest": ("best",)}),
    ("songs for a road trip", {"rest": ("road trip",)}),
    # What it cannot read
    ("früher deutscher Krautrock", {"styles": ("krautrock",), "rest": ("früher deutscher",)}),
    ("что-нибудь спокойное", {"rest": ("что-нибудь спокойное",)}),
    (", . !", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "meant"), WISHES, ids=[text for text, _ in WISHES])
def test_a_wish_is_understood(text: str, meant: dict[str, Any]):
    assert summary(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing after 2005", "all of the 2000s count"),
        ("an album of 1994", "1994 means the 1990s"),
        ("nothing from the 80s", "not kept out"),
        ("after 2010, before 1990", "leave nothing in between"),
        ("no vocals", "anybody sings"),
        ("unlike Low", "less like this"),
        ("three songs", "not single songs"),
        ("like Low, Codeine, Slowdive, Sunday, The Cure and Boards of Canada", "At most 5"),
    ],
)
def test_what_can_be_kept_in_part_only_is_said(text: str, said: str):
    assert any(said in note for note in read(text).notes)


def test_an_owned_artist_comes_with_its_identifier_and_a_mood_as_a_guess():
    found = read("sad, like Low and Bedhead")
    assert [(one.mbid, one.owned) for one in found.artists] == [(mbid("Low"), True), (None, False)]
    assert [(one.genre, one.words, one.guessed) for one in found.styles] == [("slowcore", "sad", True)]
    assert found.overrides.seeds == (Liking(mbid("Low"), "Low"),)
    assert found.overrides.wish == "sad, like Low and Bedhead"


def test_every_genre_of_the_tree_is_understood_by_its_name():
    unread = [genre for genre in tree_genres() if [one.genre for one in read(genre).styles] != [genre]]
    assert unread == []


def test_the_vocabulary_names_genres_that_exist():
    assert [genre for genres in GUESSES.values() for genre in genres if not known_genre(genre)] == []
    assert [genre for genre in ALSO_WORDS if not known_genre(genre)] == []


spoken_like = [*(text for text, _ in WISHES), *OWNED, "no", "like", ",", "and", "1985", "the"]
phrases = st.sampled_from(spoken_like)
wishes = st.lists(phrases | st.text(max_size=30), max_size=6).map(" ".join)


@settings(deadline=None)
@given(wishes)
def test_any_text_is_read_without_inventing_anything(text: str):
    found = read(text)
    assert found == read(text)
    assert len(found.text) <= WISH_LIMIT
    assert all(part in found.text for part in found.rest)
    assert all(one.words in found.text and known_genre(one.genre) for one in (*found.styles, *found.avoid))
    assert all(decade % 10 == 0 and 1900 <= decade <= 2020 for decade in found.decades)
    assert list(found.decades) == sorted(set(found.decades)) and len(found.decades) <= MOST_DECADES
    assert len(found.artists) <= MOST_LEADING
    assert not {one.genre for one in found.styles} & {one.genre for one in found.avoid}
    assert found.count is None or 1 <= found.count <= 100


@settings(deadline=None)
@given(wishes)
def test_each_word_means_one_thing_at_most(text: str):
    found = read(text)
    parts = [*found.rest, *(one.words for one in found.avoid)]
    parts += {one.words: "" for one in found.styles}
    # As often as the wish has it: what stands in two places was written twice.
    assert all(found.text.count(part) >= parts.count(part) for part in parts)


def test_the_examples_are_of_the_person_and_are_understood():
    clusters = (
        Cluster("slowcore", 0.6, ("slowcore", "indie rock"), ("Low",), 9),
        Cluster("idm", 0.4, ("idm",), ("Boards of Canada",), 4),
    )
    gap = Gap(GapKind.STYLE, "post-rock", "", 1.0, 0.1, read("post-rock").overrides)
    examples = example_wishes(clusters, {"slowcore": 0.6, "idm": 0.4}, {1990: 0.7, 2000: 0.3}, (gap,))
    assert 4 <= len(examples) <= 6
    assert any("Low" in example for example in examples) and any("post-rock" in one for one in examples)
    assert all(read(example).anything and not read(example).rest for example in examples)


def test_a_person_without_a_profile_gets_an_example_too():
    (only,) = example_wishes((), {}, {}, ())
    assert read(only).discovery is Discovery.EXPLORATORY
