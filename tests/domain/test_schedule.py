"""Schedules: what people may write, and when that is due whatever clocks do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from brainarr.domain.schedule import Cron, Interval, Schedule, due_at, first_due, parse_schedule

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = some.sampled_from(
    [UTC, BERLIN, *map(ZoneInfo, ("America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"))]
)
START = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = some.timedeltas(timedelta(), timedelta(days=5_500)).map(lambda passed: START + passed)
MINUTES = some.one_of(
    some.just("*"),
    some.integers(0, 59).map(str),
    some.integers(1, 30).map(lambda step: f"*/{step}"),
    some.tuples(some.integers(0, 29), some.integers(30, 59)).map(lambda ends: f"{ends[0]}-{ends[1]}"),
)
HOURS = some.one_of(some.just("*"), some.integers(0, 23).map(str), some.sampled_from(["*/6", "1,13"]))
DAYS = some.sampled_from(["* * *", "1 * *", "* * SUN", "15 */3 *", "L * *", "* * 1#2", "29 2 *"])
CRONS = some.tuples(MINUTES, HOURS, DAYS).map(lambda fields: Cron(" ".join(fields)))
INTERVALS = some.integers(1, 2_000).map(lambda hours: Interval(timedelta(hours=hours)))


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("off", None),
        ("hourly", Interval(timedelta(hours=1))),
        ("Daily", Interval(timedelta(days=1))),
        ("weekly", Interval(timedelta(days=7))),
        ("6h", Interval(timedelta(hours=6))),
        ("2d", Interval(timedelta(days=2))),
        ("1 w", Interval(timedelta(days=7))),
        ("  30  4 * * SUN ", Cron("30 4 * * SUN")),
        ("*/15 * * * *", Cron("*/15 * * * *")),
    ],
)
def test_a_schedule_is_a_word_an_interval_or_five_fields(text: str, schedule: Schedule | None):
    assert parse_schedule(text) == schedule


@pytest.mark.parametrize(
    "text", ["", "0h", "-6h", "6", "sometimes", "99999h", "* * * *", "0 0 * * * *", "@daily", "* " * 60]
)
def test_a_schedule_that_is_none_of_these_says_what_is_allowed(text: str):
    with pytest.raises(ValueError, match="5m, 6h, 2d or 1w, or a cron expression of five fields"):
        parse_schedule(text)


def test_a_day_that_never_comes_is_no_schedule():
    with pytest.raises(ValueError, match="whose day comes"):
        parse_schedule("0 0 */31 2 1L")


@given(
    some.one_of(
        some.text(max_size=40),
        some.lists(some.text("0123456789*/,-L#SUNWJA²", min_size=1, max_size=8), min_size=5, max_size=5).map(
            " ".join
        ),
    )
)
def test_whatever_is_written_is_a_schedule_or_a_value_error(text: str):
    try:
        schedule = parse_schedule(text)
    except ValueError as error:
        assert str(error)
    else:
        assert schedule is None or parse_schedule(text) == schedule


@given(some.one_of(CRONS, INTERVALS), MOMENTS, ZONES)
def test_the_next_time_is_always_later_than_the_last(schedule: Schedule, last: datetime, zone: ZoneInfo):
    following = schedule.after(last, zone)
    assert following > last
    assert due_at(schedule, last, last, zone) == following


@given(CRONS, MOMENTS, ZONES)
def test_a_restart_between_two_times_neither_repeats_nor_skips(cron: Cron, last: datetime, zone: ZoneInfo):
    following = due_at(cron, last, last, zone)
    for share in (0.01, 0.5, 0.99):
        now = last + (following - last) * share
        assert due_at(cron, last, now, zone) == following


@given(some.one_of(CRONS, INTERVALS), MOMENTS, some.timedeltas(timedelta(), timedelta(days=900)), ZONES)
def test_late_is_done_once(schedule: Schedule, last: datetime, late: timedelta, zone: ZoneInfo):
    now = schedule.after(last, zone) + late
    assert due_at(schedule, last, now, zone) <= now
    # Done now, the next one is ahead.
    assert due_at(schedule, now, now, zone) > now


@given(some.one_of(CRONS, INTERVALS), MOMENTS, some.timedeltas(timedelta(), timedelta(days=900)), ZONES)
def test_a_clock_that_was_set_back_stops_nothing_for_longer_than_three_times(
    schedule: Schedule, now: datetime, back: timedelta, zone: ZoneInfo
):
    due = due_at(schedule, now + back, now, zone)
    third = now
    for _ in range(3):
        third = schedule.after(third, zone)
    assert now <= due <= third


def test_a_clock_that_was_set_back_a_little_repeats_nothing():
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    for schedule in (Cron("0 12 * * *"), Interval(timedelta(days=1))):
        for back in (timedelta(seconds=1), timedelta(minutes=10)):
            assert due_at(schedule, noon, noon - back, UTC) == noon + timedelta(days=1)


def local(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[arg-type]


def test_a_time_in_the_hour_that_is_left_out_comes_right_after_it():
    # 29 March 2026: 02:00 becomes 03:00.
    due = Cron("30 2 * * *").after(local(2026, 3, 28, 12), BERLIN)
    assert due == local(2026, 3, 29, 3, 0)
    assert Cron("30 2 * * *").after(due, BERLIN) == local(2026, 3, 30, 2, 30)


def test_a_time_in_the_hour_that_comes_twice_comes_once():
    # 25 October 2026: 03:00 becomes 02:00.
    first = Cron("30 2 * * *").after(local(2026, 10, 24, 12), BERLIN)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert Cron("30 2 * * *").after(first, BERLIN) == local(2026, 10, 26, 2, 30)
    # Asked for by a person in the second of the two hours, it does not come at once again.
    second = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    assert Cron("30 2 * * *").after(second, BERLIN) > second


def test_every_hour_is_every_hour_also_on_those_days():
    moment = local(2026, 10, 24, 23)
    found = [moment := Cron("0 * * * *").after(moment, BERLIN) for _ in range(6)]
    assert {later - sooner for sooner, later in pairwise(found)} == {timedelta(hours=1)}


def test_what_was_never_done_is_due_at_once_as_an_interval_and_at_its_time_as_cron():
    installed, now = datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 7, 1, 13, tzinfo=UTC)
    assert first_due(Interval(timedelta(days=7)), installed, now, UTC) == now
    assert first_due(Cron("0 4 * * *"), installed, now, UTC) == datetime(2026, 7, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (Interval(timedelta(weeks=2)), "every 2w"),
        (Interval(timedelta(hours=36)), "every 36h"),
        (Interval(timedelta(minutes=5)), "every 5m"),
        (Interval(timedelta(seconds=90)), "every 90s"),
        (Cron("30 4 * * SUN"), "30 4 * * SUN"),
    ],
)
def test_a_schedule_is_shown_as_people_write_it(schedule: Schedule, said: str):
    assert str(schedule) == said
