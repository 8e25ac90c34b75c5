"""The past of a library replayed: what counts as chosen, where it is cut, and how well it is predicted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainarr.domain.backtest import DEFAULT, POPULARITY, PRESENT, SUGGESTED, Backtest, BacktestOptions
from brainarr.domain.music import Library, Mbid, OwnedArtist
from brainarr.domain.recommendation import Candidate, Discovery, RunOptions
from brainarr.domain.taste import Seed
from brainarr.errors import ProviderRejected
from brainarr.pipeline.backtest.ballot import make_ballot, places
from brainarr.pipeline.backtest.hearing import Consulted, NeighbourCount
from brainarr.pipeline.backtest.history import bulk_days, cut_library, read_history, usual_share
from brainarr.pipeline.backtest.measure import difference, estimate, ndcgs, recalls
from brainarr.pipeline.backtest.replay import backtest_library
from brainarr.pipeline.fuse import fuse
from brainarr.pipeline.ports import Allowance, CandidateSource
from tests.conftest import NOW, examples
from tests.pipeline.builders import library, mbid, owned

USUAL = BacktestOptions()
START = datetime(2024, 1, 1, 10, tzinfo=UTC)


def grown(names: Sequence[str], *, each_days: int = 7, start: datetime = START) -> list[OwnedArtist]:
    """One artist after the other, in this order."""
    return [
        owned(number, name, "rock", added=start + timedelta(days=each_days * number))
        for number, name in enumerate(names, start=1)
    ]


class Neighbours:
    """A similarity source that knows these lists, by name; it counts what it is asked."""

    kind = "scripted"
    allowance: Allowance | None = None

    def __init__(
        self,
        name: str,
        lists: Mapping[str, Sequence[str]],
        *,
        weight: float = 1.0,
        identified: bool = True,
        failure: ProviderRejected | None = None,
    ) -> None:
        self.name = name
        self.weight = weight
        self.count = NeighbourCount()
        self._lists = lists
        self._identified = identified
        self._failure = failure

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        if self._failure is not None:
            raise self._failure
        self.count.fetched.add(seed.mbid)
        return tuple(
            Candidate(name, self.name, rank, mbid=mbid(name) if self._identified else None, seed=seed.mbid)
            for rank, name in enumerate(self._lists.get(seed.name, ()), start=1)
        )


async def backtested(
    owned_library: Library,
    *sources: Neighbours,
    asked: BacktestOptions = USUAL,
    recommended: Mapping[Mbid, datetime] | None = None,
    **options: object,
) -> Backtest:
    return await backtest_library(
        owned_library,
        asked,
        RunOptions(**options),  # type: ignore[arg-type]
        Consulted(sources, recall_nobody, {source.name: source.count for source in sources}),
        recommended or {},
        lambda: NOW,
        lambda _: None,
    )


KNOWN = [f"Known {number}" for number in range(40)]
LATER = [f"Later {number}" for number in range(10)]


async def recall_nobody(source: CandidateSource, seed: Seed) -> tuple[Candidate, ...]:
    return ()


def leads_to(later: Sequence[str], noise: int = 0) -> dict[str, list[str]]:
    """Every known artist's list names all of these, after so many others that nobody took in."""
    return {name: [*(f"Noise {number}" for number in range(noise)), *later] for name in [*KNOWN, *LATER]}


# What counts as chosen


def test_a_day_on_which_more_came_in_than_a_person_chooses_is_a_bulk_day():
    filled, usual = date(2024, 1, 1), [date(2024, 2, day) for day in range(1, 11)]
    assert [(one.day, one.artists) for one in bulk_days([filled] * 11 + usual)] == [(filled, 11)]
    assert bulk_days([filled] * 10 + usual) == ()


def test_who_takes_in_eight_at_a_time_does_so_by_hand_but_nobody_takes_in_fifty():
    eights = [date(2024, 1, day) for day in range(1, 21) for _ in range(8)]
    assert bulk_days([*eights, *[date(2024, 3, 1)] * 40]) == ()
    assert [one.artists for one in bulk_days([*eights, *[date(2024, 3, 1)] * 51])] == [51]


