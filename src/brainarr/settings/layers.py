"""What each source of settings said, value by value, and how one source goes over another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from brainarr.errors import Fault

Path = tuple[str | int, ...]
"""Where a value stands: names of sections and keys, and numbers of list entries."""


class Origin(StrEnum):
    """Who said a value. The first two are out of the web app's reach: what they say is locked."""

    ENVIRONMENT = "environment"
    FILE = "file"
    DATABASE = "database"
    DEFAULT = "default"

    @property
    def locked(self) -> bool:
        return self in (Origin.ENVIRONMENT, Origin.FILE)


@dataclass(frozen=True)
class Given:
    """One value as it was given: text, None, a number, or an empty list or mapping."""

    value: Any
    origin: Origin
    place: str
    """Where to look for it: "config.yaml, line 3" or the name of an environment variable."""


@dataclass
class Layer:
    """Everything one source said."""

    given: dict[Path, Given] = field(default_factory=dict)
    lists: set[Path] = field(default_factory=set)
    """Lists given as a whole: they replace a lower layer's list instead of mixing with its entries."""
    faults: list[Fault] = field(default_factory=list)

    def add(self, path: Path, value: Any, origin: Origin, place: str) -> None:
        """Adds a value and everything inside it."""
        if isinstance(value, Mapping) and value:
            for key, inner in value.items():
                self.add((*path, key), inner, origin, place)
        elif isinstance(value, list):
            self.lists.add(path)
            for index, inner in enumerate(value):
                self.add((*path, index), inner, origin, place)
            if not value:
                self.given[path] = Given([], origin, place)
        else:
            self.given[path] = Given({} if isinstance(value, Mapping) else value, origin, place)


def stack(layers: Iterable[Layer]) -> dict[Path, Given]:
    """The values that hold, `layers` given from the strongest to the weakest."""
    holding: dict[Path, Given] = {}
    replaced: set[Path] = set()
    for layer in layers:
        above = {path[:length] for path in holding for length in range(len(path) + 1)}
        for path, given in layer.given.items():
            prefixes = {path[:length] for length in range(len(path) + 1)}
            beneath_a_value = any(prefix in holding for prefix in prefixes)
            if not beneath_a_value and path not in above and not prefixes & replaced:
                holding[path] = given
        replaced |= layer.lists
    return holding


def nest(holding: Mapping[Path, Given]) -> tuple[dict[str, Any], list[Fault]]:
    """The values as nested dicts and lists, with a fault for each list whose numbering has a gap."""
    root: dict[str | int, Any] = {}
    for path, given in holding.items():
        node = root
        for name in path[:-1]:
            node = node.setdefault(name, {})
        node[path[-1]] = given.value
    faults: list[Fault] = []

    def settle(node: Any, path: Path) -> Any:
        if not isinstance(node, dict):
            return node
        settled = {name: settle(inner, (*path, name)) for name, inner in node.items()}
        if not node or not all(isinstance(name, int) for name in node):
            return {str(name): inner for name, inner in settled.items()}
        if sorted(node) != list(range(len(node))):
            given = f"entries {', '.join(map(str, sorted(node)))}"
            faults.append(Fault(dotted(path), given, "entries numbered 0, 1, 2, … without a gap"))
        return [settled[index] for index in sorted(settled)]

    return settle(root, ()), faults


def dotted(path: Path) -> str:
    """The key as people read it: provider_chain.0.api_key."""
    return ".".join(map(str, path))
