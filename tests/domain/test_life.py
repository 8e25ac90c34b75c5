"""The state machine as data, and shares with their interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.life import ENDS, STEPS, Event, replay
from brainarr.domain.recommendation import Status
from brainarr.domain.shares import wilson


def test_every_event_has_its_step_and_every_state_a_way_to_it():
    assert set(STEPS) == set(Event)
    assert {step.to for step in STEPS.values()} - {None} == set(Status)


def test_an_end_is_left_only_by_taking_it_back_by_a_stronger_no_or_by_what_lidarr_shows():
    leaving = {
        event
        for event, step in STEPS.items()
        if step.to is not None and step.begins & ENDS and step.to not in ENDS
    }
    assert leaving == {Event.UNDONE, Event.UNBLOCKED, Event.IMPORTED}
    assert {event for event, step in STEPS.items() if step.begins & ENDS and step.to in ENDS} == {
        Event.BLOCKED,
        Event.REMOVED,
        Event.EXCLUDED,
    }


def test_a_life_told_again_gives_the_state_after_each_event():
    life = (Event.PROPOSED, Event.APPROVED, Event.DELIVERED, Event.IMPORTED, Event.PLAYED, Event.KEPT)
    assert replay(life) == ("pending", "approved", "delivered", "imported", "imported", "kept")
    assert replay([Event.APPROVED, Event.ATTEMPTED]) == ("approved", "approved")
    assert replay([]) == ()


def test_without_anything_there_is_no_share_instead_of_none_in_a_hundred():
    assert wilson(0, 0) is None


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    # R 4.2, prop.test(count, of, correct = FALSE)
    [(0, 10, 0.0, 0.2775328), (3, 4, 0.3006418, 0.9544127), (81, 263, 0.2552968, 0.3661987)],
)
def test_the_interval_is_wilsons(count: int, of: int, low: float, high: float):
    share = wilson(count, of)
    assert share is not None
    assert (share.low, share.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_lies_in_its_interval_and_the_interval_in_the_unit(counted: tuple[int, int]):
    share = wilson(*counted)
    assert share is not None
    assert 0 <= share.low <= share.rate <= share.high <= 1
    more = wilson(counted[0] * 4, counted[1] * 4)
    assert more is not None and more.high - more.low < share.high - share.low