def test_a_library_that_grew_by_imports_alone_has_nothing_to_hide():
    days = [date(2024, 1, day) for day in range(1, 31) for _ in range(200)]
    assert sum(one.artists for one in bulk_days(days)) == 6000


def test_a_day_of_bulk_is_never_hidden_whenever_it_was():
    by_hand = grown([*KNOWN, *LATER])
    day = by_hand[-3].added
    bulk = [owned(1000 + n, f"Bulk {n}", "pop", added=day) for n in range(30)]
    history = read_history(library(*by_hand, *bulk), {})
    names = {artist.name for artist in history.eligible}
    assert not {artist.name for artist in bulk} & names
    # Who came by hand on that day cannot be told from the rest.
    assert by_hand[-3].name not in names and by_hand[-2].name in names


def test_what_brainarr_recommended_is_not_hidden_from_it():
    artists = grown([*KNOWN, *LATER])
    before, after = START, NOW
    named = {mbid("Later 9"): before, mbid("Later 8"): after}
    history = read_history(library(*artists), named)
    # What it named only after it was there was the person's own find.
    assert history.eligible[-1].name == "Later 8"
    assert history.recommended == 1


@pytest.mark.parametrize(("eligible", "hidden"), [(10, 10), (60, 12), (200, 40), (4000, 50)])
def test_a_fifth_is_hidden_within_bounds(eligible: int, hidden: int):
    assert usual_share(eligible) == hidden


# Cuts


@given(
    days=st.lists(st.integers(0, 60), min_size=1, max_size=60),
    hide=st.integers(1, 30),
    count=st.integers(1, 8),
)
def test_every_cut_knows_only_what_was_there_before_it(days: list[int], hide: int, count: int):
    artists = [owned(n, f"A{n}", added=START + timedelta(days=day, minutes=n)) for n, day in enumerate(days)]
    undated = owned(900, "Undated", added=None)
    whole = library(*artists, undated)
    history = read_history(whole, {})
    folds = cut_library(whole, history, hide, count)
    hidden = [artist.id for fold in folds for artist in fold.hidden]
    assert len(hidden) == len(set(hidden)) == min(hide, len(history.eligible))
    for fold in folds:
        assert undated in fold.known.artists
        assert all(artist.added is None or artist.added < fold.cut for artist in fold.known.artists)
        assert all(artist.added and artist.added >= fold.cut for artist in (*fold.hidden, *fold.later))
        everybody = (*fold.known.artists, *fold.hidden, *fold.later)
        assert sorted(artist.id for artist in everybody) == sorted(artist.id for artist in whole.artists)


# Ballots


@st.composite
def proposals(draw: st.DrawFn) -> list[Candidate]:
    names = [f"N{number}" for number in range(12)]
    found: list[Candidate] = []
    # One tells popularity, one only an order, one common listeners, and one scores for the whole library.
    for source in ("one", "two", "three", "four"):
        seeds = [None] if source == "four" else draw(st.lists(st.sampled_from(["S1", "S2"]), unique=True))
        for seed in seeds:
            liked = draw(st.lists(st.sampled_from(names), unique=True, max_size=8))
            fans = draw(st.sampled_from([None, 10.0, 5000.0]))
            found += [
                Candidate(
                    name,
                    source,
                    rank,
                    mbid=None if source == "two" else mbid(name),
                    seed=mbid(seed) if seed else None,
                    strength=None if source == "two" else 100.0 / rank,
                    counted=source == "three",
                    because=() if seed else (("S1", 1.0),),
                    popularity=fans if source == "one" else None,
                )
                for rank, name in enumerate(liked, start=1)
            ]
    return found


WEIGHTS = st.sampled_from([0.05, 0.25, 0.7, 1.0])


