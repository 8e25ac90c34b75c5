"""People: who may sign in, and as what. Whoever loses a password or a right loses their sessions too."""

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.people import (
    Grouping,
    Identity,
    Person,
    Role,
    check_password,
    usable_name,
)
from brainarr.errors import BrainarrError, ConfigurationError, Conflict, Fault, NotFound
from brainarr.pipeline.ports import Clock
from brainarr.service.passwords import Passwords
from brainarr.store import people, sessions
from brainarr.store.people import PersonRow
from brainarr.store.session import Database

log = structlog.get_logger("brainarr.people")


class NotLetIn(BrainarrError):
    """Somebody is known, and may not come in."""


async def is_anybody_there(db: Database) -> bool:
    """Whether there is a person at all; while there is none, the first visitor becomes one."""
    async with db.reading() as connection:
        return await people.count_people(connection) > 0


async def list_people(db: Database) -> list[PersonRow]:
    """The first one first, disabled ones included."""
    async with db.reading() as connection:
        return list(await people.all_people(connection))


async def read_person(db: Database, person_id: int) -> PersonRow:
    """Raises NotFound."""
    async with db.reading() as connection:
        return await _person(connection, person_id)


async def person_by_name(db: Database, name: str) -> PersonRow:
    """Raises NotFound."""
    async with db.reading() as connection:
        found = await people.person_named(connection, name)
    if found is None:
        raise NotFound("There is nobody of that name.", remedy="`brainarr user list` names everybody.")
    return found


async def first_admin(
    db: Database, passwords: Passwords, name: str, password: str, *, clock: Clock
) -> PersonRow:
    """Raises ConfigurationError, and Conflict when there is somebody already."""
    return await _add(db, passwords, name, password, Role.ADMIN, clock, first=True)


async def add_person(
    db: Database, passwords: Passwords, name: str, password: str, role: Role, *, clock: Clock
) -> PersonRow:
    """Raises ConfigurationError, and Conflict when the name is taken. The first one is an administrator."""
    return await _add(db, passwords, name, password, role, clock, first=False)


async def _add(
    db: Database, passwords: Passwords, name: str, password: str, role: Role, clock: Clock, *, first: bool
) -> PersonRow:
    name = usable_name(name)
    check_password(password, name)
    hashed = await passwords.hash(password)
    async with db.transaction() as connection:
        nobody = await people.count_people(connection) == 0
        if first and not nobody:
            raise Conflict("Somebody has set this Brainarr up already.", remedy="Sign in.")
        if nobody and role is not Role.ADMIN:
            raise ConfigurationError([Fault("role", role, "admin: the first person looks after the others")])
        if await people.person_named(connection, name):
            raise Conflict("Somebody has that name already.", remedy="Choose another one.")
        made = await people.insert_person(connection, name, role, clock(), password_hash=hashed)
    log.info("a person was added", person=made.id, name=made.name, role=made.role)
    return made


async def change_role(db: Database, person_id: int, role: Role) -> PersonRow:
    """Raises NotFound, and Conflict when it is of the last administrator."""
    async with db.transaction() as connection:
        before = await _person(connection, person_id)
        if role is not Role.ADMIN:
            await _keep_an_admin(connection, before)
        await people.set_role(connection, person_id, role)
        after = await _person(connection, person_id)
    log.info("a role was changed", person=after.id, name=after.name, role=after.role)
    return after


async def disable_person(db: Database, person_id: int, *, clock: Clock) -> PersonRow:
    """They are signed out everywhere, and their keys open nothing. Raises NotFound, and Conflict when it is
    the last administrator."""
    async with db.transaction() as connection:
        before = await _person(connection, person_id)
        await _keep_an_admin(connection, before)
        await people.set_disabled(connection, person_id, before.disabled_at or clock())
        await sessions.delete_sessions(connection, person_id)
        after = await _person(connection, person_id)
    log.info("a person was disabled", person=after.id, name=after.name)
    return after


async def enable_person(db: Database, person_id: int) -> PersonRow:
    """Raises NotFound."""
    async with db.transaction() as connection:
        await _person(connection, person_id)
        await people.set_disabled(connection, person_id, None)
        after = await _person(connection, person_id)
    log.info("a person was enabled", person=after.id, name=after.name)
    return after


async def reset_password(db: Database, passwords: Passwords, person_id: int, password: str) -> PersonRow:
    """What an administrator does for somebody; they are signed out everywhere. Raises ConfigurationError and
    NotFound."""
    person = await read_person(db, person_id)
    await _store_password(db, passwords, person, password, but=None)
    log.info("a password was reset", person=person.id, name=person.name)
    return person


async def change_password(
    db: Database, passwords: Passwords, person_id: int, old: str, new: str, *, session_id: int | None
) -> None:
    """What people do for themselves; every session but this one ends. Raises ConfigurationError, NotFound."""
    async with db.reading() as connection:
        person = await _person(connection, person_id)
        hashed = await people.password_hash_of(connection, person_id)
    if hashed is not None and not await passwords.fits(old, hashed):
        log.warning("a password was not changed: the old one was wrong", person=person.id)
        raise ConfigurationError([Fault("old", "another one", "your present password")])
    await _store_password(db, passwords, person, new, but=session_id)
    log.info("a password was changed", person=person.id, name=person.name)


