"""What decisions teach, and what they cannot do to a score."""

import math
import time
from collections.abc import Sequence
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainarr.domain.learning import DEFAULT_WEIGHTS, FacetWeights, Feedback, Learnt
from brainarr.pipeline.learn import MOST_OF_A_GENRE, learn
from tests.conftest import examples

GENRES = ["folk", "metal", "death metal", "shoegaze", "rock", "seen live"]
units = st.floats(0, 1)
facets = st.tuples(units, units, units, units)
feedback = st.builds(
    Feedback,
    facets=facets,
    label=st.sampled_from([-1.0, -0.1, 0.0, 0.6, 1.0, 1.5]),
    genres=st.lists(st.sampled_from(GENRES), max_size=3, unique=True).map(tuple),
    sources=st.lists(st.sampled_from(["deezer", "listenbrainz"]), max_size=2, unique=True).map(tuple),
    age_days=st.floats(0, 1e5),
    propensity=st.floats(1e-6, 1),
)
histories = st.lists(feedback, max_size=30)
shares = st.tuples(units, units, units, units).filter(lambda four: sum(four) > 0.01)
priors = shares.map(lambda four: FacetWeights(*(part / sum(four) for part in four)))


def numbers(learnt: Learnt) -> list[float]:
    assert learnt.weights is not None
    return [*learnt.weights.each, *learnt.genres.values(), *learnt.sources.values()]


def by_chance(chance: np.ndarray, given_facets: np.ndarray, seed: int) -> list[Feedback]:
    """A person who wants each with that chance."""
    wanted = np.random.default_rng(seed).random(len(chance)) < chance
    return [
        Feedback(tuple(row), 1.0 if yes else -1.0)  # type: ignore[arg-type]
        for row, yes in zip(given_facets.tolist(), wanted, strict=True)
    ]


@given(priors)
def test_without_decisions_it_is_exactly_the_prior(prior: FacetWeights):
    assert learn([], prior) == Learnt(prior)
    assert learn([Feedback((1.0, 1.0, 1.0, 1.0), 0.0)], prior) == Learnt(prior)


@given(histories, st.randoms())
def test_the_order_of_decisions_says_nothing(told: list[Feedback], order: Random):
    shuffled = list(told)
    order.shuffle(shuffled)
    one, other = learn(told), learn(shuffled)
    assert numbers(one)[:4] == pytest.approx(numbers(other)[:4], abs=1e-6)
    assert one.genres == pytest.approx(other.genres)
    assert one.sources == pytest.approx(other.sources)


@settings(max_examples=examples(200))
@given(histories, priors)
def test_whatever_was_decided_weights_stay_weights_and_everything_bounded(
    told: list[Feedback], prior: FacetWeights
):
    learnt = learn(told, prior)
    assert learnt.weights is not None
    assert all(0 <= weight <= 1 for weight in learnt.weights.each)
    assert sum(learnt.weights.each) == pytest.approx(1.0)
    assert all(abs(leaning) <= MOST_OF_A_GENRE for leaning in learnt.genres.values())
    assert all(0.5 <= factor <= 2.0 for factor in learnt.sources.values())
    assert all(math.isfinite(number) for number in numbers(learnt))
    if learnt.posterior:
        spread = np.array(learnt.posterior.covariance)
        assert np.linalg.eigvalsh(spread).min() > 0
        assert all(taste.alpha > 0 and taste.beta > 0 for taste in learnt.posterior.genres.values())


@given(histories, facets, st.sampled_from(GENRES), st.integers(1, 5))
def test_more_rejections_of_a_genre_never_raise_it(
    told: list[Feedback], shown: tuple[float, float, float, float], genre: str, times: int
):
    before = learn(told).genres.get(genre, 0.0)
    refused = [Feedback(shown, -1.0, (genre,))] * times
    assert learn([*told, *refused]).genres[genre] <= before + 1e-9


@given(histories, facets, st.sampled_from(GENRES))
def test_an_acceptance_of_a_genre_never_lowers_it(
    told: list[Feedback], shown: tuple[float, float, float, float], genre: str
):
    before = learn(told).genres.get(genre, 0.0)
    assert learn([*told, Feedback(shown, 1.0, (genre,))]).genres[genre] >= before - 1e-9


def test_few_decisions_move_little_and_many_a_lot():
    rng = np.random.default_rng(1)
    shown = rng.random((400, 4))
    sure = 1 / (1 + np.exp(-8 * (shown[:, 3] - 0.5)))
    told = by_chance(sure, shown, 2)
    few, many = learn(told[:5]).weights, learn(told).weights
    assert few is not None and many is not None
    assert few.confidence == pytest.approx(DEFAULT_WEIGHTS.confidence, abs=0.06)
    assert many.confidence > 0.5 and many.confidence == max(many.each)


def test_decisions_that_one_facet_separates_stay_finite():
    told = [Feedback((float(yes), 0.5, 0.5, 0.5), 1.0 if yes else -1.0) for yes in (0, 1) for _ in range(500)]
    learnt = learn(told)
    assert learnt.weights is not None
    assert 0.5 < learnt.weights.genre < 1.0


