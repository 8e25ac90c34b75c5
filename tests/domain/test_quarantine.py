"""The quarantine against worlds in which some items are bad, and some syncs fail for other reasons."""

from collections.abc import Callable, Collection
from math import ceil, log2

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from brainarr.domain.quarantine import GUILTY_AT, OPEN, Group, Quarantine, failed, passed, suspect, withdraw
from tests.conftest import examples

MOST_TRIALS = 5_000


class Course:
    """What a search came to, one sync after the other."""

    def __init__(self) -> None:
        self.innocent: list[int] = []
        self.guilty: list[int] = []
        self.ours = 0
        """Syncs that failed because of what they carried."""
        self.trials = 0


def batch(size: int, channel: str = "albums", start: int = 0) -> Group:
    return Group(1, channel, tuple(range(start, start + size)))


def search(
    quarantine: Quarantine, bad: Collection[int], foreign: Callable[[int], bool] = lambda _: False
) -> Course:
    """Goes on until nobody is suspected; `foreign` says whether the n-th sync fails anyway."""
    course = Course()
    while quarantine.groups:
        assert course.trials < MOST_TRIALS, "the search does not end"
        carried = quarantine.carried
        spoilt = carried is not None and any(item in bad for item in carried.items)
        course.ours += spoilt
        fails = spoilt or foreign(course.trials)
        found = failed(quarantine) if fails else passed(quarantine)
        assert found.quarantine.trial > quarantine.trial
        quarantine = found.quarantine
        course.innocent += found.innocent
        course.guilty += found.guilty
        course.trials += 1
    return course


BATCHES = st.integers(1, 50).flatmap(
    lambda size: st.tuples(st.just(size), st.sets(st.integers(0, size - 1), max_size=size))
)


@settings(max_examples=examples(300))
@given(BATCHES)
def test_every_bad_item_is_found_and_every_good_one_goes_out(world: tuple[int, set[int]]) -> None:
    size, bad = world
    course = search(suspect(OPEN, [batch(size)]), bad)
    assert set(course.guilty) == bad
    assert sorted(course.innocent) == sorted(set(range(size)) - bad)
    # The sync with which it began is not counted here; each bad item costs a way down, and its proof.
    assert course.ours <= len(bad) * (ceil(log2(size)) if size > 1 else 0) + GUILTY_AT * len(bad)


@settings(max_examples=examples(200))
@given(BATCHES, BATCHES, st.randoms())
def test_feeds_of_several_lists_are_searched_one_by_one(
    one: tuple[int, set[int]], two: tuple[int, set[int]], dice: object
) -> None:
    bad = one[1] | {100 + item for item in two[1]}
    quarantine = suspect(OPEN, [batch(one[0]), batch(two[0], "artists", 100)])
    course = search(quarantine, bad)
    assert set(course.guilty) == bad
    assert len(course.innocent) == one[0] + two[0] - len(bad)


def runs_of_failures(draw: st.DrawFn) -> set[int]:
    """Syncs that fail for another reason, never fewer than two in a row."""
    fails: set[int] = set()
    at = 0
    for pause, length in draw(st.lists(st.tuples(st.integers(1, 6), st.integers(2, 5)), max_size=12)):
        at += pause
        fails.update(range(at, at + length))
        at += length
    return fails


@settings(max_examples=examples(300))
@given(BATCHES, st.composite(runs_of_failures)())
def test_troubles_of_others_that_last_convict_nobody_innocent(
    world: tuple[int, set[int]], fails: set[int]
) -> None:
    size, bad = world
    course = search(suspect(OPEN, [batch(size)]), bad, lambda trial: trial in fails)
    assert set(course.guilty) == bad
    assert sorted(course.innocent) == sorted(set(range(size)) - bad)


@settings(max_examples=examples(300))
@given(BATCHES, st.integers(0, 60))
def test_one_accident_of_somebody_elses_convicts_nobody_innocent(
    world: tuple[int, set[int]], accident: int
) -> None:
    size, bad = world
    course = search(suspect(OPEN, [batch(size)]), bad, lambda trial: trial == accident)
    assert set(course.guilty) == bad


def test_while_everything_fails_nothing_of_ours_is_carried_and_nobody_is_convicted() -> None:
    quarantine = suspect(OPEN, [batch(8)])
    for _ in range(50):
        assert quarantine.carried is None
        found = failed(quarantine)
        assert found.not_ours and not found.guilty
        quarantine = found.quarantine
    assert quarantine.items == frozenset(range(8))


def test_a_failure_is_followed_by_a_sync_without_anything_of_ours() -> None:
    quarantine = passed(suspect(OPEN, [batch(8)])).quarantine
    assert quarantine.carried == Group(1, "albums", (0, 1, 2, 3))
    quarantine = failed(quarantine).quarantine
    assert quarantine.carried is None
    assert passed(quarantine).quarantine.carried == Group(1, "albums", (0, 1))


def test_when_the_first_half_is_innocent_the_other_needs_no_trial_as_a_whole() -> None:
    quarantine = passed(passed(suspect(OPEN, [batch(8)])).quarantine).quarantine
    assert quarantine.carried == Group(1, "albums", (4, 5))


def test_what_is_suspected_already_is_not_suspected_twice() -> None:
    quarantine = suspect(OPEN, [batch(4)])
    assert suspect(quarantine, [batch(4)]) == quarantine
    assert len(suspect(quarantine, [batch(6)]).items) == 6


@settings(max_examples=examples(200))
@given(BATCHES, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 49)), max_size=30))
def test_items_may_be_withdrawn_at_any_time(world: tuple[int, set[int]], gone: list[tuple[int, int]]) -> None:
    size, bad = world
    quarantine = suspect(OPEN, [batch(size)])
    innocent: set[int] = set()
    guilty: set[int] = set()
    withdrawn: set[int] = set()
    for trial in range(MOST_TRIALS):
        leaving = {item for at, item in gone if at == trial} & quarantine.items
        quarantine = withdraw(quarantine, leaving)
        withdrawn |= leaving
        if not quarantine.groups:
            break
        carried = quarantine.carried
        spoilt = carried is not None and bool(set(carried.items) & bad)
        found = (failed if spoilt else passed)(quarantine)
        quarantine = found.quarantine
        innocent |= set(found.innocent)
        guilty |= set(found.guilty)
    assert quarantine == msgspec.structs.replace(OPEN, trial=quarantine.trial)
    assert guilty == bad - withdrawn
    assert innocent == set(range(size)) - bad - withdrawn


@settings(max_examples=examples(100))
@given(BATCHES)
def test_it_survives_being_written_down_at_every_step(world: tuple[int, set[int]]) -> None:
    size, bad = world
    quarantine = suspect(OPEN, [batch(size)])
    guilty: set[int] = set()
    while quarantine.groups:
        quarantine = msgspec.json.decode(msgspec.json.encode(quarantine), type=Quarantine)
        carried = quarantine.carried
        spoilt = carried is not None and bool(set(carried.items) & bad)
        found = (failed if spoilt else passed)(quarantine)
        quarantine = found.quarantine
        guilty |= set(found.guilty)
    assert guilty == bad
