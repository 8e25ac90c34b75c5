"""Why a feed gives Lidarr something or nothing, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.feed_words import Ended, Held, LastRun, explain_feed
from brainarr.domain.recommendation import Status, Verdict

DONE = LastRun(Ended.DONE, recommended=8)


@pytest.mark.parametrize(
    ("counts", "last", "said"),
    [
        ({Status.PENDING: 12}, DONE, "12 wait for your review."),
        ({Status.PENDING: 1}, DONE, "1 waits for your review."),
        ({Status.IMPORTED: 5, Status.KEPT: 3}, DONE, "all 8 that you approved are in Lidarr: start a run"),
        ({Status.KEPT: 1}, DONE, "what you approved is in Lidarr: start a run"),
        ({}, None, "nothing was looked for yet: start a run."),
        ({}, LastRun(Ended.OPEN), "a run is under way."),
        (
            {Status.KEPT: 1},
            LastRun(Ended.FAILED, error="Lidarr is away.", remedy="Try later."),
            "the last run failed. Lidarr is away. Try later.",
        ),
        ({}, LastRun(Ended.CANCELLED), "was stopped before it found anything"),
        (
            {Status.KEPT: 4},
            LastRun(
                Ended.DONE,
                verdicts={
                    Verdict.OWNED: 31,
                    Verdict.RECOMMENDED_BEFORE: 12,
                    Verdict.UNKNOWN: 3,
                    Verdict.AMBIGUOUS: 1,
                    Verdict.KEPT: 99,
                },
            ),
            "the last run found nothing to recommend (31 owned, 12 recommended before, 3 unknown).",
        ),
        ({Status.REJECTED: 8}, DONE, "nothing is approved that Lidarr does not have"),
    ],
)
def test_an_empty_feed_says_what_it_waits_for(
    counts: dict[Status, int], last: LastRun | None, said: str
) -> None:
    words = explain_feed(counts, last)
    assert words.empty
    assert words.said[0].startswith("The feed is empty: ")
    assert said in words.said[0]


def test_what_is_on_its_way_is_counted() -> None:
    counts = {Status.APPROVED: 2, Status.DELIVERED: 1, Status.PENDING: 3, Status.FAILED: 4}
    words = explain_feed(counts, DONE)
    assert not words.empty
    assert words.said == (
        "2 approved: Lidarr takes them at its next sync.",
        "1 fetched by Lidarr, not seen in your library yet.",
        "3 wait for your review.",
        "4 refused by Lidarr: History says why.",
    )


AWAY = "2 items are held: Lidarr's metadata server is away."


def test_what_is_held_as_a_whole_makes_the_feed_empty_and_promises_nothing() -> None:
    words = explain_feed({Status.APPROVED: 2, Status.PENDING: 1}, DONE, Held((AWAY,), free=0))
    assert words.empty
    assert words.said == (AWAY, "1 waits for your review.")


def test_what_is_held_in_part_comes_first_and_the_rest_goes_out() -> None:
    waits = "1 waits until Lidarr's own lookup has confirmed it."
    words = explain_feed({Status.APPROVED: 3}, DONE, Held((waits,), free=2))
    assert not words.empty
    assert words.said == (waits, "3 approved: Lidarr takes what may go out at its next sync.")


def test_where_nothing_is_on_its_way_nothing_held_explains_the_feed() -> None:
    failed = "Lidarr's list sync failed, and not because of this list."
    words = explain_feed({Status.PENDING: 1}, DONE, Held((failed,), free=0))
    assert words.said == ("The feed is empty: 1 waits for your review.", failed)


@given(
    counts=st.dictionaries(st.sampled_from(Status), st.integers(0, 500)),
    last=st.none() | st.builds(LastRun, st.sampled_from(Ended), st.integers(0, 9)),
)
def test_every_feed_has_words_and_only_an_empty_one_says_so(
    counts: dict[Status, int], last: LastRun | None
) -> None:
    words = explain_feed(counts, last)
    assert words.said
    assert words.empty is words.said[0].startswith("The feed is empty")
    assert words.empty is not any(counts.get(one) for one in (Status.APPROVED, Status.DELIVERED))
