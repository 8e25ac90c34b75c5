"""The provider chain as it is edited: entries as JSON-like mappings, their keys as marks that stand for them.

The chain is one setting. Every change makes a whole new one, which the configuration validates and stores.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from brainarr.errors import ConfigurationError, Conflict, Fault, NotFound

CHAIN = "provider_chain"
Entry = Mapping[str, object]
Entries = tuple[Entry, ...]
Change = Callable[[Entries], Entries]

NO_MODEL: Entry = {"name": "builtin", "kind": "builtin"}


def entries_of(value: object) -> Entries:
    """The entries in the value of the setting; what an entry leaves out is not in it."""
    rows = cast(Sequence[Entry], value) if isinstance(value, list | tuple) else ()
    return tuple({key: part for key, part in row.items() if part is not None} for row in rows)


def name_of(entry: Entry) -> str:
    """After their kind unless they say otherwise."""
    return str(entry.get("name") or entry.get("kind") or "")


def entry_named(chain: Entries, name: str) -> Entry:
    """Raises NotFound."""
    found = next((entry for entry in chain if name_of(entry) == name), None)
    if found is None:
        raise NotFound(
            f"There is no entry {name!r} in the provider chain.", remedy="It may be called otherwise now."
        )
    return found


def moved(chain: Entries, name: str, by: int) -> Entries:
    """One entry `by` places further down; up where that is negative. Raises NotFound."""
    entry = entry_named(chain, name)
    others = [one for one in chain if one is not entry]
    place = min(max(chain.index(entry) + by, 0), len(others))
    return (*others[:place], entry, *others[place:])


def reordered(chain: Entries, names: Sequence[str]) -> Entries:
    """In the order of `names`. Raises Conflict when these are not its names."""
    if sorted(names) != sorted(map(name_of, chain)):
        raise Conflict("The chain was changed meanwhile.", remedy="Look at it again, then order it.")
    return tuple(sorted(chain, key=lambda entry: names.index(name_of(entry))))


def without(chain: Entries, name: str) -> Entries:
    """Raises NotFound. A chain is never empty: without its last entry it asks no model."""
    entry = entry_named(chain, name)
    return tuple(one for one in chain if one is not entry) or (NO_MODEL,)


def with_entry(chain: Entries, entry: Entry, was: str | None = None) -> Entries:
    """`entry` in place of the one that is called `was`, else as the last. Raises NotFound."""
    if was is None:
        # Beside a model, the entry that stands for none says nothing.
        rest = tuple(one for one in chain if one.get("kind") != NO_MODEL["kind"])
        return (*rest, entry)
    old = entry_named(chain, was)
    return tuple(entry if one is old else one for one in chain)


def keeping_key(entry: Entry, old: Entry, *, same_place: bool) -> Entry:
    """`entry` with the key of `old`, where it names none. Raises ConfigurationError for another address.

    A key that nobody can read must not be sent by them to wherever they like.
    """
    key = old.get("api_key")
    if entry.get("api_key") or not key:
        return entry
    if not same_place:
        allowed = "the key for the new address: the saved one is for the old"
        raise ConfigurationError([Fault("api_key", "nothing", allowed)])
    return {**entry, "api_key": key}


def names_taken(chain: Iterable[Entry]) -> set[str]:
    return {name_of(entry) for entry in chain}


def free_name(kind: str, chain: Iterable[Entry]) -> str:
    """A name for one more of its kind: openai, openai-2."""
    taken = names_taken(chain)
    numbered = (f"{kind}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (kind, *numbered) if name not in taken)
