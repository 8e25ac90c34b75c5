"""One source's voice for each artist: what its own lists come to, whatever stands in them."""

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.recommendation import Candidate
from brainarr.domain.taste import Seed
from brainarr.pipeline.voices import Heard, hear
from tests.pipeline.builders import mbid


def seeds_of(*names: str, weights: Sequence[float] = ()) -> list[Seed]:
    usual = [1 / len(names)] * len(names)
    return [Seed(mbid(name), name, weight, "") for name, weight in zip(names, weights or usual, strict=True)]


def list_of(seed: Seed | None, strengths: Mapping[str, float], *, counted: bool = False) -> list[Candidate]:
    """The source's list, strongest first."""
    ordered = sorted(strengths, key=lambda name: -strengths[name])
    return [
        Candidate(
            name,
            "brainz",
            rank,
            mbid=mbid(name),
            seed=seed.mbid if seed else None,
            strength=strengths[name],
            counted=counted,
        )
        for rank, name in enumerate(ordered, start=1)
    ]


def heard_in(candidates: Iterable[Candidate], seeds: Iterable[Seed] = ()) -> dict[str, Heard]:
    """By the artist's name."""
    named: dict[str, list[Candidate]] = {}
    names: dict[str, str] = {}
    for candidate in candidates:
        key = candidate.mbid or candidate.artist
        named.setdefault(key, []).append(candidate)
        names[key] = candidate.artist
    found = hear("brainz", 1.0, named, {seed.mbid: seed for seed in seeds})
    return {names[key]: one for key, one in found.items()}


def test_scores_for_the_whole_library_count_by_size_and_bare_orders_by_place():
    near, far = {"A": 10.0, "B": 9.0, "C": 1.0}, {"A": 10.0, "B": 2.0, "C": 1.0}
    by_size = [heard_in(list_of(None, strengths)) for strengths in (near, far)]
    assert by_size[0]["B"].score / by_size[0]["A"].score == pytest.approx(0.9)
    assert by_size[1]["B"].score / by_size[1]["A"].score == pytest.approx(0.2)
    bare = [
        heard_in(msgspec.structs.replace(one, strength=None) for one in list_of(None, strengths))
        for strengths in (near, far)
    ]
    assert bare[0] == bare[1]
    assert bare[0]["B"].score / bare[0]["A"].score == pytest.approx(60 / 61)


def test_the_owned_artists_that_a_whole_library_source_names_are_its_evidence():
    one = msgspec.structs.replace(list_of(None, {"A": 1.0})[0], because=(("Slowdive", 0.7), ("Ride", 0.3)))
    assert heard_in([one])["A"].voice.seeds == (("Slowdive", 0.7), ("Ride", 0.3))


@pytest.mark.parametrize("counted", [True, False])
def test_ten_seeds_of_one_scene_outvote_three_of_another_only_where_nothing_is_counted(counted: bool):
    """Everybody of a scene shares 60 listeners with everybody else in it; each scene has one newcomer that
    all its seeds name."""
    crowd, few = [f"Crowd {n}" for n in range(10)], [f"Few {n}" for n in range(3)]
    seeds = seeds_of(*crowd, *few)
    found: list[Candidate] = []
    for seed in seeds:
        scene, new = (crowd, "New of the crowd") if seed.name in crowd else (few, "New of the few")
        strengths = {name: 60.0 for name in scene if name != seed.name} | {new: 70.0}
        strengths |= {f"{seed.name}'s own {n}": 5.0 for n in range(20)}
        found += list_of(seed, strengths, counted=counted)
    heard = heard_in(found, seeds)
    ratio = heard["New of the crowd"].score / heard["New of the few"].score
    # Uncounted, ten voices are worth at least three times three of them.
    assert ratio < 2 if counted else ratio > 3


def test_two_seeds_whose_lists_cannot_be_told_apart_do_not_end_the_run():
    """What they share is exactly what the regression takes for each one's own listeners: no inverse."""
    one, other = seeds_of("One", "Other")
    found = [
        *list_of(one, {"Other": 14.0, "New": 86.0}, counted=True),
        *list_of(other, {"One": 14.0, "New": 86.0}, counted=True),
    ]
    heard = heard_in(found, [one, other])
    assert heard["New"].voice.rank_score == 1.0
    assert [share for _, share in heard["New"].voice.seeds] == pytest.approx([0.5, 0.5])


def test_of_two_seeds_that_share_more_than_seems_possible_the_heavier_says_more():
    """A list names the most shared only, so what two share may well exceed the guess of their listeners."""
    heavy, light = seeds_of("Heavy", "Light", weights=(0.9, 0.1))
    found = [
        *list_of(heavy, {"Light": 60.0, "Of the heavy": 40.0}, counted=True),
        *list_of(light, {"Heavy": 60.0, "Of the light": 40.0}, counted=True),
    ]
    heard = heard_in(found, [heavy, light])
    assert heard["Of the heavy"].score > heard["Of the light"].score


def test_counts_that_belong_to_no_seed_are_a_list_like_another():
    assert heard_in(list_of(None, {"A": 3.0, "B": 1.0}, counted=True))["A"].score > 0


def test_a_voice_for_somebody_whom_nothing_speaks_for_is_small_and_not_none():
    seed = seeds_of("One")
    heard = heard_in(list_of(seed[0], {"A": 5.0, "B": 0.0}, counted=True), seed)
    assert 0 < heard["B"].voice.rank_score < 0.01


SOME = st.floats(0, 1e15, allow_subnormal=True)
NAMES = [f"S{n}" for n in range(5)] + [f"A{n}" for n in range(5)]


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[Candidate], list[Seed]]:
    names = draw(st.lists(st.sampled_from(NAMES[:5]), min_size=1, unique=True))
    weights = draw(st.lists(st.floats(0, 1), min_size=len(names), max_size=len(names)))
    seeds = seeds_of(*names, weights=weights)
    asked: list[Seed | None] = [*seeds]
    if draw(st.booleans()):
        asked.append(None)
    found: list[Candidate] = []
    for seed in asked:
        strengths = draw(st.dictionaries(st.sampled_from(NAMES), SOME, min_size=1))
        found += list_of(seed, strengths, counted=draw(st.sampled_from([True, True, True, False])))
    if draw(st.booleans()):
        found = [
            msgspec.structs.replace(one, popularity=draw(st.none() | st.floats(1, 1e15))) for one in found
        ]
    return found, seeds


@given(lists())
def test_whatever_a_source_counts_its_voices_are_finite_and_its_rank_scores_in_0_to_1(
    given_lists: tuple[list[Candidate], list[Seed]],
):
    found, seeds = given_lists
    heard = heard_in(found, seeds)
    assert heard.keys() == {one.artist for one in found}
    for one in heard.values():
        assert math.isfinite(one.score)
        assert one.score >= 0
        assert 0 < one.voice.rank_score <= 1
        assert all(math.isfinite(share) and share >= 0 for _, share in one.voice.seeds)
        assert sum(share for _, share in one.voice.seeds) <= 1 + 1e-9
