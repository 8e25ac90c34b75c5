"""Turns are kept, limits are kept, refusals are learnt from; no test here takes time."""

import asyncio
import random

import pytest

from brainarr.errors import ProviderUnavailable
from brainarr.llm.pace import LESSON_S, LONGEST_WAIT_S, Pace, TooBusy


class Hours:
    """A clock in seconds; who sleeps moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def hours() -> Hours:
    return Hours()


def pace_of(hours: Hours, **limits: int) -> Pace:
    return Pace(**limits, rng=random.Random(1), now=hours, sleep=hours.sleep)  # pyright: ignore[reportArgumentType]


async def ask(pace: Pace, tokens: int = 100, answer: ProviderUnavailable | None = None) -> None:
    async with pace.turn(tokens):
        if answer is not None:
            raise answer


async def refused(pace: Pace, **facts: float) -> None:
    error = ProviderUnavailable("cloud", "not now.", **facts)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ProviderUnavailable):
        await ask(pace, answer=error)


async def test_without_limits_nobody_waits(hours: Hours) -> None:
    pace = pace_of(hours)
    for _ in range(100):
        await ask(pace)
    assert hours.slept == []


async def test_what_exceeds_the_requests_of_a_minute_waits_for_room(hours: Hours) -> None:
    pace = pace_of(hours, requests=2)
    await ask(pace)
    hours.now += 50
    await ask(pace)
    await ask(pace)
    assert hours.slept == [10]


async def test_what_exceeds_the_tokens_of_a_minute_waits_for_room(hours: Hours) -> None:
    pace = pace_of(hours, tokens=1_000)
    await ask(pace, 600)
    hours.now += 50
    await ask(pace, 400)
    await ask(pace, 500)
    assert hours.slept == [10]


async def test_a_turn_that_would_come_too_late_is_refused_and_takes_no_room(hours: Hours) -> None:
    pace = pace_of(hours, requests=1)
    await ask(pace)
    with pytest.raises(TooBusy, match="in 60 s"):
        await ask(pace)
    hours.now += 60
    await ask(pace)


async def test_a_question_larger_than_a_minute_is_asked_when_nothing_else_is(hours: Hours) -> None:
    await ask(pace_of(hours, tokens=1_000), 5_000)
    assert hours.slept == []


async def test_retry_after_holds_everyone_off(hours: Hours) -> None:
    pace = pace_of(hours)
    await refused(pace, status=429, retry_after=7.0)
    await ask(pace)
    assert 7.0 <= hours.slept[0] <= 7.25


async def test_without_retry_after_the_pauses_grow_with_jitter_and_end_with_a_good_answer(
    hours: Hours,
) -> None:
    pace = pace_of(hours)
    for _ in range(8):
        await refused(pace, status=503)
    assert hours.slept == sorted(hours.slept[:4]) + hours.slept[4:]
    assert all(0.25 <= pause <= 12 for pause in hours.slept)
    assert len(set(hours.slept)) == len(hours.slept)
    await ask(pace)
    slept = len(hours.slept)
    await ask(pace)
    assert len(hours.slept) == slept


async def test_a_lost_connection_is_no_wish_for_a_pause(hours: Hours) -> None:
    pace = pace_of(hours)
    await refused(pace)
    await ask(pace)
    assert hours.slept == []


async def test_a_429_teaches_how_many_a_minute_are_answered_for_a_while(hours: Hours) -> None:
    pace = pace_of(hours, requests=100)
    for _ in range(5):
        await ask(pace)
    await refused(pace, status=429, retry_after=0.0)
    with pytest.raises(TooBusy):
        await ask(pace)
    hours.now += LESSON_S
    for _ in range(10):
        await ask(pace)
    assert max(hours.slept, default=0) < 1


async def test_only_so_many_are_under_way_and_the_others_come_in_their_order(hours: Hours) -> None:
    pace, order, doors = pace_of(hours, at_once=2), [], [asyncio.Event() for _ in range(4)]

    async def visit(number: int) -> None:
        async with pace.turn(1):
            order.append(number)
            await doors[number].wait()

    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(visit(number))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order == [0, 1]
        for door in doors:
            door.set()
    assert order == [0, 1, 2, 3]


async def test_a_full_house_is_told_so_after_a_bounded_wait(
    hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brainarr.llm.pace.LONGEST_WAIT_S", 0.01)
    pace = pace_of(hours, at_once=1)
    async with pace.turn(1):
        with pytest.raises(TooBusy, match="under way"):
            await ask(pace)
    await ask(pace)


async def test_who_gives_up_waiting_leaves_room(hours: Hours) -> None:
    pace = Pace(requests=1, rng=random.Random(1), now=hours, sleep=lambda _: asyncio.Event().wait())
    await ask(pace)
    hours.now += 60 - LONGEST_WAIT_S
    waiting = asyncio.create_task(ask(pace))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    hours.now += LONGEST_WAIT_S
    await ask(pace)
