"""Which artist a name means: a column found at the earliest tier at which a known spelling agrees."""

from collections.abc import Iterable

from brainarr.domain.names import NAMELESS, Tier, name_keys


class NameIndex:
    def __init__(self, named: Iterable[tuple[int, str]]) -> None:
        """`named`: (column, name). Of namesakes the first is meant."""
        self._columns: list[dict[str, int]] = [{} for _ in Tier]
        for column, name in named:
            for tier, key in enumerate(name_keys(name)):
                self._columns[tier].setdefault(key, column)

    def find(self, name: str) -> int | None:
        for tier, key in enumerate(name_keys(name)):
            if key != NAMELESS and (column := self._columns[tier].get(key)) is not None:
                return column
        return None
