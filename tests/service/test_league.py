"""The league table: shared credit, honest unknowns, and figures that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.life import Failure
from brainarr.domain.music import Mbid
from brainarr.domain.prompt import Usage
from brainarr.domain.recommendation import Verdict
from brainarr.domain.shares import Share
from brainarr.errors import ProviderRejected, ProviderUnavailable
from brainarr.pipeline.ports import ImportOptions, Taken
from brainarr.service.feeds import artists_feed
from brainarr.service.keeping import settle_recommendations
from brainarr.service.league import read_league, read_outcomes, standings
from brainarr.service.push import push
from brainarr.service.recommendations import Decision, decide
from brainarr.store.league import By, Fate, Judgement, ProviderCost, Stage
from brainarr.store.usage import StoredLedger
from tests.fakes import Offers
from tests.service.given import ran
from tests.store.given import House, ScriptedLidarr, owned, recommended

voices = st.lists(st.sampled_from("abcd"), max_size=4).map(tuple)
counts = st.integers(1, 50)
judgements = st.lists(st.builds(Judgement, voices, st.sampled_from(Verdict), counts), max_size=20)
# What was kept has come to its end.
fates = st.lists(
    st.builds(
        lambda of, reached, over, count: Fate(of, reached, over or reached is Stage.KEPT, count),
        voices,
        st.sampled_from(Stage),
        st.booleans(),
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
    kept = [fate.count for fate in ended if fate.reached is Stage.KEPT and fate.of]
    assert sum(row.outcomes.kept for row in table) == pytest.approx(sum(kept))
    recommended = [fate.count for fate in ended if fate.of]
    assert sum(row.outcomes.recommended for row in table) == pytest.approx(sum(recommended))
    assert sum(row.cost_microdollars for row in table) == sum(cost.cost_microdollars for cost in paid)


@given(judgements, fates, costs)
def test_every_rate_is_a_share_or_unknown_and_never_a_division_by_zero(
    judged: list[Judgement], ended: list[Fate], paid: list[ProviderCost]
) -> None:
    for row in standings(judged, ended, paid):
        came = row.outcomes
        assert (came.success is None) == (came.judged == 0)
        assert (row.waste is None) == (row.proposed == 0)
        for share in (came.approval, came.delivery, came.arrival, came.keeping, came.success, row.waste):
            assert share is None or 0 <= share.low <= share.rate <= share.high <= 1
        assert came.recommended >= came.approved >= came.delivered >= came.imported >= came.kept
        assert row.verified <= row.proposed
        assert row.cost_per_kept is None or came.kept > 0


@given(judgements, fates, costs)
def test_the_table_does_not_depend_on_the_order_of_what_it_is_counted_from(
    judged: list[Judgement], ended: list[Fate], paid: list[ProviderCost]
) -> None:
    before = standings(judged, ended, paid)
    assert standings(judged[::-1], ended[::-1], paid[::-1]) == before


def test_voices_that_agreed_share_the_credit_and_the_blame() -> None:
    table = standings(
        (),
        [Fate(("a", "b"), Stage.KEPT, True, 1), Fate(("a",), Stage.IMPORTED, True, 1)],
        [ProviderCost("a", 1_000, 0), ProviderCost("c", 0, 3)],
    )
    a, b, c = sorted(table, key=lambda row: row.provider)
    assert (a.outcomes.kept, a.outcomes.judged, rate(a.outcomes.success)) == (
        0.5,
        1.5,
        pytest.approx(1 / 3),
    )
    assert (b.outcomes.kept, rate(b.outcomes.success), b.cost_per_kept) == (0.5, 1.0, 0)
    assert a.cost_per_kept == 2_000
    assert (c.outcomes.success, c.waste, c.cost_per_kept) == (None, None, None)
    assert [row.provider for row in table] == ["b", "a", "c"]


def test_what_still_waits_makes_no_rate_worse() -> None:
    waiting = [Fate(("a",), stage, False, 10) for stage in Stage if stage is not Stage.KEPT]
    (row,) = standings((), waiting, ())
    came = row.outcomes
    assert (came.recommended, came.approved, came.delivered, came.imported) == (40, 30, 20, 10)
    # Nobody has said no so far, nothing has failed; of what was kept nothing is known.
    assert [rate(share) for share in (came.approval, came.delivery, came.arrival)] == [1, 1, 1]
    assert (came.keeping, came.success) == (None, None)


def rate(share: Share | None) -> float | None:
    return share.rate if share else None


async def test_from_a_run_to_what_was_kept_of_it(house: House) -> None:
    lidarr = ScriptedLidarr([owned(900)])
    await StoredLedger(house.db, house.clock).record(Usage("home", "large", 10, 5, 0, 3_000, 1.0, "ok"))
    await ran(house, [recommended(1), recommended(2), recommended(3)], auto_approve=True, library=lidarr)
    await ran(house, [recommended(4)], dry_run=True, library=lidarr)
    await artists_feed(house.db, "default", clock=house.clock)
    before = {row.provider: row for row in await read_league(house.db, clock=house.clock)}
    assert before["listenbrainz"].outcomes.success is None
    came = before["listenbrainz"].outcomes
    assert (came.approved, came.delivered, rate(came.approval), came.arrival) == (3, 3, 1, None)
    # Its other voice, deezer, shares the one verdict of two that were found owned.
    home = before["home"]
    assert (home.owned, before["deezer"].owned, rate(home.waste)) == (0.5, 0.5, 1.0)

    lidarr.artists += [owned(1), owned(2)]
    house.clock.advance(days=2)
    await settle_recommendations(house.db, lidarr, house.clock)
    lidarr.artists.pop()
    await settle_recommendations(house.db, lidarr, house.clock)
    house.clock.advance(days=30, seconds=1)
    await settle_recommendations(house.db, lidarr, house.clock)
    after = {row.provider: row for row in await read_league(house.db, clock=house.clock)}
    # One kept, one removed, one that Lidarr never took.
    row = after["listenbrainz"]
    assert (row.proposed, row.verified, rate(row.waste), row.cost_per_kept) == (1, 1, 0, 0)
    came = row.outcomes
    assert (came.delivered, came.imported, came.kept, came.judged) == (3, 2, 1, 3)
    assert [rate(share) for share in (came.delivery, came.arrival, came.keeping, came.success)] == [
        1,
        pytest.approx(2 / 3),
        0.5,
        pytest.approx(1 / 3),
    ]
    assert came.days_to_import == pytest.approx(2)
    assert after["home"].cost_microdollars == 3_000


async def test_outcomes_are_told_of_each_run_and_of_each_list(house: House) -> None:
    assert await read_outcomes(house.db, By.LIST, clock=house.clock) == ()
    assert await read_outcomes(house.db, By.RUN, clock=house.clock) == ()
    lidarr = ScriptedLidarr([owned(900), owned(3)])
    first = await ran(house, [recommended(1), recommended(2)], library=lidarr)
    second = await ran(house, [recommended(3)], library=lidarr)
    one, two = (row.id for row in first.recommendations)
    (three,) = (row.id for row in second.recommendations)
    await decide(house.db, one, Decision.REJECT, clock=house.clock)
    for number in (two, three):
        await decide(house.db, number, Decision.APPROVE, clock=house.clock)
    for failure in (
        ProviderRejected("lidarr", "it refuses (Path: no folder).", remedy="Set a folder.", status=400),
        ProviderUnavailable("lidarr", "it is away."),
    ):
        number = two if isinstance(failure, ProviderRejected) else three
        with pytest.raises(type(failure)):
            await push(house.db, number, {"default": Refuses(failure)}, clock=house.clock)
    house.clock.advance(days=1)
    await settle_recommendations(house.db, lidarr, house.clock)
    later, earlier = await read_outcomes(house.db, By.RUN, clock=house.clock)
    assert (later.of, earlier.of) == (str(second.run.id), str(first.run.id))
    assert (rate(earlier.outcomes.approval), rate(earlier.outcomes.delivery)) == (0.5, 0)
    assert earlier.outcomes.days_to_import is None
    (reason,) = earlier.outcomes.failures
    assert (reason.kind, reason.count, reason.example) == (
        Failure.REFUSED,
        1,
        "lidarr: it refuses (Path: no folder).",
    )
    assert (later.outcomes.imported, later.outcomes.days_to_import) == (1, pytest.approx(1))
    (whole,) = await read_outcomes(house.db, By.LIST, clock=house.clock)
    assert (whole.of, whole.outcomes.recommended, rate(whole.outcomes.approval)) == (
        "default",
        3,
        pytest.approx(2 / 3),
    )
    assert {reason.kind for reason in whole.outcomes.failures} == {Failure.REFUSED, Failure.AWAY}
    (league,) = (row for row in await read_league(house.db, clock=house.clock) if row.outcomes.recommended)
    assert [(reason.of, reason.kind) for reason in league.outcomes.failures] == [
        ("listenbrainz", Failure.AWAY),
        ("listenbrainz", Failure.REFUSED),
    ]


class Refuses(Offers):
    """An Importer that only fails."""

    def __init__(self, failure: ProviderRejected | ProviderUnavailable) -> None:
        self.failure = failure

    async def add_artist(self, mbid: Mbid, name: str, options: ImportOptions) -> Taken:
        raise self.failure

    async def add_album(self, album: Mbid, artist: Mbid, name: str, options: ImportOptions) -> Taken:
        raise self.failure

    async def sync_lists(self, url_part: str) -> int:
        raise self.failure


async def test_nothing_stored_is_an_empty_table(house: House) -> None:
    assert await read_league(house.db, clock=house.clock) == ()