@settings(max_examples=examples(60))
@given(proposals(), st.tuples(WEIGHTS, WEIGHTS, WEIGHTS, WEIGHTS), st.sampled_from(list(Discovery)))
def test_a_ballot_ranks_as_the_fusion_does(
    candidates: list[Candidate], votes: tuple[float, float, float, float], discovery: Discovery
):
    seeds = {mbid(name): Seed(mbid(name), name, 0.5, "") for name in ("S1", "S2")}
    names = list(dict.fromkeys(candidate.source for candidate in candidates))
    weights: dict[str, float] = dict(zip(("one", "two", "three", "four"), votes, strict=True))
    ranking, _ = fuse(candidates, dict.fromkeys(names, 1.0), seeds, discovery)
    right, _ = fuse(candidates, {name: weights[name] for name in names}, seeds, discovery)
    wanted = [OwnedArtist(number, item.artist, item.mbid) for number, item in enumerate(right)]
    ballot = make_ballot(ranking, names, wanted, {})
    found = places(ballot, weights)
    scores = [item.score for item in right]
    assert all(found)
    for place, item in zip(found, right, strict=True):
        # Equal but for rounding may change places.
        assert scores[place - 1] == pytest.approx(item.score)


def test_a_source_without_a_vote_names_nobody():
    candidates = [Candidate("N1", "one", 1, seed=mbid("S")), Candidate("N2", "two", 1, seed=mbid("S"))]
    ranking, _ = fuse(candidates, {"one": 1.0, "two": 1.0}, {}, Discovery.SIMILAR)
    ballot = make_ballot(ranking, ["one", "two"], [OwnedArtist(1, "N2"), OwnedArtist(2, "Nobody")], {})
    assert list(places(ballot, {"one": 1.0, "two": 0.0})) == [0, 0]
    assert list(places(ballot, {"one": 0.5, "two": 1.0})) == [1, 0]


def test_who_was_named_with_nothing_to_say_for_it_stands_last_and_not_nowhere():
    candidates = [
        Candidate(name, "one", rank, seed=mbid("S"), strength=strength, counted=True)
        for rank, (name, strength) in enumerate([("N1", 10.0), ("N2", 0.0)], start=1)
    ]
    ranking, _ = fuse(candidates, {"one": 1.0}, {}, Discovery.SIMILAR)
    assert ranking[-1].score == 0
    ballot = make_ballot(ranking, ["one"], [OwnedArtist(1, "N2"), OwnedArtist(2, "Nobody")], {})
    assert list(places(ballot, {"one": 1.0})) == [2, 0]


def test_a_hidden_artist_is_found_by_name_unless_two_identifiers_differ():
    candidates = [
        Candidate("The Tin Harbour", "one", 1, seed=mbid("S")),
        Candidate("Moss", "one", 2, mbid=mbid("another Moss"), seed=mbid("S")),
    ]
    ranking, _ = fuse(candidates, {"one": 1.0}, {}, Discovery.SIMILAR)
    hidden = [
        OwnedArtist(1, "Tin Harbour", mbid("x")),
        OwnedArtist(2, "Moss", mbid("Moss")),
        OwnedArtist(3, "moss"),
    ]
    ballot = make_ballot(ranking, ["one"], hidden, {})
    assert list(places(ballot, {"one": 1.0})) == [1, 0, 2]


# Figures


def test_recall_and_ndcg_are_what_they_are_elsewhere():
    found = np.array([1, 3, 0, 40])
    assert recalls(found, 20).mean() == 0.5
    # DCG: 1/log2(2) + 1/log2(4); ideal of four: 1 + 1/log2(3) + 1/log2(4) + 1/log2(5).
    assert ndcgs(found, 20).mean() == pytest.approx(1.5 / (1 + 0.63093 + 0.5 + 0.43068), abs=1e-4)
    assert ndcgs(np.array([1, 2, 3]), 20).mean() == pytest.approx(1)


def test_more_hidden_artists_than_places_can_still_reach_ndcg_1():
    assert ndcgs(np.arange(1, 31), 20).mean() == pytest.approx(1)


def test_finding_nothing_in_ten_days_does_not_prove_that_nothing_can_be_found():
    dice = np.random.default_rng(1)
    nothing = estimate(np.zeros(10), np.arange(10), dice)
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, pytest.approx(0.3))
    everything = estimate(np.ones(10), np.arange(10), dice)
    assert (everything.low, everything.high) == (pytest.approx(0.7), 1)


