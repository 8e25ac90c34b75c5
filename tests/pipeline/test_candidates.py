"""Asking the similarity sources: how much, how long, and what stands in for one that fails."""

import asyncio
from collections.abc import Mapping

import pytest

from brainarr.domain.music import Library, Mbid
from brainarr.domain.recommendation import Candidate, Outcome
from brainarr.domain.taste import Seed
from brainarr.errors import ProviderError, ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.pipeline.candidates import Heard, RecallSimilar, hear_readers, hear_sources
from brainarr.pipeline.ports import Allowance, CandidateSource
from tests.fakes import FakeSource
from tests.pipeline.builders import library, mbid, owned

SEEDS = [
    Seed(mbid(f"seed {n}"), f"Seed {n}", weight, "rock") for n, weight in enumerate((0.1, 0.4, 0.2, 0.3))
]
NEAR: Mapping[Mbid, list[tuple[str, Mbid | None]]] = {
    seed.mbid: [(f"Near {seed.name}", None)] for seed in SEEDS
}


async def no_memory(source: CandidateSource, seed: Seed) -> tuple[Candidate, ...]:
    return ()


async def remembers(source: CandidateSource, seed: Seed) -> tuple[Candidate, ...]:
    return (Candidate(f"Old {seed.name}", source.name, rank=1, seed=seed.mbid),)


async def hear(
    source: CandidateSource, recall: RecallSimilar = no_memory, asked: list[str] | None = None
) -> Heard:
    done = asked if asked is not None else []
    (heard,) = await hear_sources(SEEDS, [source], recall, done.append)
    return heard


def said(heard: Heard) -> set[str]:
    return {candidate.artist for candidate in heard.candidates}


async def test_a_dear_source_is_asked_about_the_heaviest_seeds_only():
    source, steps = FakeSource(NEAR), list[str]()
    source.allowance = Allowance(2, 60.0)
    heard = await hear(source, asked=steps)
    assert source.asked == [SEEDS[1].mbid, SEEDS[3].mbid]
    assert len(steps) == 2
    assert (heard.report.outcome, heard.report.detail) == (Outcome.OK, "")


async def test_of_the_other_seeds_it_says_what_it_said_in_earlier_runs():
    source = FakeSource(NEAR)
    source.allowance = Allowance(2, 60.0)
    heard = await hear(source, remembers)
    assert said(heard) == {"Near Seed 1", "Near Seed 3", "Old Seed 0", "Old Seed 2"}
    assert heard.report.outcome is Outcome.OK
    assert heard.report.detail == "for 2 seeds, what it said in earlier runs was used"


class Slow(FakeSource):
    """Takes its time for all seeds but one."""

    quick: Seed | None = SEEDS[1]

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        if seed is not self.quick:
            await asyncio.sleep(30)
        return await super().similar(seed)


async def test_a_slow_source_does_not_hold_the_run_up_beyond_its_time():
    source = Slow(NEAR)
    source.allowance = Allowance(4, 0.05)
    heard = await asyncio.wait_for(hear(source), timeout=5)
    assert said(heard) == {"Near Seed 1"}
    assert heard.report.outcome is Outcome.OK
    assert "its time was over before 3 of 4 seeds were answered" in heard.report.detail


async def test_a_source_that_answered_nothing_in_its_time_was_away():
    source = Slow(NEAR)
    source.quick = None
    source.allowance = Allowance(4, 0.05)
    heard = await hear(source)
    assert heard.report.outcome is Outcome.UNAVAILABLE


async def test_a_source_that_is_away_is_replaced_by_its_memory_and_the_report_says_so():
    source = FakeSource(NEAR)
    source.failure = ProviderUnavailable("fake", "is away.")
    heard = await hear(source, remembers)
    assert said(heard) == {"Old Seed 0", "Old Seed 1", "Old Seed 2", "Old Seed 3"}
    assert heard.report.outcome is Outcome.UNAVAILABLE
    assert heard.report.candidates == 4
    assert "is away." in heard.report.detail
    assert "for 4 seeds, what it said in earlier runs was used" in heard.report.detail


async def test_a_refused_key_is_tried_no_further_and_named():
    source = FakeSource(NEAR)
    source.failure = ProviderRejected("fake", "does not know the key.")
    heard = await hear(source)
    assert heard.report.outcome is Outcome.REJECTED
    assert heard.candidates == ()


class Moody(FakeSource):
    """Fails for one seed."""

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        if seed is SEEDS[2]:
            raise ProviderUnavailable("fake", "stumbled.")
        return await super().similar(seed)


async def test_one_seed_that_fails_is_replaced_alone():
    heard = await hear(Moody(NEAR), remembers)
    assert said(heard) == {"Near Seed 0", "Near Seed 1", "Near Seed 3", "Old Seed 2"}
    assert heard.report.outcome is Outcome.OK
    assert heard.report.detail.startswith("1 of 4 seeds failed, the last: ")


async def test_a_source_that_knows_nobody_is_empty_and_one_without_seeds_not_needed():
    assert (await hear(FakeSource())).report.outcome is Outcome.EMPTY
    (heard,) = await hear_sources([], [FakeSource(NEAR)], remembers, lambda source: None)
    assert heard.report.outcome is Outcome.NOT_NEEDED
    assert heard.candidates == ()


class Reader:
    """A source that reads the whole library (pipeline.ports.LibraryReader)."""

    name = "similarity"
    kind = "trained"
    weight = 1.0

    def __init__(self, *names: str, failure: ProviderError | None = None) -> None:
        self.names = names
        self.failure = failure
        self.read: list[tuple[Library, Mapping[int, float]]] = []

    async def propose(self, library: Library, weights: Mapping[int, float]) -> tuple[Candidate, ...]:
        self.read.append((library, weights))
        if self.failure is not None:
            raise self.failure
        return tuple(
            Candidate(name, self.name, rank, strength=1 / rank)
            for rank, name in enumerate(self.names, start=1)
        )


async def test_a_source_that_reads_the_whole_library_is_handed_it_with_its_weights():
    found, weights = library(owned(1, "Slowdive")), {1: 1.0}
    reader = Reader("Ride", "Lush")
    (heard,) = await hear_readers(found, weights, [reader])
    assert reader.read == [(found, weights)]
    assert said(heard) == {"Ride", "Lush"}
    report = heard.report
    assert (report.name, report.kind, report.outcome) == ("similarity", "trained", Outcome.OK)
    assert (report.candidates, report.detail) == (2, "")


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (ProviderRejected("similarity", "there is no filter", remedy="Build one."), Outcome.REJECTED),
        (ProviderUnavailable("similarity", "away"), Outcome.UNAVAILABLE),
        (UnreadableAnswer("similarity", "nonsense"), Outcome.UNREADABLE),
    ],
)
async def test_one_that_fails_is_a_report_with_what_to_do_and_costs_the_others_nothing(
    failure: ProviderError, outcome: Outcome
):
    broken, whole = await hear_readers(library(), {}, [Reader(failure=failure), Reader("Ride")])
    assert (broken.candidates, broken.report.outcome) == ((), outcome)
    assert broken.report.detail == str(failure)
    assert failure.remedy in broken.report.detail
    assert said(whole) == {"Ride"}


async def test_one_that_knows_nobody_of_the_library_says_so_instead_of_nothing():
    (heard,) = await hear_readers(library(owned(1, "Nobody")), {1: 1.0}, [Reader()])
    assert heard.report.outcome is Outcome.EMPTY
    assert heard.report.detail == "knows none of the library's artists"


async def test_without_such_sources_nothing_is_heard():
    assert await hear_readers(library(), {}, []) == []