async def identified_person(
    db: Database, identity: Identity, grouping: Grouping, *, clock: Clock
) -> PersonRow:
    """Who that is here: made at first sight, their role as their groups say. Raises NotLetIn.

    Somebody here who merely has the same name is somebody else: another service lets people choose names.
    """
    role = _role_of(grouping, identity)
    async with db.transaction() as connection:
        if (found := await people.person_identified(connection, identity)) is None:
            if role is not Role.ADMIN and await people.count_people(connection) == 0:
                raise NotLetIn(
                    "Nobody has set this Brainarr up yet.", remedy="Make the first administrator first."
                )
            name = await _free_name(connection, identity.name)
            found = await people.insert_person(connection, name, role, clock(), identity=identity)
            log.info("a person came for the first time", person=found.id, name=found.name, role=role)
        return await _let_in(connection, found, grouping, role)


async def connect_identity(db: Database, person_id: int, identity: Identity) -> None:
    """From now on this person may sign in as that. Raises Conflict when somebody else does."""
    async with db.transaction() as connection:
        known = await people.person_identified(connection, identity)
        if known is not None and known.id != person_id:
            raise Conflict(
                "Somebody else here signs in with that account.", remedy="An administrator can disable them."
            )
        await people.set_identity(connection, person_id, identity)
    log.info("an identity was connected", person=person_id, issuer=identity.issuer)


async def disconnect_identity(db: Database, person_id: int) -> None:
    """Raises Conflict when they have no password to sign in with instead."""
    async with db.transaction() as connection:
        if not (await _person(connection, person_id)).has_password:
            raise Conflict("You would have no way to sign in any more.", remedy="Set a password first.")
        await people.set_identity(connection, person_id, None)
    log.info("an identity was disconnected", person=person_id)


async def vouched_person(db: Database, identity: Identity, grouping: Grouping, *, clock: Clock) -> Person:
    """Whom a reverse proxy that we trust has signed in; it says a name, and that is who it is.

    Made at first sight; where no group makes anybody an administrator, the first one is. Raises NotLetIn.
    """
    role = _role_of(grouping, identity)
    async with db.reading() as connection:
        found = await people.person_named(connection, identity.name)
    if found is not None and found.disabled_at is None and (not grouping.decides or found.role is role):
        return found.person
    async with db.transaction() as connection:
        if (found := await people.person_named(connection, identity.name)) is None:
            if not grouping.decides and await people.count_people(connection) == 0:
                role = Role.ADMIN
            found = await people.insert_person(connection, usable_name(identity.name), role, clock())
            log.info("a person came for the first time", person=found.id, name=found.name, role=role)
        return (await _let_in(connection, found, grouping, role)).person


async def household(db: Database) -> Person | None:
    """Who counts where nobody needs to sign in: the first administrator. None: there is nobody yet."""
    async with db.reading() as connection:
        found = await people.first_active_admin(connection)
    return found.person if found else None


def _role_of(grouping: Grouping, identity: Identity) -> Role:
    if (role := grouping.role_of(identity.groups)) is None:
        log.warning("somebody was not let in: none of their groups is", issuer=identity.issuer)
        raise NotLetIn(
            "You are signed in, but none of your groups may use Brainarr.",
            remedy="Ask whoever looks after it to add you to one.",
        )
    return role


async def _let_in(connection: AsyncConnection, found: PersonRow, grouping: Grouping, role: Role) -> PersonRow:
    if found.disabled_at is not None:
        log.warning("somebody was not let in: disabled", person=found.id)
        raise NotLetIn("You may not sign in here any more.", remedy="Ask whoever looks after Brainarr.")
    if grouping.decides and found.role is not role:
        await people.set_role(connection, found.id, role)
        log.info("a role was changed", person=found.id, name=found.name, role=role)
    return await _person(connection, found.id)


async def _free_name(connection: AsyncConnection, wanted: str) -> str:
    name, number = usable_name(wanted), 1
    while await people.person_named(connection, name):
        number += 1
        name = f"{usable_name(wanted)[:50]} {number}"
    return name


async def _store_password(
    db: Database, passwords: Passwords, person: PersonRow, password: str, *, but: int | None
) -> None:
    check_password(password, person.name)
    hashed = await passwords.hash(password)
    async with db.transaction() as connection:
        await people.set_password_hash(connection, person.id, hashed)
        await sessions.delete_sessions(connection, person.id, but=but)


async def _person(connection: AsyncConnection, person_id: int) -> PersonRow:
    if (found := await people.person_of_id(connection, person_id)) is None:
        raise NotFound(f"There is no person {person_id}.", remedy="The page People names everybody.")
    return found


async def _keep_an_admin(connection: AsyncConnection, person: PersonRow) -> None:
    if person.is_active_admin and await people.count_active_admins(connection) == 1:
        raise Conflict(f"{person.name} is the last administrator.", remedy="Make somebody else one first.")
