"""Instances: the Lidarrs that are configured, each by its name; `default` is that of the section `lidarr`."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeVar

from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.errors import BrainarrError, Conflict

T = TypeVar("T")


def of_instance(lidarrs: Mapping[str, T], instance: str) -> T:
    """What speaks to that Lidarr. Raises Conflict where it is not configured."""
    found = lidarrs.get(instance)
    if found is not None:
        return found
    if instance == DEFAULT_INSTANCE:
        raise Conflict("No Lidarr is configured.", remedy="Set lidarr.url and lidarr.api_key.")
    raise Conflict(
        f"No Lidarr is called {instance}.",
        remedy="Add it to lidarrs, or let the list be for another one.",
    )


async def for_each(lidarrs: Mapping[str, T], do: Callable[[str, T], Awaitable[object]]) -> None:
    """Does something with each, one after the other: one that is away keeps nobody from the others.

    Raises `together` at the end.
    """
    failures: list[BrainarrError] = []
    for instance, lidarr in lidarrs.items():
        try:
            await do(instance, lidarr)
        except BrainarrError as error:
            failures.append(error)
    if failures:
        raise together(failures)


def together(failures: Collection[BrainarrError]) -> BrainarrError:
    """What went wrong with several Lidarrs as one error, and each remedy once; of a single one its own."""
    if len(failures) == 1:
        return next(iter(failures))
    remedies = dict.fromkeys(error.remedy for error in failures if error.remedy)
    return BrainarrError(" ".join(error.message for error in failures), remedy=" ".join(remedies))
