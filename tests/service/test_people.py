"""People and their sessions in the database, on both databases."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from brainarr.domain.people import Identity, Role, check_password, folded, usable_name
from brainarr.errors import ConfigurationError, Conflict, NotFound
from brainarr.service.keys import make_key, recognise
from brainarr.service.passwords import AT_ONCE, Passwords
from brainarr.service.people import (
    add_person,
    change_role,
    connect_identity,
    disable_person,
    disconnect_identity,
    first_admin,
    list_people,
    read_person,
    reset_password,
)
from brainarr.service.sign_in import (
    by_password,
    end_one,
    end_others,
    list_sessions,
    open_session,
    recognise_session,
)
from brainarr.store import tables
from brainarr.store.keys import Scope
from brainarr.store.people import PersonRow
from brainarr.store.sessions import MOST_SESSIONS
from brainarr.store.upgrade import downgrade, upgrade
from tests.conftest import NOW, Place
from tests.planted import ADMIN_PASSWORD, USER_PASSWORD
from tests.store.given import House, installed

QUICK = Passwords(time_cost=1, memory_cost=8, parallelism=1)
LIFE = timedelta(days=30)


async def ada(house: House) -> PersonRow:
    return await first_admin(house.db, QUICK, "Ada", ADMIN_PASSWORD, clock=house.clock)


async def ben(house: House) -> PersonRow:
    return await add_person(house.db, QUICK, "Ben", USER_PASSWORD, Role.USER, clock=house.clock)


async def browser_of(house: House, person: PersonRow, *, kept: bool = True) -> str:
    return await open_session(
        house.db, person, kept=kept, life=LIFE, agent="a browser", address="192.0.2.1", clock=house.clock
    )


async def is_open(house: House, token: str) -> bool:
    found = await recognise_session(house.db, token, life=LIFE, address="192.0.2.2", clock=house.clock)
    return found is not None


async def test_the_first_person_is_number_1_and_the_next_follow(house: House):
    assert (await ada(house)).id == 1
    assert (await ben(house)).id == 2
    with pytest.raises(Conflict, match="set this Brainarr up already"):
        await first_admin(house.db, QUICK, "Eve", ADMIN_PASSWORD, clock=house.clock)


async def test_two_people_never_share_a_name(house: House):
    await ada(house)
    for name in ("ada", "ADA", " Ada "):
        with pytest.raises(Conflict, match="has that name"):
            await add_person(house.db, QUICK, name, USER_PASSWORD, Role.USER, clock=house.clock)
    together = await asyncio.gather(*(ben(house) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, PersonRow) for one in together) == 1
    assert len(await list_people(house.db)) == 2


async def test_the_database_holds_no_password_and_no_token(house: House):
    token = await browser_of(house, await ada(house))
    async with house.db.reading() as connection:
        rows = [
            *await connection.execute(select(tables.people)),
            *await connection.execute(select(tables.sessions)),
        ]
    written = repr(rows)
    assert "$argon2id$" in written
    assert ADMIN_PASSWORD not in written and token not in written


async def test_a_changed_password_a_disabled_person_end_every_session(house: House):
    person, other = await ada(house), await ben(house)
    tokens = [await browser_of(house, other) for _ in range(3)]
    mine = await browser_of(house, person)
    await reset_password(house.db, QUICK, other.id, "another password")
    assert not any([await is_open(house, token) for token in tokens])
    assert await by_password(house.db, QUICK, "Ben", USER_PASSWORD) is None
    token = await browser_of(house, other)
    await disable_person(house.db, other.id, clock=house.clock)
    assert not await is_open(house, token)
    assert await by_password(house.db, QUICK, "Ben", "another password") is None
    assert await is_open(house, mine)


async def test_a_key_opens_nothing_once_its_maker_is_disabled(house: House):
    await ada(house)
    person = await ben(house)
    _, key = await make_key(house.db, "mine", Scope.READ, owner=person.id, clock=house.clock)
    found = await recognise(house.db, key, clock=house.clock)
    assert found is not None and found[1] is not None and found[1].role is Role.USER
    await disable_person(house.db, person.id, clock=house.clock)
    assert await recognise(house.db, key, clock=house.clock) is None


async def test_a_key_from_before_there_were_people_is_nobodys_in_particular(house: House):
    _, key = await make_key(house.db, "old", Scope.WRITE, clock=house.clock)
    found = await recognise(house.db, key, clock=house.clock)
    assert found is not None and found[1] is None
    await ada(house)
    found = await recognise(house.db, key, clock=house.clock)
    assert found is not None and found[1] is not None and found[1].is_admin


async def test_visits_are_noted_every_five_minutes_at_most(house: House):
    person = await ada(house)
    token = await browser_of(house, person)
    for minutes, seen in ((1, 0), (3, 0), (2, 6), (4, 6)):
        house.clock.advance(minutes=minutes)
        assert await is_open(house, token)
        (row,) = await list_sessions(house.db, person.id, clock=house.clock)
        assert row.last_seen_at == NOW + timedelta(minutes=seen)
    assert row.address == "192.0.2.2"


async def test_sessions_that_are_over_are_forgotten_and_their_number_is_bounded(house: House):
    person = await ada(house)
    await browser_of(house, person)
    house.clock.advance(days=31)
    tokens = [await browser_of(house, person) for _ in range(MOST_SESSIONS + 2)]
    async with house.db.reading() as connection:
        rows = (await connection.execute(select(tables.sessions.c.id))).all()
    assert len(rows) == MOST_SESSIONS
    assert await is_open(house, tokens[-1]) and not await is_open(house, tokens[0])


async def test_people_end_their_own_sessions_only(house: House):
    person, other = await ada(house), await ben(house)
    mine, theirs = await browser_of(house, person), await browser_of(house, other)
    (session,) = await list_sessions(house.db, other.id, clock=house.clock)
    with pytest.raises(NotFound):
        await end_one(house.db, person.id, session.id)
    assert await end_others(house.db, person.id, but=None) == 1
    assert (await is_open(house, mine), await is_open(house, theirs)) == (False, True)


async def test_of_two_administrators_who_demote_each_other_at_once_one_stays(house: House):
    first = await ada(house)
    second = await add_person(house.db, QUICK, "Cleo", USER_PASSWORD, Role.ADMIN, clock=house.clock)
    done = await asyncio.gather(
        change_role(house.db, first.id, Role.USER),
        disable_person(house.db, second.id, clock=house.clock),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Conflict) for one in done) == 1


async def test_an_identity_is_one_persons_and_never_the_only_way_out(house: House):
    person, other = await ada(house), await ben(house)
    identity = Identity("https://auth.example.org", "7", "anna")
    await connect_identity(house.db, person.id, identity)
    with pytest.raises(Conflict, match="Somebody else"):
        await connect_identity(house.db, other.id, identity)
    await disconnect_identity(house.db, person.id)
    assert (await read_person(house.db, person.id)).issuer is None


async def test_a_hundred_sign_ins_at_once_hash_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch):
    passwords = Passwords(time_cost=1, memory_cost=8, parallelism=1)
    hashed = await passwords.hash(ADMIN_PASSWORD)
    at_work = most = 0
    original = asyncio.to_thread

    async def counted(*args: object) -> object:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        try:
            return await original(*args)  # pyright: ignore
        finally:
            at_work -= 1

    monkeypatch.setattr(asyncio, "to_thread", counted)
    assert all(await asyncio.gather(*(passwords.fits(ADMIN_PASSWORD, hashed) for _ in range(100))))
    assert most == AT_ONCE


async def test_a_hash_that_is_none_fits_nothing():
    for hashed in (None, "", "plain", "$argon2id$v=19$m=8,t=1,p=1$broken"):
        assert not await QUICK.fits(ADMIN_PASSWORD, hashed)
    assert not await QUICK.fits("nobody's", None)


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "a\u202eb", "\u200b"])
def test_names_that_mislead_are_refused(name: str):
    with pytest.raises(ConfigurationError, match="name"):
        usable_name(name)


def test_names_are_compared_without_case_and_width():
    assert folded("ＡＤＡ") == folded("ada") == folded(" Ada ")
    assert usable_name(" Zoe\u0308 ") == "Zoë"


def test_no_message_shows_the_password():
    with pytest.raises(ConfigurationError) as error:
        check_password("hunter2", "Ada")
    assert "hunter2" not in str(error.value)
    assert "one of 7 characters" in str(error.value)


async def test_an_upgrade_keeps_the_keys_and_a_downgrade_lets_go_of_the_people(empty_place: Place):
    async with installed(*empty_place) as house:
        _, key = await make_key(house.db, "old", Scope.WRITE, clock=house.clock)
        await browser_of(house, await ada(house))
        await house.db.dispose()
        await downgrade(house.url, house.folder, "0011", now=NOW)
        async with house.db.reading() as connection:
            assert (await connection.execute(text("SELECT name FROM api_keys"))).scalars().all() == ["old"]
        await house.db.dispose()
        await upgrade(house.url, house.folder, now=NOW)
        assert await list_people(house.db) == []
        assert await recognise(house.db, key, clock=house.clock) is not None
        assert (await ada(house)).id == 1
        assert (await ben(house)).id == 2
