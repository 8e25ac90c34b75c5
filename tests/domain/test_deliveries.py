"""How much each feed may carry in one sync, and how long an outage is waited for."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.deliveries import CYCLE, DeliveryState, Mode, allowance
from brainarr.domain.outage import LONGEST_PAUSE, begun, goes_on
from tests.conftest import NOW

DUE = st.integers(0, 500)


@given(st.lists(DUE, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_all_feeds_together_carry_at_most_a_cycle_and_none_goes_without(
    feeds: list[int], dice: Random
) -> None:
    order = list(range(len(feeds)))
    dice.shuffle(order)
    carried: dict[int, int] = {}
    for feed in order:
        others = tuple(due for other, due in enumerate(feeds) if other != feed)
        carried[feed] = allowance(feeds[feed], others, sum(carried.values()))
        assert carried[feed] <= feeds[feed]
        assert not feeds[feed] or carried[feed] > 0
    # What an equal share cannot be divided by is left over.
    assert min(sum(feeds), CYCLE) - len(feeds) < sum(carried.values()) <= CYCLE


def test_a_feed_alone_gets_all_of_it() -> None:
    assert allowance(500, (), 0) == CYCLE
    assert allowance(500, (0, 0), 0) == CYCLE


def test_what_another_feed_leaves_of_its_share_is_used() -> None:
    assert allowance(500, (10,), 0) == 40
    assert allowance(500, (500,), 0) == 25
    assert allowance(500, (500,), 50) == 0


def test_an_outage_is_probed_after_growing_pauses_and_remembers_since_when() -> None:
    outage, now, pauses = begun("away", NOW), NOW, []
    for _ in range(8):
        pauses.append(outage.next_probe_at - now)
        assert not outage.is_due(now)
        now = outage.next_probe_at
        assert outage.is_due(now)
        outage = goes_on(outage, "away", now)
    assert [pause / timedelta(minutes=1) for pause in pauses] == [1, 2, 4, 8, 16, 30, 30, 30]
    assert outage.since == NOW and outage.lasts(now)


def test_a_clock_that_was_set_back_does_not_make_an_outage_last() -> None:
    outage = begun("away", NOW)
    assert outage.is_due(NOW - LONGEST_PAUSE - timedelta(hours=3))


def test_an_outage_goes_before_a_quarantine() -> None:
    assert DeliveryState().mode is Mode.OPEN
    assert DeliveryState(outage=begun("away", NOW)).mode is Mode.OUTAGE
