"""The breaker's rules, as a provider's days go by."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Cause, Circuit, State
from tests.conftest import NOW

SECOND = timedelta(seconds=1)


def failing(circuit: Circuit, now: datetime, times: int = 1, cause: Cause = Cause.ANSWERS) -> Circuit:
    for _ in range(times):
        circuit = rules.failed(circuit, now, "it is down.", cause)
    return circuit


def fresh() -> Circuit:
    return rules.closed("setup", NOW)


def tripped(cause: Cause = Cause.ANSWERS) -> Circuit:
    return failing(fresh(), NOW, 1 if cause is Cause.KEY else rules.LEAST_FAILURES, cause)


def test_a_few_failures_open_it_and_the_reason_and_the_moment_are_kept() -> None:
    before = failing(fresh(), NOW, rules.LEAST_FAILURES - 1)
    assert before.state is State.CLOSED
    after = failing(before, NOW + SECOND)
    assert (after.state, after.since, after.reason) == (State.OPEN, NOW + SECOND, "it is down.")
    assert after.try_at == NOW + SECOND + rules.FIRST_REST
    assert rules.refuses(after, NOW + 2 * SECOND)


def test_failures_that_are_the_minority_of_the_window_do_not_open_it() -> None:
    circuit = fresh()
    for _ in range(4):
        circuit = rules.answered(rules.answered(failing(circuit, NOW), NOW), NOW)
    assert circuit.state is State.CLOSED
    assert len(circuit.recent) == rules.WINDOW


def test_failures_of_long_ago_are_forgotten() -> None:
    circuit = fresh()
    for week in range(10):
        circuit = failing(circuit, NOW + timedelta(weeks=week))
    assert circuit.state is State.CLOSED


def test_after_its_rest_one_question_is_on_trial_and_no_other_passes() -> None:
    rested = NOW + rules.FIRST_REST
    trial = rules.entered(tripped(), rested)
    assert (trial.state, trial.since) == (State.HALF_OPEN, rested)
    assert rules.refuses(trial, rested)
    assert rules.entered(trial, rested) == trial


def test_a_good_trial_closes_it_and_all_is_forgiven() -> None:
    trial = rules.entered(tripped(), NOW + rules.FIRST_REST)
    circuit = rules.answered(trial, NOW + rules.FIRST_REST + SECOND)
    assert (circuit.state, circuit.trips, circuit.reason, circuit.cause) == (State.CLOSED, 0, "", None)


def test_a_bad_trial_opens_it_again_for_twice_as_long_up_to_an_hour() -> None:
    circuit, now, rests = tripped(), NOW, []
    for _ in range(10):
        assert circuit.try_at is not None
        rests.append(circuit.try_at - circuit.since)
        now = circuit.try_at
        circuit = failing(rules.entered(circuit, now), now)
        assert circuit.state is State.OPEN
    assert rests[:3] == [rules.FIRST_REST, 2 * rules.FIRST_REST, 4 * rules.FIRST_REST]
    assert rests[-1] == rules.LONGEST_REST


def test_a_trial_that_was_called_off_leaves_the_next_one_free() -> None:
    now = NOW + rules.FIRST_REST
    circuit = rules.left(rules.entered(tripped(), now), now)
    assert circuit.state is State.OPEN
    assert not rules.refuses(circuit, now)
    assert rules.left(fresh(), now) == fresh()


def test_a_trial_whose_process_died_does_not_lock_it_for_ever() -> None:
    trial = rules.entered(tripped(), NOW + rules.FIRST_REST)
    assert not rules.refuses(trial, NOW + rules.FIRST_REST + rules.TRIAL)


def test_a_refused_key_is_latched_at_once_whatever_time_or_probes_say() -> None:
    circuit = tripped(Cause.KEY)
    assert (circuit.state, circuit.try_at) == (State.OPEN, None)
    later = NOW + timedelta(days=400)
    assert rules.refuses(rules.probed(circuit, later), later)
    assert rules.unproved(circuit, later, "it is away.").cause is Cause.KEY


def test_another_key_has_nothing_to_do_with_the_past() -> None:
    assert rules.current(tripped(Cause.KEY), "setup", NOW).state is State.OPEN
    assert rules.current(tripped(Cause.KEY), "another", NOW) == rules.closed("another", NOW)
    assert rules.current(None, "another", NOW) == rules.closed("another", NOW)


def test_a_long_pause_that_the_server_wants_is_granted_at_once() -> None:
    circuit = rules.failed(fresh(), NOW, "too many requests.", Cause.PAUSE, timedelta(minutes=20))
    assert (circuit.state, circuit.cause) == (State.OPEN, Cause.PAUSE)
    assert circuit.try_at == NOW + timedelta(minutes=20)
    assert rules.probed(circuit, NOW + SECOND) == circuit


def test_a_pause_beyond_reason_is_cut() -> None:
    circuit = rules.failed(fresh(), NOW, "too many requests.", Cause.PAUSE, timedelta(days=3000))
    assert circuit.try_at == NOW + rules.LONGEST_PAUSE


def test_a_failed_probe_opens_it_and_a_good_one_closes_it() -> None:
    away = rules.unproved(fresh(), NOW, "it is away.")
    assert (away.state, away.cause, away.reason) == (State.OPEN, Cause.PROBE, "it is away.")
    back = rules.probed(away, NOW + SECOND)
    assert (back.state, back.since) == (State.CLOSED, NOW + SECOND)


def test_failed_probes_keep_pushing_the_next_trial_away() -> None:
    circuit, now = rules.unproved(fresh(), NOW, "it is away."), NOW
    for _ in range(20):
        now += timedelta(minutes=5)
        circuit = rules.unproved(circuit, now, "it is away.")
    assert circuit.since == NOW
    assert circuit.try_at == now + rules.LONGEST_REST


def test_after_a_good_probe_one_more_failure_is_enough() -> None:
    back = rules.probed(rules.unproved(fresh(), NOW, "it is away."), NOW)
    assert failing(back, NOW).state is State.OPEN
    assert failing(rules.answered(back, NOW), NOW).state is State.CLOSED


def test_a_probe_does_not_speak_for_answers_that_were_of_no_use() -> None:
    circuit = tripped(Cause.ANSWERS)
    assert rules.probed(circuit, NOW) == circuit


def test_when_it_could_not_be_reached_meanwhile_a_good_probe_is_news() -> None:
    circuit = rules.unproved(tripped(Cause.ANSWERS), NOW, "it is away.")
    assert rules.probed(circuit, NOW).state is State.CLOSED


@pytest.mark.parametrize("cause", list(Cause))
def test_a_person_whose_test_passed_gets_the_next_question_through(cause: Cause) -> None:
    assert not rules.refuses(rules.pardoned(tripped(cause), NOW), NOW)


def test_probes_do_not_disturb_a_trial() -> None:
    trial = rules.entered(tripped(Cause.PROBE), NOW + rules.FIRST_REST)
    now = NOW + rules.FIRST_REST + SECOND
    assert (
        rules.probed(trial, now) == rules.unproved(trial, now, "away.") == rules.pardoned(trial, now) == trial
    )


steps: list[Callable[[Circuit, datetime], Circuit]] = [
    rules.answered,
    rules.entered,
    rules.left,
    rules.probed,
    rules.pardoned,
    lambda circuit, now: rules.unproved(circuit, now, "away."),
    *(lambda circuit, now, cause=cause: rules.failed(circuit, now, "down.", cause) for cause in Cause),
]


@given(st.lists(st.tuples(st.sampled_from(steps), st.integers(0, 100_000)), max_size=60))
def test_whatever_happens_a_circuit_is_closed_or_says_why_and_until_when(
    happened: list[tuple[Callable[[Circuit, datetime], Circuit], int]],
) -> None:
    circuit, now = fresh(), NOW
    for step, seconds in happened:
        now += timedelta(seconds=seconds)
        circuit = step(circuit, now)
        assert len(circuit.recent) <= rules.WINDOW
        if circuit.state is State.CLOSED:
            assert (circuit.cause, circuit.try_at, circuit.reason) == (None, None, "")
            assert not rules.refuses(circuit, now)
        else:
            assert circuit.cause and circuit.reason
            assert circuit.try_at is not None or circuit.cause is Cause.KEY
