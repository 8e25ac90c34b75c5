"""Instances: the Lidarrs that are configured, each by its name; `default` is that of the section `lidarr`."""

from collections.abc import Mapping
from typing import TypeVar

from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.errors import Conflict

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