def test_who_says_no_to_everything_only_says_that():
    rng = np.random.default_rng(3)
    shown = rng.random((60, 4))
    learnt = learn(by_chance(np.zeros(60), shown, 4))
    assert learnt.weights is not None
    assert learnt.weights.each == pytest.approx(DEFAULT_WEIGHTS.each, abs=0.12)


def test_a_decision_of_long_ago_counts_half_every_180_days():
    told = [Feedback((0.5, 0.5, 0.5, 0.5), -1.0, ("metal",)), Feedback((0.5, 0.5, 0.5, 0.5), 1.0, ("folk",))]

    def aged(days: float) -> float:
        return learn([msgspec.structs.replace(one, age_days=days) for one in told]).genres["metal"]

    now, later, long_after = aged(0), aged(180), aged(3_600)
    assert now < later < long_after
    assert long_after == pytest.approx(0.0, abs=1e-3)


def test_a_subgenre_takes_after_its_parent_until_it_has_decisions_of_its_own():
    same = (0.5, 0.5, 0.5, 0.5)
    kin = [Feedback(same, -1.0, ("black metal",))] * 12 + [Feedback(same, 1.0, ("folk",))] * 12
    once = [*kin, Feedback(same, -1.0, ("death metal",))]
    alone = [*[Feedback(same, 1.0, ("folk",))] * 12, Feedback(same, -1.0, ("death metal",))]
    assert learn(once).genres["death metal"] < learn(alone).genres["death metal"] < 0
    loved = [*kin, *[Feedback(same, 1.0, ("death metal",))] * 30]
    assert learn(loved).genres["death metal"] > 0 > learn(loved).genres["black metal"]


def test_a_source_whose_votes_are_taken_gets_more_say_and_the_other_less():
    same = (0.5, 0.5, 0.5, 0.5)
    told = [Feedback(same, 1.0, (), ("deezer",))] * 20 + [Feedback(same, -1.0, (), ("home",))] * 20
    factors = learn(told).sources
    assert 1 < factors["deezer"] <= 2
    assert 0.5 <= factors["home"] < 1
    assert learn([Feedback(same, 1.0, (), ("deezer",))] * 20).sources["deezer"] == pytest.approx(
        1.0, abs=0.05
    )


def _genre_saturates(shown: np.ndarray) -> np.ndarray:
    """Chance of a yes: sharing genres matters up to a half, beyond it only that sources agree."""
    return 1 / (1 + np.exp(-(10 * np.minimum(shown[:, 0], 0.5) + 2 * shown[:, 3] - 5)))


def _learn_from_the_top(seed: int, *, weighed: bool, batches: int = 12) -> FacetWeights:
    """Batches of 20 of 60: 18 by the default score, 2 drawn around it; with or without propensities."""
    rng = np.random.default_rng(seed)
    default = np.array(DEFAULT_WEIGHTS.each)
    rows: list[tuple[Sequence[float], float]] = []
    for _ in range(batches):
        pool = rng.random((60, 4))
        order = np.argsort(-(pool @ default))
        rows += [(pool[place].tolist(), 1.0) for place in order[:18]]
        rest = order[18:]
        for _ in range(2):
            drawn = np.maximum(default + rng.normal(0, 0.25, (256, 4)), 0)
            best = (drawn @ pool[rest].T).argmax(axis=1)
            rows.append((pool[rest[best[0]]].tolist(), float((best == best[0]).mean())))
            rest = np.delete(rest, best[0])
    shown = np.array([row for row, _ in rows])
    told = by_chance(_genre_saturates(shown), shown, seed + 10_000)
    learnt = learn(
        [
            Feedback(one.facets, one.label, propensity=propensity if weighed else 1.0)
            for one, (_, propensity) in zip(told, rows, strict=True)
        ]
    )
    assert learnt.weights is not None
    return learnt.weights


def test_where_the_shown_top_hides_what_matters_inverse_propensities_find_it():
    everything = np.random.default_rng(99).random((4_000, 4))
    truth = _genre_saturates(everything)

    def fit(weights: FacetWeights) -> float:
        return float(np.corrcoef(everything @ np.array(weights.each), truth)[0, 1])

    plain = [_learn_from_the_top(seed, weighed=False) for seed in range(25)]
    weighed = [_learn_from_the_top(seed, weighed=True) for seed in range(25)]
    # In the top everybody shares genres, so that it seems not to matter; the drawn slots know better.
    assert np.mean([one.genre for one in weighed]) > np.mean([one.genre for one in plain]) + 0.05
    assert np.mean([fit(one) for one in weighed]) > np.mean([fit(one) for one in plain]) + 0.01
    assert np.mean([fit(one) for one in weighed]) > fit(DEFAULT_WEIGHTS) + 0.05


def test_ten_thousand_decisions_are_learnt_from_within_a_second():
    rng = np.random.default_rng(5)
    told = [
        Feedback(tuple(row), 1.0 if row[0] > 0.5 else -1.0, ("shoegaze", "folk"), ("deezer",))  # type: ignore[arg-type]
        for row in rng.random((10_000, 4)).tolist()
    ]
    started = time.perf_counter()
    learn(told)
    assert time.perf_counter() - started < 1.0