def test_artists_of_one_day_count_as_one_draw():
    values = np.array([1.0, 0.0] * 20)
    apart = estimate(values, np.arange(40), np.random.default_rng(1))
    together = estimate(np.sort(values), np.repeat(np.arange(4), 10), np.random.default_rng(1))
    assert apart.value == together.value == 0.5
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_a_difference_may_be_a_loss():
    lost = difference(np.zeros(20), np.ones(20), np.arange(20), np.random.default_rng(1))
    assert (lost.value, lost.low, lost.high) == (-1, -1, pytest.approx(-0.85))


def test_what_happened_on_a_single_day_may_have_been_anything():
    one_day = estimate(np.array([1.0, 1.0, 1.0, 1.0]), np.zeros(4, int), np.random.default_rng(1))
    assert (one_day.value, one_day.low, one_day.high) == (1, 0, 1)


# The whole


async def test_artists_that_the_sources_lead_to_are_found_with_place_and_date():
    source = Neighbours("near", leads_to(LATER))
    found = await backtested(library(*grown([*KNOWN, *LATER])), source)
    present = found.system(PRESENT)
    assert present is not None and present.recall20.value == 1.0
    assert found.trouble == "" and found.hidden == 10
    first = found.tested[0]
    assert (first.artist, first.place) == ("Later 0", 1)
    assert first.cut <= first.added
    assert found.asked[0].fetched == found.asked[0].seeds > 0
    assert found.suggestion.reason == "There is only one source, so there is nothing to weigh."


async def test_a_library_that_the_sources_know_nothing_of_is_not_predicted():
    source = Neighbours("near", {name: [f"Noise {n}" for n in range(50)] for name in KNOWN})
    found = await backtested(library(*grown([*KNOWN, *LATER])), source)
    present = found.system(PRESENT)
    assert present is not None
    assert (present.recall20.value, present.recall20.low) == (0, 0)
    assert 0 < present.recall20.high <= 0.35
    assert {one.place for one in found.tested} == {None}


async def test_what_came_later_neither_helps_nor_stands_in_the_way():
    artists = grown([*KNOWN, *LATER])
    bulk = [owned(500 + n, f"Bulk {n}", added=artists[-1].added + timedelta(days=30)) for n in range(30)]  # type: ignore[operator]
    lists = {name: [*(one.name for one in bulk), *LATER] for name in [*KNOWN, *LATER]}
    found = await backtested(library(*artists, *bulk), Neighbours("near", lists))
    assert [day.artists for day in found.bulk_days] == [30]
    assert max(one.place or 99 for one in found.tested) <= 10


async def test_two_sources_are_measured_alone_together_and_against_popularity():
    good = Neighbours("good", leads_to(LATER), weight=0.1)
    bad = Neighbours("bad", leads_to([], noise=60))
    asked = BacktestOptions(hide=10, folds=5)
    found = await backtested(library(*grown([*KNOWN, *LATER])), good, bad, asked=asked)
    by_name = {system.name: system for system in found.systems}
    assert set(by_name) == {PRESENT, SUGGESTED, "good", "bad", POPULARITY}
    assert by_name["good"].recall20.value == 1 and by_name["bad"].recall20.value == 0
    assert found.suggestion.weights["good"] > found.suggestion.weights["bad"] / 10
    assert by_name[SUGGESTED].ndcg100.value > by_name[PRESENT].ndcg100.value
    assert [cut.hidden for cut in found.cuts] == [2] * 5


async def test_weights_of_ones_own_are_compared_with_the_usual_ones():
    good, bad = Neighbours("good", leads_to(LATER)), Neighbours("bad", leads_to([], noise=60))
    found = await backtested(library(*grown([*KNOWN, *LATER])), good, bad, source_weights={"good": 0.0})
    present, default = found.system(PRESENT), found.system(DEFAULT)
    assert present is not None and default is not None
    assert present.weights == {"good": 0.0, "bad": 1.0}
    assert present.recall20.value == 0 < default.recall20.value


async def test_a_source_that_fails_is_reported_and_the_others_are_measured():
    refused = ProviderRejected("broken", "the key is not valid")
    broken = Neighbours("broken", {}, failure=refused)
    found = await backtested(library(*grown([*KNOWN, *LATER])), Neighbours("near", leads_to(LATER)), broken)
    (report,) = [one for one in found.asked if one.source == "broken"]
    assert report.missing == report.seeds and "not valid" in report.detail
    assert found.system("broken") is None and found.system("near") is not None


