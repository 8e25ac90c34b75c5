"""Lists are made, renamed and deleted, and tell what waits in them and what was fetched."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainarr.domain.lists import ListKind, ListTerms
from brainarr.domain.recommendation import Discovery, RunOptions, RunOverrides, Status, Target
from brainarr.errors import BrainarrError, Conflict, NotFound
from brainarr.service.feeds import albums_feed
from brainarr.service.lists import (
    DEFAULT_LIST,
    MOST_LISTS,
    POLLS_SHOWN,
    change_list,
    create_list,
    read_list,
    read_lists,
    read_lists_at_work,
)
from brainarr.service.recommendations import Decision, decide
from brainarr.service.retiring import delete_list
from brainarr.store import recommendations
from tests.conftest import Place
from tests.service.given import ran
from tests.store.given import House, installed, recommended


@pytest.fixture
async def home(on_sqlite: Place) -> AsyncIterator[House]:
    async with installed(*on_sqlite) as house:
        yield house


async def test_a_new_list_has_an_address_and_a_key_of_its_own(home: House) -> None:
    made = await create_list(home.db, home.secrets, "  Soirée  Ambiante ", clock=home.clock)
    assert (made.slug, made.name) == ("soiree-ambiante", "Soirée Ambiante")
    first, second = await read_lists(home.db, home.secrets)
    assert second == made
    assert first.key != made.key


async def test_names_that_differ_only_in_signs_get_different_addresses(home: House) -> None:
    slugs = [
        (await create_list(home.db, home.secrets, name, clock=home.clock)).slug
        for name in ("Late night", "Late-night", "¡Late night!", "***")
    ]
    assert slugs == ["late-night", "late-night-2", "late-night-3", "list"]


@pytest.mark.parametrize("name", ["", "   ", "a" * 101, "a\u0000b", "BRAINARR ai recommendations"])
async def test_a_name_that_lidarr_could_not_tell_apart_is_refused(home: House, name: str) -> None:
    with pytest.raises(Conflict):
        await create_list(home.db, home.secrets, name, clock=home.clock)
    assert len(await read_lists(home.db, home.secrets)) == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=120))
async def test_whatever_is_typed_either_is_a_list_or_is_refused(home: House, name: str) -> None:
    try:
        made = await create_list(home.db, home.secrets, name, clock=home.clock)
    except BrainarrError:
        return
    assert made.slug.isascii()
    assert made.slug == made.slug.strip("-")
    await delete_list(home.db, home.secrets, made.slug, clock=home.clock)


async def test_there_are_only_so_many_lists(home: House) -> None:
    for number in range(MOST_LISTS - 1):
        await create_list(home.db, home.secrets, f"List {number}", clock=home.clock)
    with pytest.raises(Conflict, match="50 lists"):
        await create_list(home.db, home.secrets, "One more", clock=home.clock)


async def test_a_renamed_list_keeps_address_and_key_and_terms(home: House) -> None:
    (before,) = await read_lists(home.db, home.secrets)
    await change_list(home.db, home.secrets, DEFAULT_LIST, terms=ListTerms(wish="calm"), clock=home.clock)
    after = await change_list(home.db, home.secrets, DEFAULT_LIST, name="New music", clock=home.clock)
    assert (after.name, after.slug, after.key) == ("New music", before.slug, before.key)
    assert after.terms == ListTerms(wish="calm")
    with pytest.raises(NotFound):
        await change_list(home.db, home.secrets, "nowhere", name="Other", clock=home.clock)


async def test_a_list_keeps_what_it_wants_of_its_own(home: House) -> None:
    terms = ListTerms(
        target=Target.ARTISTS,
        discovery=Discovery.EXPLORATORY,
        max_recommendations=5,
        minimum_confidence=0.5,
        styles_include=("jazz",),
        styles_avoid=(),
        decades_include=(1960,),
        wish="late night",
        providers=("home",),
        schedule="daily",
        approval="auto",
    )
    await create_list(
        home.db,
        home.secrets,
        "Late night",
        kind=ListKind.GAPS,
        instance="attic",
        terms=terms,
        clock=home.clock,
    )
    _, row = await read_lists(home.db, home.secrets)
    assert (row.kind, row.instance, row.terms) == (ListKind.GAPS, "attic", terms)


async def test_a_list_for_another_lidarr_has_a_key_that_the_one_before_does_not_know(home: House) -> None:
    before = await read_list(home.db, home.secrets, DEFAULT_LIST)
    same = await change_list(home.db, home.secrets, DEFAULT_LIST, instance="default", clock=home.clock)
    assert same.key == before.key
    moved = await change_list(home.db, home.secrets, DEFAULT_LIST, instance="attic", clock=home.clock)
    assert moved.key != before.key
    assert (await read_list(home.db, home.secrets, DEFAULT_LIST)).key == moved.key


def test_terms_count_before_the_settings_and_after_what_one_run_asks_for() -> None:
    settings = RunOptions(max_recommendations=20, styles_avoid=("country",), wish="anything", seed=7)
    terms = ListTerms(max_recommendations=5, styles_avoid=(), minimum_confidence=0.0)
    options = RunOverrides(max_recommendations=3).over(terms.over(settings))
    assert (options.max_recommendations, options.styles_avoid, options.minimum_confidence) == (3, (), 0.0)
    assert (options.wish, options.seed) == ("anything", 7)


async def test_a_list_tells_what_waits_and_what_was_fetched(home: House) -> None:
    await ran(home, [recommended(1, album=11), recommended(2, album=12), recommended(3, album=13)])
    async with home.db.reading() as connection:
        ids = [row.id for row in await recommendations.in_status(connection, [Status.PENDING])]
    await decide(home.db, ids[0], Decision.APPROVE, clock=home.clock)
    await albums_feed(home.db, DEFAULT_LIST, clock=home.clock)
    await decide(home.db, ids[1], Decision.APPROVE, clock=home.clock)
    (at_work,) = await read_lists_at_work(home.db, home.secrets, (), clock=home.clock)
    assert at_work.counts == {Status.PENDING: 1, Status.APPROVED: 1, Status.DELIVERED: 1}
    assert [(poll.channel, poll.items, poll.at) for poll in at_work.polls] == [("albums", 1, home.clock())]


async def test_only_the_newest_fetches_of_each_list_are_told(home: House) -> None:
    await ran(home, [recommended(1, album=11)])
    async with home.db.reading() as connection:
        (row,) = await recommendations.in_status(connection, [Status.PENDING])
    await decide(home.db, row.id, Decision.APPROVE, clock=home.clock)
    for _ in range(POLLS_SHOWN + 2):
        home.clock.advance(minutes=15)
        await albums_feed(home.db, DEFAULT_LIST, clock=home.clock)
    (at_work,) = await read_lists_at_work(home.db, home.secrets, (), clock=home.clock)
    assert [poll.at for poll in at_work.polls] == sorted((poll.at for poll in at_work.polls), reverse=True)
    assert len(at_work.polls) == POLLS_SHOWN
    assert at_work.polls[0].at == home.clock()
