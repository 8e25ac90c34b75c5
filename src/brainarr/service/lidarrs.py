"""The Lidarrs beside the first one as they are edited: entries of one setting, their keys as marks that stand
for them.
"""

from collections.abc import Mapping

from brainarr.errors import Conflict
from brainarr.service.chain import Entries, Entry, entries_of, keeping_key, name_of
from brainarr.settings.values import place_of
from brainarr.store.lists import lists_of
from brainarr.store.session import Database

LIDARRS = "lidarrs"


def lidarr_named(lidarrs: Entries, name: str) -> Entry | None:
    return next((entry for entry in lidarrs if name_of(entry) == name), None)


def with_lidarr(lidarrs: Entries, entry: Entry) -> Entries:
    """`entry` in place of the one that has its name, else as the last. Without a key it keeps the one it has.

    Raises ConfigurationError for another address without its key.
    """
    old = lidarr_named(lidarrs, name_of(entry))
    if old is None:
        return (*lidarrs, *entries_of([entry]))
    same_place = place_of(str(old.get("url"))) == place_of(str(entry.get("url")))
    kept = keeping_key({**old, "api_key": None, **entry}, old, same_place=same_place)
    return entries_of([kept if one is old else one for one in lidarrs])


async def without_lidarr(db: Database, lidarrs: Entries, name: str) -> Entries:
    """Raises Conflict while lists are for it."""
    if mine := (await lists_by_lidarr(db)).get(name):
        raise Conflict(
            f"{', '.join(mine)} {'is' if len(mine) == 1 else 'are'} for this Lidarr.",
            remedy="Let them be for another one first, or delete them.",
        )
    return tuple(one for one in lidarrs if name_of(one) != name)


async def lists_by_lidarr(db: Database) -> Mapping[str, tuple[str, ...]]:
    """Names of the lists that are for each Lidarr of which any is."""
    async with db.reading() as connection:
        every = await lists_of(connection)
    return {
        instance: tuple(one.name for one in every if one.instance == instance)
        for instance in {one.instance for one in every}
    }
