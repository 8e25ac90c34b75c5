"""The pick beyond the score: calibration, caps, and that numpy chooses as plain arithmetic does."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.learning import DEFAULT_WEIGHTS, Learnt, Liking
from brainarr.domain.music import CatalogArtist
from brainarr.domain.recommendation import Caps, Recommendation, Scored, Verdict, Voice
from brainarr.domain.taste import Profile, Shape
from brainarr.pipeline.caps import overruns, traits
from brainarr.pipeline.choose import NOTHING_LEARNT, choose
from brainarr.pipeline.score import score
from brainarr.pipeline.thompson import Exploration
from tests.pipeline.builders import fused, mbid, verified

GENRES = {"shoegaze": 0.7, "jazz": 0.2, "dub": 0.1}
PROFILE = Profile(
    shape=Shape(artists=100),
    genres=GENRES,
    genre_artists={"shoegaze": 70, "jazz": 20, "dub": 10},
    years={1991: 0.5, 2005: 0.5},
    clusters=(),
    seeds=(),
    weights={},
    recent=(),
)


def scored(
    name: str, genre: str = "shoegaze", year: int = 1991, confidence: float = 0.9, seed: str = "Ride"
) -> Scored:
    voice = Voice("listenbrainz", 1.0, 0.9, seeds=((seed, 1.0),))
    item = msgspec.structs.replace(
        verified(name, {genre: 1.0}, year),
        fused=fused(name, voices=(voice,)),
        artist=CatalogArtist(mbid(name), name, genres=((genre, 5.0), ("rock", 1.0))),
    )
    return Scored(item, 1.0 if genre == "shoegaze" else 0.1, 0.9, confidence, confidence)


def pool_of(**counts: int) -> list[Scored]:
    """Ever less certain ones of each genre."""
    return [
        scored(f"{genre} {number}", genre, confidence=0.99 - number / 100)
        for genre, count in counts.items()
        for number in range(count)
    ]


def genres_of(chosen: Sequence[Recommendation]) -> Counter[str]:
    return Counter(item.artist.split()[0] for item in chosen)


def divergence(chosen: Sequence[Recommendation], pool: Sequence[Scored]) -> float:
    """KL(library ‖ batch) as Steck 2018 has it."""
    by_mbid = {item.verified.artist.mbid: item.verified.genres for item in pool}
    batch: Counter[str] = Counter()
    for item in chosen:
        for genre, share in by_mbid[item.artist_mbid].items():
            batch[genre] += share / len(chosen)  # type: ignore[assignment]
    return sum(p * math.log(p / (0.99 * batch[genre] + 0.01 * p)) for genre, p in GENRES.items())


def test_calibration_brings_the_librarys_smaller_loves_into_the_list():
    pool = pool_of(shoegaze=20, jazz=10, dub=10)
    by_score = choose(pool, PROFILE, 10)[0]
    calibrated = choose(pool, PROFILE, 10, calibration=0.9)[0]
    assert genres_of(calibrated) == {"shoegaze": 7, "jazz": 2, "dub": 1}
    assert divergence(calibrated, pool) < divergence(by_score, pool)


def test_more_calibration_never_takes_the_list_further_from_the_library():
    pool = pool_of(shoegaze=20, jazz=20, dub=20)
    strains = [
        divergence(choose(pool, PROFILE, 12, calibration=amount)[0], pool) for amount in (0, 0.3, 0.6, 0.9)
    ]
    assert strains == sorted(strains, reverse=True) and strains[-1] < strains[0]


def test_calibration_knows_what_to_do_where_no_genre_is_known():
    bare = [msgspec.structs.replace(item.verified, genres={}) for item in pool_of(shoegaze=3)]
    chosen, _ = choose(score(bare, PROFILE), PROFILE, 2, calibration=0.5)
    assert len(chosen) == 2
    nobody = msgspec.structs.replace(PROFILE, genres={})
    assert len(choose(pool_of(shoegaze=3), nobody, 2, calibration=1.0)[0]) == 2


def test_a_cap_on_a_genre_turns_away_with_a_verdict_that_names_it():
    chosen, others = choose(pool_of(shoegaze=10, jazz=10), PROFILE, 10, caps=Caps(genre=0.6))
    assert genres_of(chosen) == {"shoegaze": 6, "jazz": 4}
    turned_away = [item for item in others if item.artist.startswith("shoegaze")]
    assert {item.verdict for item in turned_away} == {Verdict.NOT_CHOSEN}
    assert {item.detail for item in turned_away} == {
        "enough of shoegaze already: 6 of 10 (recommend.caps.genre)"
    }
    assert {item.detail for item in others if item.artist.startswith("jazz")} == {
        "verified, but 10 others scored higher"
    }


def test_a_cap_on_an_era_and_on_a_seed_hold_too():
    old_first = [scored(f"old {n}", year=1994, confidence=0.9) for n in range(6)]
    new = [scored(f"new {n}", year=2004, confidence=0.5) for n in range(6)]
    assert genres_of(choose([*old_first, *new], PROFILE, 6, caps=Caps(era=0.5))[0]) == {"old": 3, "new": 3}
    ride = [scored(f"ride {n}", confidence=0.9) for n in range(6)]
    lush = [scored(f"lush {n}", confidence=0.5, seed="Lush") for n in range(6)]
    assert genres_of(choose([*ride, *lush], PROFILE, 6, caps=Caps(seed=0.5))[0]) == {"ride": 3, "lush": 3}


def test_caps_give_way_where_too_little_else_is_left_and_the_overrun_is_told():
    pool = pool_of(shoegaze=9, jazz=1)
    caps = Caps(genre=0.2)
    chosen, _ = choose(pool, PROFILE, 5, caps=caps)
    assert genres_of(chosen) == {"shoegaze": 4, "jazz": 1}
    assert overruns(chosen, caps) == ("4 of 5 are of shoegaze, though recommend.caps.genre allows 1",)
    assert overruns(choose(pool, PROFILE, 2, caps=Caps(genre=0.5))[0], Caps(genre=0.5)) == ()


def test_the_least_cap_allows_one_and_an_exact_share_is_allowed():
    pool = pool_of(shoegaze=5, jazz=5, dub=5)
    assert max(genres_of(choose(pool, PROFILE, 3, caps=Caps(genre=0.01))[0]).values()) == 1
    # 0.3 × 10 is below 3 in binary.
    assert genres_of(choose(pool, PROFILE, 10, caps=Caps(genre=0.3))[0])["jazz"] >= 3


def test_what_was_asked_for_by_style_comes_before_the_caps():
    pool = pool_of(shoegaze=6, jazz=6)
    wanted = {item.verified.artist.mbid for item in pool if item.verified.artist.name.startswith("jazz")}
    chosen, _ = choose(pool, PROFILE, 6, wanted, caps=Caps(genre=0.5))
    assert genres_of(chosen) == {"jazz": 6}


def drawing(slots: int, seed: int) -> Exploration:
    return Exploration.of(10, slots, NOTHING_LEARNT, DEFAULT_WEIGHTS, seed)


def test_a_drawn_slot_keeps_to_the_caps_that_the_ranked_ones_left_room_for():
    pool, caps = pool_of(shoegaze=20, jazz=20, dub=20), Caps(genre=0.4)
    ranked = [item.artist for item in choose(pool, PROFILE, 10, caps=caps)[0]]
    others_drawn = 0
    for seed in range(20):
        chosen, others = choose(pool, PROFILE, 10, caps=caps, exploration=drawing(5, seed))
        assert [item.explored for item in chosen] == [False] * 5 + [True] * 5
        assert overruns(chosen, caps) == ()
        others_drawn += [item.artist for item in chosen] != ranked
        assert "verified, but 10 others scored higher or were drawn (recommend.exploration)" in {
            item.detail for item in others
        }
    assert others_drawn > 10


def test_a_drawn_slot_is_drawn_for_a_calibrated_list_where_one_is_wanted():
    pool = pool_of(shoegaze=20, jazz=20, dub=20)

    def furthest(amount: float) -> float:
        batches = [
            choose(pool, PROFILE, 10, calibration=amount, exploration=drawing(5, seed))[0]
            for seed in range(20)
        ]
        return max(divergence(batch, pool) for batch in batches)

    assert furthest(0.9) < 0.1 < furthest(0.0)


def test_what_is_drawn_counts_as_picked_for_the_diversity_of_the_next():
    pool = pool_of(shoegaze=9, jazz=9)
    for seed in range(10):
        chosen, _ = choose(pool, PROFILE, 10, exploration=drawing(5, seed))
        told = {"shoegaze": 0, "jazz": 0}
        for item in chosen:
            genre = item.artist.split()[0]
            assert item.parts.diversity == pytest.approx(0.0 if told[genre] else 1.0)
            told[genre] += 1


def test_a_cap_on_owned_artists_does_not_take_back_what_was_asked_for():
    ride = [scored(f"ride {n}", confidence=0.9) for n in range(6)]
    lush = [scored(f"lush {n}", confidence=0.5, seed="Lush") for n in range(6)]
    learnt, caps = Learnt(more=(Liking(mbid("Ride"), "Ride"),)), Caps(seed=0.5)
    chosen, _ = choose([*ride, *lush], PROFILE, 6, learnt=learnt, caps=caps)
    assert genres_of(chosen) == {"ride": 6} and overruns(chosen, caps) == ()
    assert {item.evidence.asked for item in chosen} == {("Ride",)}
    assert {item.evidence.seed_sources["Ride"] for item in chosen} == {("listenbrainz",)}


def test_a_leaning_lifts_who_it_is_for():
    pool = pool_of(shoegaze=10)
    last = pool[-1].verified.artist
    assert last.name not in [item.artist for item in choose(pool, PROFILE, 3)[0]]
    chosen, _ = choose(pool, PROFILE, 3, leanings={last.mbid: 0.15})
    assert chosen[0].artist == last.name


def test_the_genre_that_a_cap_counts_is_the_finest_most_voted_one():
    assert traits(("rock", "shoegaze", "dream pop"), 1991, ("Ride",)).genre == "of shoegaze"
    assert traits((), None, ()) == traits(("",), 0, ())


def reference(pool: Sequence[Scored], wanted: int) -> list[str]:
    """The greedy pick in plain arithmetic."""

    carried = Counter(genre for item in pool for genre in item.verified.genres)
    rare = {genre: math.log1p(len(pool) / count) for genre, count in carried.items()}

    def weighed(item: Scored) -> dict[str, float]:
        return {genre: share * rare[genre] for genre, share in item.verified.genres.items()}

    def cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
        norms = math.hypot(*one.values()) * math.hypot(*other.values())
        return min(1.0, sum(one[genre] * other.get(genre, 0.0) for genre in one) / norms) if norms else 0.0

    left, picked = list(pool), list[Scored]()
    while left and len(picked) < wanted:

        def total(item: Scored) -> float:
            near = max((cosine(weighed(item), weighed(other)) for other in picked), default=0.0)
            weights = DEFAULT_WEIGHTS
            return round(
                weights.genre * item.genre
                + weights.era * item.era
                + weights.diversity * (1 - near)
                + weights.confidence * item.relative_confidence,
                12,
            )

        best = max(left, key=total)
        left.remove(best)
        picked.append(best)
    return [item.verified.artist.name for item in picked]


shares = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.floats(0.05, 1), max_size=4)


@given(st.lists(st.tuples(shares, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), max_size=12))
def test_it_picks_as_plain_arithmetic_would(
    rows: list[tuple[dict[str, float], float, float, float]],
):
    pool = [
        Scored(verified(f"A{number}", genres, 1990), genre, era, confidence, confidence)
        for number, (genres, genre, era, confidence) in enumerate(rows)
    ]
    assert [item.artist for item in choose(pool, PROFILE, 6)[0]] == reference(pool, 6)
