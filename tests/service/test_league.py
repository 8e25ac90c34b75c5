"""The league table: shared credit, honest unknowns, and figures that add up."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.prompt import Usage
from brainarr.domain.recommendation import Verdict
from brainarr.service.feeds import artists_feed
from brainarr.service.keeping import settle_recommendations
from brainarr.service.league import Standing, read_league, standings
from brainarr.store.league import Fate, Judgement, ProviderCost
from brainarr.store.usage import StoredLedger
from tests.service.given import ran
from tests.store.given import House, ScriptedLidarr, owned, recommended

voices = st.lists(st.sampled_from("abcd"), max_size=4).map(tuple)
counts = st.integers(1, 50)
judgements = st.lists(st.builds(Judgement, voices, st.sampled_from(Verdict), counts), max_size=20)
ends = st.sampled_from([(False, False), (False, True), (True, True)])
fates = st.lists(
    st.builds(
        lambda sources, end, count: Fate(sources, True, True, end[0], end[0], end[1], count),
        voices,
        ends,
        counts,
    ),
    max_size=20,
)
costs = st.lists(
    st.builds(ProviderCost, st.sampled_from("abcde"), st.integers(0, 10**9), st.integers(0, 9)),
    max_size=5,
    unique_by=lambda cost: cost.provider,
)


@given(judgements, fates, costs)
def test_shares_add_up_to_what_happened(
    judged: list[Judgement], ended: list[Fate], paid: list[ProviderCost]
) -> None:
    table = standings(judged, ended, paid)
    named = [item.count for item in judged if item.sources]
    assert sum(row.proposed for row in table) == pytest.approx(sum(named))
    kept = [fate.count for fate in ended if fate.kept and fate.sources]
    assert sum(row.kept for row in table) == pytest.approx(sum(kept))
    assert sum(row.cost_microdollars for row in table) == sum(cost.cost_microdollars for cost in paid)


@given(judgements, fates, costs)
def test_every_rate_is_a_share_or_unknown_and_never_a_division_by_zero(
    judged: list[Judgement], ended: list[Fate], paid: list[ProviderCost]
) -> None:
    for row in standings(judged, ended, paid):
        assert (row.success_rate is None) == (row.judged == 0)
        assert row.success_rate is None or 0 <= row.success_rate <= 1
        assert (row.waste_rate is None) == (row.proposed == 0)
        assert row.waste_rate is None or 0 <= row.waste_rate <= 1
        assert row.verified <= row.proposed
        assert row.cost_per_kept is None or row.kept > 0


@given(judgements, fates, costs)
def test_the_table_does_not_depend_on_the_order_of_what_it_is_counted_from(
    judged: list[Judgement], ended: list[Fate], paid: list[ProviderCost]
) -> None:
    before = standings(judged, ended, paid)
    assert standings(judged[::-1], ended[::-1], paid[::-1]) == before


def test_voices_that_agreed_share_the_credit_and_the_blame() -> None:
    table = standings(
        (),
        [
            Fate(("a", "b"), True, True, True, True, True, 1),
            Fate(("a",), True, True, True, False, True, 1),
        ],
        [ProviderCost("a", 1_000, 0), ProviderCost("c", 0, 3)],
    )
    a, b, c = sorted(table, key=lambda row: row.provider)
    assert (a.kept, a.judged, a.success_rate) == (0.5, 1.5, float(Fraction(1, 3)))
    assert (b.kept, b.judged, b.success_rate, b.cost_per_kept) == (0.5, 0.5, 1.0, 0)
    assert a.cost_per_kept == 2_000
    assert (c.success_rate, c.waste_rate, c.cost_per_kept) == (None, None, None)
    assert [row.provider for row in table] == ["b", "a", "c"]


async def test_from_a_run_to_what_was_kept_of_it(house: House) -> None:
    lidarr = ScriptedLidarr([owned(900)])
    await StoredLedger(house.db, house.clock).record(Usage("home", "large", 10, 5, 0, 3_000, 1.0, "ok"))
    await ran(house, [recommended(1), recommended(2), recommended(3)], auto_approve=True, library=lidarr)
    await ran(house, [recommended(4)], dry_run=True, library=lidarr)
    await artists_feed(house.db, "default", clock=house.clock)
    before = {row.provider: row for row in await read_league(house.db, clock=house.clock)}
    assert before["listenbrainz"].success_rate is None
    assert (before["listenbrainz"].approved, before["listenbrainz"].delivered) == (3, 3)
    # Its other voice, deezer, shares the one verdict of two that were found owned.
    assert (before["home"].owned, before["deezer"].owned, before["home"].waste_rate) == (0.5, 0.5, 1.0)

    lidarr.artists += [owned(1), owned(2)]
    await settle_recommendations(house.db, lidarr, house.clock)
    lidarr.artists.pop()
    await settle_recommendations(house.db, lidarr, house.clock)
    house.clock.advance(days=30, seconds=1)
    await settle_recommendations(house.db, lidarr, house.clock)
    after = {row.provider: row for row in await read_league(house.db, clock=house.clock)}
    # One kept, one removed, one that Lidarr never took.
    assert after["listenbrainz"] == Standing(
        provider="listenbrainz",
        proposed=1,
        verified=1,
        approved=3,
        delivered=3,
        imported=2,
        kept=1,
        judged=3,
        success_rate=1 / 3,
        waste_rate=0,
        cost_per_kept=0,
    )
    assert after["home"].cost_microdollars == 3_000


async def test_nothing_stored_is_an_empty_table(house: House) -> None:
    assert await read_league(house.db, clock=house.clock) == ()
