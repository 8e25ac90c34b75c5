"""One ranking out of many voices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.recommendation import Candidate, Discovery, Verdict, Voice
from brainarr.domain.taste import Seed
from brainarr.pipeline.fuse import confidence, fuse
from tests.pipeline.builders import mbid

SLOWDIVE = Seed(mbid("Slowdive"), "Slowdive", 0.5, "shoegaze")
RIDE = Seed(mbid("Ride"), "Ride", 0.5, "shoegaze")
SEEDS = {seed.mbid: seed for seed in (SLOWDIVE, RIDE)}
WEIGHTS = {"listenbrainz": 1.0, "deezer": 0.7, "model": 0.25}


def neighbour(name: str, rank: int, seed: Seed = SLOWDIVE, source: str = "listenbrainz", **facts: object):
    known: dict[str, object] = {"mbid": mbid(name), **facts}
    return Candidate(name, source, rank, seed=seed.mbid, **known)  # type: ignore[arg-type]


def order(*candidates: Candidate, discovery: Discovery = Discovery.SIMILAR) -> list[str]:
    return [item.artist for item in fuse(candidates, WEIGHTS, SEEDS, discovery)[0]]


def test_an_artist_that_two_seeds_lead_to_beats_one_seeds_favourite():
    assert order(
        neighbour("Favourite", 1),
        neighbour("Both", 2),
        neighbour("Both", 2, RIDE),
        neighbour("Other", 1, RIDE),
    ) == ["Both", "Favourite", "Other"]


def test_two_models_that_name_the_same_artist_raise_the_confidence_in_it():
    proposals = [
        Candidate("Codeine", "home", 1),
        Candidate("Bedhead", "home", 2),
        Candidate("codeine", "cloud", 1),
    ]
    (agreed, alone), _ = fuse(proposals, {"home": 0.25, "cloud": 0.25}, {}, Discovery.SIMILAR)
    assert (agreed.artist, set(agreed.sources)) == ("Codeine", {"home", "cloud"})
    assert agreed.confidence > alone.confidence
    assert agreed.score > alone.score


def test_agreeing_sources_beat_one_source():
    ranking, _ = fuse(
        [
            neighbour("Alone", 1),
            neighbour("Agreed", 2),
            neighbour("Agreed", 1, source="deezer", mbid=None),
        ],
        WEIGHTS,
        SEEDS,
        Discovery.SIMILAR,
    )
    assert ranking[0].artist == "Agreed"
    assert ranking[0].sources == ("listenbrainz", "deezer")
    assert ranking[0].confidence > ranking[1].confidence


def test_a_bare_name_never_joins_one_of_several_namesakes():
    ranking, _ = fuse(
        [
            neighbour("Slint", 1, mbid=mbid("Slint of Louisville")),
            neighbour("Slint", 2, mbid=mbid("Slint of elsewhere")),
            Candidate("Slint", "model", 1, confidence=0.8),
        ],
        WEIGHTS,
        SEEDS,
        Discovery.SIMILAR,
    )
    assert len(ranking) == 3


def test_popularity_is_damped_so_that_everybodys_favourite_does_not_lead_every_list():
    huge = neighbour("Radiohead", 1, strength=1000, popularity=4_000_000)
    near = neighbour("Pale Saints", 2, strength=400, popularity=40_000)
    assert order(huge, near) == ["Pale Saints", "Radiohead"]


def test_a_source_that_tells_no_popularity_shows_it_by_who_is_in_every_list():
    everywhere = [neighbour("Radiohead", 1, seed, strength=500) for seed in (SLOWDIVE, RIDE)]
    close = neighbour("Pale Saints", 2, strength=300)
    faint = [neighbour("Pale Saints", 9, RIDE, strength=2), neighbour("Lush", 2, RIDE, strength=400)]
    ranking = order(*everywhere, close, *faint)
    assert ranking[0] == "Radiohead"  # two lists agree, as they should
    assert order(everywhere[0], close, *faint)[0] == "Pale Saints"


def test_the_novelty_dial_demotes_the_popular():
    huge = neighbour("Huge", 1, popularity=5_000_000)
    small = neighbour("Small", 2, popularity=10_000)
    assert order(huge, small, discovery=Discovery.SIMILAR) == ["Huge", "Small"]
    assert order(huge, small, discovery=Discovery.EXPLORATORY) == ["Small", "Huge"]


def test_what_a_model_says_twice_is_a_repeat_with_a_verdict():
    _, repeats = fuse(
        [Candidate("Low", "model", 1), Candidate("Low", "model", 7, album="Secret Name")],
        WEIGHTS,
        SEEDS,
        Discovery.SIMILAR,
    )
    assert [(judged.artist, judged.verdict) for judged in repeats] == [("Low", Verdict.DUPLICATE)]


def test_every_seeds_contribution_is_kept_as_evidence():
    ranking, _ = fuse([neighbour("Lush", 1), neighbour("Lush", 9, RIDE)], WEIGHTS, SEEDS, Discovery.SIMILAR)
    names = [name for name, _ in ranking[0].voices[0].seeds]
    assert names == ["Slowdive", "Ride"]
    assert sum(share for _, share in ranking[0].voices[0].seeds) == pytest.approx(1)


def test_the_album_a_model_named_goes_along_with_who_named_it():
    ranking, _ = fuse(
        [neighbour("Low", 1), Candidate("Low", "model", 1, album="Secret Name")],
        WEIGHTS,
        SEEDS,
        Discovery.SIMILAR,
    )
    assert (ranking[0].album, ranking[0].named_by, ranking[0].mbid) == ("Secret Name", "model", mbid("Low"))


def test_a_model_alone_in_the_house_is_believed_as_far_as_it_says():
    voice = Voice("model", 0.25, 1.0, stated=0.9)
    assert confidence([voice], strongest=0.25) == pytest.approx(0.81)
    assert confidence([voice], strongest=1.0) == pytest.approx(0.405)


def test_no_source_alone_makes_certain():
    assert confidence([Voice("listenbrainz", 1.0, 1.0)], strongest=1.0) < 1


voices = st.lists(
    st.builds(
        Voice,
        source=st.just("x"),
        weight=st.floats(0.01, 1),
        rank_score=st.floats(0, 1),
        stated=st.none() | st.floats(0, 1),
    ),
    max_size=5,
)


@given(voices, voices)
def test_confidence_stays_between_0_and_1_and_another_voice_never_lowers_it(
    some: list[Voice], more: list[Voice]
):
    before, after = confidence(some, 1.0), confidence([*some, *more], 1.0)
    assert 0 <= before <= after + 1e-12 <= 1 + 1e-12


def test_what_only_a_model_proposes_gets_every_fourth_place_and_none_in_similar_mode():
    near = [neighbour(f"Near {number:02}", number) for number in range(1, 13)]
    far = [Candidate(f"Far {number}", "model", number) for number in range(1, 3)]
    mixed = order(*near, *far, discovery=Discovery.ADJACENT)
    assert [mixed.index("Far 1"), mixed.index("Far 2")] == [3, 7]
    assert sorted(mixed) == sorted(item.artist for item in [*near, *far])
    assert order(*near, *far, discovery=Discovery.SIMILAR)[-2:] == ["Far 1", "Far 2"]


def test_a_model_without_a_vote_gets_no_place_for_its_reach():
    near = [neighbour(f"Near {number:02}", number) for number in range(1, 13)]
    far = Candidate("Far", "model", 1)
    ranking, _ = fuse([*near, far], WEIGHTS | {"model": 0.0}, SEEDS, Discovery.EXPLORATORY)
    assert [item.artist for item in ranking][-1] == "Far"


def test_nothing_proposed_is_nothing_ranked():
    assert fuse([], {}, {}, Discovery.ADJACENT) == ([], [])
