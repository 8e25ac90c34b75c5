"""0.4 genre + 0.2 era + 0.2 diversity + 0.2 confidence, as SCIENCE §3 defines the parts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.learning import FacetWeights, Learnt
from brainarr.domain.recommendation import Scored, Verdict, Verified
from brainarr.domain.taste import Profile, Shape
from brainarr.pipeline.choose import choose
from brainarr.pipeline.score import score
from tests.pipeline.builders import verified

PROFILE = Profile(
    shape=Shape(artists=10),
    genres={"shoegaze": 0.6, "rock": 0.4},
    genre_artists={"shoegaze": 6, "rock": 10},
    years={1991: 0.5, 1993: 0.5},
    clusters=(),
    seeds=(),
    weights={},
    recent=(),
)


def test_the_best_genre_overlap_of_the_pool_scores_1_and_no_overlap_0():
    near, far = score([verified("A", {"shoegaze": 1.0}, 1992), verified("B", {"bebop": 1.0}, 1992)], PROFILE)
    assert (near.genre, far.genre) == (1.0, 0.0)


def test_rare_shared_genres_count_more_than_common_ones():
    rare, common = score(
        [verified("A", {"shoegaze": 1.0}, 1992), verified("B", {"rock": 1.0}, 1992)], PROFILE
    )
    assert rare.genre > common.genre > 0


def test_genre_is_the_root_of_the_overlap_against_the_best():
    whole, half = score(
        [verified("A", {"shoegaze": 1.0}, 1992), verified("B", {"shoegaze": 0.5, "bebop": 0.5}, 1992)],
        PROFILE,
    )
    assert whole.genre == 1.0
    assert 0 < half.genre < 1


def test_era_is_1_at_the_librarys_peak_and_falls_with_the_years():
    peak, eight, forty = score(
        [verified(name, {"rock": 1.0}, year) for name, year in (("A", 1992), ("B", 2000), ("C", 2032))],
        PROFILE,
    )
    assert peak.era == pytest.approx(1.0)
    assert eight.era == pytest.approx(math.exp(-0.5), rel=0.05)
    assert forty.era < 0.01


def test_an_unknown_year_gets_the_pools_median_era():
    items = [verified(str(year), {"rock": 1.0}, year) for year in (1992, 2000, None, 2010)]
    known = sorted(item.era for item in score(items, PROFILE) if item.verified.year)
    assert score(items, PROFILE)[2].era == pytest.approx(known[1])


def test_agreement_is_min_max_scaled_over_the_pool_and_a_pool_of_one_gives_1():
    low, middle, high = score([verified(str(c), {"rock": 1.0}, 1992, c) for c in (0.4, 0.5, 0.8)], PROFILE)
    sure = [1 - (1 - 0.9 * agreement) ** 2 for agreement in (0.5, 0.625, 1.0)]
    assert [low.relative_confidence, middle.relative_confidence, high.relative_confidence] == [
        0.0,
        pytest.approx((sure[1] - sure[0]) / (sure[2] - sure[0])),
        1.0,
    ]
    assert score([verified("A", {}, None, 0.4)], PROFILE)[0].relative_confidence == 1.0
    assert low.confidence == 0.4


def test_the_score_is_the_weighted_sum_of_its_shown_parts():
    chosen, _ = choose(
        score([verified(str(y), {"rock": 1.0}, y) for y in (1970, 1990, 2010)], PROFILE), PROFILE, 3
    )
    for item in chosen:
        parts = item.parts
        assert item.score == pytest.approx(
            0.4 * parts.genre + 0.2 * parts.era + 0.2 * parts.diversity + 0.2 * parts.confidence
        )


def test_the_first_pick_is_fully_diverse_and_its_twin_is_not():
    first, second = choose(
        score(
            [verified("A", {"shoegaze": 1.0}, 1992, 0.9), verified("B", {"shoegaze": 1.0}, 1992, 0.5)],
            PROFILE,
        ),
        PROFILE,
        2,
    )[0]
    assert (first.artist, first.parts.diversity) == ("A", 1.0)
    assert second.parts.diversity == pytest.approx(0.0)


def test_diversity_lets_another_genre_pass_a_twin():
    pool = score(
        [
            verified("Twin 1", {"shoegaze": 1.0}, 1992, 0.9),
            verified("Twin 2", {"shoegaze": 1.0}, 1992, 0.85),
            verified("Other", {"rock": 0.6, "shoegaze": 0.4}, 1992, 0.85),
        ],
        PROFILE,
    )
    assert [item.artist for item in choose(pool, PROFILE, 2)[0]] == ["Twin 1", "Other"]


def test_who_is_not_chosen_keeps_a_verdict():
    pool = score([verified(str(number), {"rock": 1.0}, 1990) for number in range(5)], PROFILE)
    chosen, others = choose(pool, PROFILE, 2)
    assert len(chosen) == 2
    assert [judged.verdict for judged in others] == [Verdict.NOT_CHOSEN] * 3


pools = st.lists(
    st.builds(
        verified,
        name=st.text(min_size=1, max_size=5),
        genres=st.dictionaries(st.sampled_from(["rock", "jazz", "x"]), st.floats(0.01, 1), max_size=3),
        year=st.none() | st.integers(1, 2100),
        confidence=st.floats(0, 1),
    ),
    max_size=8,
)


@given(pools, st.booleans())
def test_every_part_and_score_stays_between_0_and_1(pool: list[Verified], known_years: bool):
    profile = PROFILE if known_years else Profile(Shape(), {}, {}, {}, (), (), {}, ())
    scored: list[Scored] = score(pool, profile)
    chosen, others = choose(scored, profile, 4)
    assert len(chosen) + len(others) == len(pool)
    for item in chosen:
        parts = item.parts
        for value in (item.score, parts.genre, parts.era, parts.diversity, parts.confidence):
            assert 0 <= value <= 1 + 1e-9


def test_the_persons_weights_decide_and_what_was_learnt_goes_before_them():
    pool = score(
        [verified("Kin", {"rock": 1.0}, 1990, 0.4), verified("Sure", {"jazz": 1.0}, 1990, 0.9)], PROFILE
    )
    only_sure = FacetWeights(genre=0.0, era=0.0, diversity=0.0, confidence=1.0)
    assert choose(pool, PROFILE, 1)[0][0].artist == "Kin"
    assert choose(pool, PROFILE, 1, weights=only_sure)[0][0].artist == "Sure"
    assert choose(pool, PROFILE, 1, weights=only_sure, learnt=Learnt(FacetWeights()))[0][0].artist == "Kin"


def test_a_genre_that_was_mostly_refused_costs_its_candidates():
    pool = score(
        [verified("Kin", {"rock": 1.0}, 1990, 0.9), verified("Sure", {"jazz": 1.0}, 1990, 0.8)], PROFILE
    )
    learnt = Learnt(genres={"rock": -0.9})
    assert [item.artist for item in choose(pool, PROFILE, 2)[0]] == ["Kin", "Sure"]
    assert [item.artist for item in choose(pool, PROFILE, 2, learnt=learnt)[0]] == ["Sure", "Kin"]