async def test_without_any_neighbour_there_is_no_number():
    found = await backtested(library(*grown([*KNOWN, *LATER])), Neighbours("near", {}))
    assert found.systems == () and "No similarity source" in found.trouble
    offline = BacktestOptions(offline=True)
    found = await backtested(library(*grown([*KNOWN, *LATER])), Neighbours("near", {}), asked=offline)
    assert found.remedy == "Run it without --offline."


async def test_an_empty_library_is_said_to_be_empty():
    found = await backtested(library(), Neighbours("near", {}))
    assert (found.trouble, found.systems) == ("The library is empty.", ())


async def test_too_few_artists_are_a_statement_and_not_a_number():
    undated = [owned(n, f"Undated {n}", added=None) for n in range(20)]
    filled = [owned(100 + n, f"Bulk {n}", added=START) for n in range(30)]
    artists = grown(["One", "Two", "Three"], start=START + timedelta(days=30))
    found = await backtested(
        library(*undated, *filled, *artists), Neighbours("near", {}), recommended={mbid("Two"): START}
    )
    assert found.trouble == (
        "Only 2 of 53 artists show when you chose them (20 without a date, 30 taken in on days of a bulk "
        "import, 1 that Brainarr had recommended before); at least 10 are needed."
    )
    assert found.remedy and not found.systems


async def test_a_library_that_began_with_its_choices_has_nothing_before_them():
    found = await backtested(library(*grown(LATER)), Neighbours("near", {}), asked=BacktestOptions(folds=1))
    assert "Almost nothing was in the library before" in found.trouble


async def test_artists_without_identifiers_are_hidden_but_cannot_be_asked_about():
    bare = [msgspec.structs.replace(artist, mbid=None) for artist in grown([*KNOWN, *LATER])]
    found = await backtested(library(*bare), Neighbours("near", leads_to(LATER)))
    assert "None of the artists" in found.trouble
    halfway = [*grown(KNOWN), *bare[len(KNOWN) :]]
    found = await backtested(library(*halfway), Neighbours("near", leads_to(LATER), identified=False))
    present = found.system(PRESENT)
    assert present is not None and present.recall20.value == 1.0


async def test_the_same_library_gives_the_same_figures():
    def sources() -> list[Neighbours]:
        return [Neighbours("good", leads_to(LATER, noise=15)), Neighbours("bad", leads_to(LATER[:4], 40))]

    whole = library(*grown([*KNOWN, *LATER]))
    assert await backtested(whole, *sources()) == await backtested(whole, *sources())


async def test_a_source_with_an_allowance_is_asked_at_each_cut_about_as_many_as_a_run_would():
    slow = Neighbours("slow", leads_to(LATER))
    slow.allowance = Allowance(2, 60.0)
    found = await backtested(library(*grown([*KNOWN, *LATER])), slow, Neighbours("one", leads_to(LATER)))
    asked = {one.source: one for one in found.asked}
    assert 2 <= asked["slow"].fetched == asked["slow"].seeds <= 2 * len(found.cuts) < asked["one"].seeds
    assert asked["slow"].missing == 0


async def test_where_a_source_fails_its_earlier_lists_stand_in_as_in_a_run():
    away = Neighbours("one", {}, failure=ProviderRejected("one", "refused"))

    async def remembered(source: CandidateSource, seed: Seed) -> tuple[Candidate, ...]:
        away.count.known.add(seed.mbid)
        return tuple(
            Candidate(name, source.name, rank, seed=seed.mbid) for rank, name in enumerate(LATER, start=1)
        )

    whom = Consulted([away], remembered, {"one": away.count})
    found = await backtest_library(
        library(*grown([*KNOWN, *LATER])), USUAL, RunOptions(), whom, {}, lambda: NOW, lambda _: None
    )
    present = found.system(PRESENT)
    assert present is not None and present.recall20.value == 1
    (asked,) = found.asked
    assert (asked.known, asked.fetched, asked.missing) == (asked.seeds, 0, 0)
    assert "what it said in earlier runs was used" in asked.detail
