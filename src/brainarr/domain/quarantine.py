"""Quarantine: which of the items that went out made a list sync fail, found by what later syncs come to.

Lidarr says of a sync only whether it failed, and one bad item spoils all. So this is group testing by halving
(Dorfman 1943; Hwang's binary splitting, doi:10.1080/01621459.1972.10481257), with tests that may lie: a sync
also fails over other people's lists. Therefore a failure counts only when the next sync, in which nothing of
ours is carried, succeeds; and a single item is guilty at its second counted failure.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

GUILTY_AT = 2
"""Counted failures of an item that was carried alone: one may be an accident of somebody else's."""


class Group(msgspec.Struct, frozen=True):
    """Suspects that are carried together, in one feed of one list: a sync may fetch each feed by itself."""

    list_id: int
    channel: str
    items: tuple[int, ...]
    """Ids of recommendations."""
    failures: int = 0
    """Counted ones, of a single item."""
    remainder: bool = False
    """The other half of a group that failed: when the half before it is innocent, a bad one is in here."""


class Quarantine(msgspec.Struct, frozen=True):
    """Suspects in the order in which they are tried; nothing else is carried while there are any."""

    groups: tuple[Group, ...] = ()
    trial: int = 0
    """Counts what is to be carried: what an earlier trial came to says nothing of the present one."""
    control: bool = False
    """The present trial carries nothing: does the sync fail without us too?"""
    in_doubt: bool = False
    """The first group has failed; the control says whether that counts."""

    @property
    def items(self) -> frozenset[int]:
        return frozenset(item for group in self.groups for item in group.items)

    @property
    def carried(self) -> Group | None:
        """What the feed of this group carries, every other one being empty; None: all are."""
        return None if self.control or not self.groups else self.groups[0]


OPEN = Quarantine()


class Found(msgspec.Struct, frozen=True):
    """What a trial came to."""

    quarantine: Quarantine
    innocent: tuple[int, ...] = ()
    guilty: tuple[int, ...] = ()
    not_ours: bool = False
    """The sync failed although it was given nothing of ours."""


def suspect(quarantine: Quarantine, groups: Iterable[Group], *, split: bool = True) -> Quarantine:
    """Adds what a failed sync had carried; before any of it is carried again there is a control.

    `split`: each is halved at once, for as a whole it has just failed; not when its bad item is known and out
    of it already.
    """
    known = quarantine.items
    fresh: list[Group] = []
    for group in groups:
        rest = tuple(item for item in group.items if item not in known)
        if rest:
            whole = Group(group.list_id, group.channel, rest, group.failures)
            fresh += _halved(whole) if split else [whole]
    if not fresh:
        return quarantine
    begins = not quarantine.groups
    return Quarantine(
        (*quarantine.groups, *fresh),
        quarantine.trial + 1,
        # One that is under way already goes on with its own trial.
        control=begins or quarantine.control,
        in_doubt=not begins and quarantine.in_doubt,
    )


def withdraw(quarantine: Quarantine, items: Collection[int]) -> Quarantine:
    """Without these: somebody decided, they have arrived, or their fault was found in another way."""
    if not quarantine.items & frozenset(items):
        return quarantine
    groups: list[Group] = []
    for group in quarantine.groups:
        rest = tuple(item for item in group.items if item not in items)
        if rest:
            # Whatever was known of the group may have been true of what is gone.
            changed = len(rest) < len(group.items)
            groups.append(_replaced(group, items=rest, remainder=group.remainder and not changed))
    same_first = bool(groups) and groups[0].items == quarantine.groups[0].items
    return Quarantine(
        tuple(groups),
        quarantine.trial + 1,
        control=bool(groups) and quarantine.control,
        in_doubt=quarantine.in_doubt and same_first,
    )


def passed(quarantine: Quarantine) -> Found:
    """The sync of the present trial went well."""
    groups, trial = quarantine.groups, quarantine.trial + 1
    if not groups:
        return Found(quarantine)
    first, rest = groups[0], groups[1:]
    if not quarantine.control:
        return Found(Quarantine(_narrowed(rest), trial), innocent=first.items)
    if not quarantine.in_doubt:
        return Found(Quarantine(groups, trial))
    # The failure before was ours: the first group has a bad one, so the half behind it is unknown again.
    rest = tuple(_replaced(group, remainder=False) if n == 0 else group for n, group in enumerate(rest))
    if len(first.items) > 1:
        return Found(Quarantine((*_halved(first), *rest), trial))
    if first.failures + 1 >= GUILTY_AT:
        return Found(Quarantine(rest, trial), guilty=first.items)
    return Found(Quarantine((_replaced(first, failures=first.failures + 1), *rest), trial))


def failed(quarantine: Quarantine) -> Found:
    """The sync of the present trial failed."""
    if not quarantine.groups:
        return Found(quarantine)
    if quarantine.control:
        # Nor does the failure before count: it may have had the same reason.
        waiting = Quarantine(quarantine.groups, quarantine.trial + 1, control=True)
        return Found(waiting, not_ours=True)
    return Found(Quarantine(quarantine.groups, quarantine.trial + 1, control=True, in_doubt=True))


def _narrowed(groups: Sequence[Group]) -> tuple[Group, ...]:
    """The half before these was innocent: a remainder needs no trial as a whole."""
    if not groups or not groups[0].remainder:
        return tuple(groups)
    return (*_halved(_replaced(groups[0], remainder=False)), *groups[1:])


def _halved(group: Group) -> list[Group]:
    if len(group.items) < 2:
        return [group]
    middle = (len(group.items) + 1) // 2
    return [
        _replaced(group, items=group.items[:middle], remainder=False, failures=0),
        _replaced(group, items=group.items[middle:], remainder=True, failures=0),
    ]


def _replaced(group: Group, **changes: object) -> Group:
    return msgspec.structs.replace(group, **changes)
