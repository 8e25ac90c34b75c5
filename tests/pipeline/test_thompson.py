"""A slot or two of a batch that are drawn: how many, from what, and how likely each pick was."""

from collections import Counter

import numpy as np
import pytest

from brainarr.domain.learning import DEFAULT_WEIGHTS, Feedback, Learnt
from brainarr.domain.recommendation import Scored
from brainarr.domain.taste import Profile, Shape
from brainarr.pipeline.choose import NOTHING_LEARNT, choose
from brainarr.pipeline.learn import learn
from brainarr.pipeline.score import score
from brainarr.pipeline.thompson import Exploration, slots_of
from tests.pipeline.builders import mbid, verified

PROFILE = Profile(Shape(artists=9), {"rock": 1.0}, {"rock": 9}, {1990: 1.0}, (), (), {}, ())
STYLES = ["rock", "folk", "techno", "bebop"]


def pool(size: int = 24) -> list[Scored]:
    return score(
        [
            verified(f"Artist {n}", {STYLES[n % 4]: 1.0}, 1970 + n, 0.3 + 0.02 * (n * 7 % 24))
            for n in range(size)
        ],
        PROFILE,
    )


def drawing(batch: int, seed: int, learnt: Learnt = NOTHING_LEARNT) -> Exploration:
    return Exploration.of(batch, None, learnt, DEFAULT_WEIGHTS, seed)


@pytest.mark.parametrize(
    ("batch", "asked", "slots"),
    [
        (4, None, 0),
        (5, None, 1),
        (14, None, 1),
        (15, None, 2),
        (100, None, 2),
        (20, 0, 0),
        (20, 5, 5),
        (3, 9, 1),
    ],
)
def test_how_many_slots_are_drawn(batch: int, asked: int | None, slots: int):
    assert slots_of(batch, asked) == slots


def test_the_ranked_slots_are_as_without_and_the_drawn_ones_last():
    ranked, _ = choose(pool(), PROFILE, 10)
    mixed, others = choose(pool(), PROFILE, 10, exploration=drawing(10, 1))
    assert [item.artist for item in mixed[:9]] == [item.artist for item in ranked[:9]]
    assert [item.explored for item in mixed] == [False] * 9 + [True]
    assert {item.propensity for item in mixed[:9]} == {1.0}
    assert 0 < mixed[9].propensity <= 1
    assert len(others) == 14


def test_the_same_seed_draws_the_same_and_others_draw_others():
    drawn = [choose(pool(), PROFILE, 10, exploration=drawing(10, seed))[0][-1] for seed in range(30)]
    again = [choose(pool(), PROFILE, 10, exploration=drawing(10, seed))[0][-1] for seed in range(30)]
    assert drawn == again
    assert len({item.artist for item in drawn}) >= 3


def test_a_logged_propensity_is_how_often_it_is_really_drawn():
    times = 400
    drawn = [choose(pool(), PROFILE, 10, exploration=drawing(10, seed))[0][-1] for seed in range(times)]
    often = Counter(item.artist for item in drawn)
    for artist, count in often.most_common(3):
        logged = np.mean([item.propensity for item in drawn if item.artist == artist])
        assert logged == pytest.approx(count / times, abs=0.06)


def test_where_everything_is_shown_nothing_is_drawn():
    chosen, _ = choose(pool(8), PROFILE, 10, exploration=drawing(10, 1))
    assert not any(item.explored for item in chosen)
    assert {item.propensity for item in chosen} == {1.0}


def test_styles_that_were_asked_for_are_drawn_from_first():
    techno = {mbid(f"Artist {n}") for n in range(24) if STYLES[n % 4] == "techno"}
    for seed in range(10):
        chosen, _ = choose(pool(), PROFILE, 5, techno, exploration=drawing(5, seed))
        assert {item.artist_mbid for item in chosen} <= techno


def test_a_genre_that_is_surely_refused_is_hardly_drawn_and_an_unknown_one_still_is():
    same = (0.5, 0.5, 0.5, 0.5)
    learnt = learn([Feedback(same, -1.0, ("techno",))] * 60 + [Feedback(same, 1.0, ("folk",))] * 60)
    drawn = [
        choose(pool(), PROFILE, 10, learnt=learnt, exploration=drawing(10, seed, learnt))[0][-1].artist
        for seed in range(60)
    ]
    style = {f"Artist {n}": STYLES[n % 4] for n in range(24)}
    often = Counter(style[artist] for artist in drawn)
    # Of sixty draws from four styles; fifteen would be no difference.
    assert often["techno"] <= 9
    assert often["bebop"] >= 6
