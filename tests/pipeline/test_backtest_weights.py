"""Weights that a backtest suggests: louder for who was right, and none where chance would do."""

import numpy as np
import pytest

from benchmarks.suggestions import SCENARIOS, suggested
from brainarr.domain.music import OwnedArtist
from brainarr.domain.recommendation import Candidate, Discovery
from brainarr.pipeline.backtest.ballot import make_ballot
from brainarr.pipeline.backtest.weights import search, suggest
from brainarr.pipeline.fuse import fuse
from tests.pipeline.builders import mbid


def at_odds(days: int, *, right: str = "good") -> tuple[list, np.ndarray]:
    """Cuts at which one source puts the hidden artist first and the other one names fifty others."""
    ballots = []
    for number in range(4):
        hidden = [OwnedArtist(n, f"H{number}-{n}", mbid(f"H{number}-{n}")) for n in range(days // 4)]
        liked = [artist.name for artist in hidden]
        others = [f"N{number}-{n}" for n in range(50)]
        said = {"good": liked if right == "good" else others[:5], "bad": others + liked}
        candidates = [
            Candidate(name, source, rank, mbid=mbid(name), seed=mbid("S"))
            for source, names in said.items()
            for rank, name in enumerate(names, start=1)
        ]
        ranking, _ = fuse(candidates, {"good": 1.0, "bad": 1.0}, {}, Discovery.SIMILAR)
        ballots.append(make_ballot(ranking, ["good", "bad"], hidden, {}))
    return ballots, np.arange(days)


def test_a_source_that_was_right_gets_the_louder_voice():
    ballots, days = at_odds(20)
    present = {"good": 0.1, "bad": 1.0}
    suggestion, crossed = suggest(ballots, present, days, np.random.default_rng(1))
    assert suggestion.weights["good"] > 0.5 * suggestion.weights["bad"]
    assert suggestion.gain is not None and suggestion.gain.low > 0
    assert len(crossed) == 4


def test_a_suggestion_is_as_loud_as_what_it_replaces():
    ballots, days = at_odds(20)
    suggestion, _ = suggest(ballots, {"good": 0.05, "bad": 0.5}, days, np.random.default_rng(1))
    assert max(suggestion.weights.values()) == 0.5


def test_weights_that_are_as_good_as_any_stay():
    ballots, days = at_odds(20, right="neither")
    suggestion, _ = suggest(ballots, {"good": 0.4, "bad": 1.0}, days, np.random.default_rng(1))
    assert suggestion.weights == {}
    assert "chance" in suggestion.reason or "first twenty" in suggestion.reason


def test_of_few_days_nothing_is_concluded():
    ballots, _ = at_odds(20)
    few = np.repeat(np.arange(4), 5)
    suggestion, crossed = suggest(ballots, {"good": 0.1, "bad": 1.0}, few, np.random.default_rng(1))
    assert (suggestion.weights, crossed) == ({}, [])
    assert "days" in suggestion.reason


def test_a_search_over_sources_that_are_all_silent_keeps_one_voice():
    ballots, _ = at_odds(20)
    assert max(search(ballots, {"good": 0.0, "bad": 0.0}).values()) == 1.0


@pytest.mark.parametrize(
    ("scenario", "fewest", "most"),
    [("none knows anything", 0, 2), ("one with a quarter of a vote knows most", 10, 12)],
)
def test_chance_is_seldom_taken_for_skill_and_skill_is_seen(scenario: str, fewest: int, most: int):
    assert fewest <= suggested(*SCENARIOS[scenario], 12) <= most
