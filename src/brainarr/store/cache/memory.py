"""The first level: the memory of this process, bounded in bytes, the least recently used go first."""

from collections import OrderedDict
from datetime import datetime

from brainarr import metrics
from brainarr.domain.caching import Key
from brainarr.store.cache.tally import Held, Holding, Tallies

ROOM_FOR_ONE = 8
"""A value may take an eighth of the room."""

_OVERHEAD = 250
"""Bytes that an entry takes beside its key and value (measured with tracemalloc)."""


class MemoryLevel:
    """Answers in microseconds. Nothing sweeps it: what is past its time goes when it is asked for, or with
    the least recently used. cashews' own memory counts entries instead of bytes, goes by the wall clock
    alone, and looks at every entry once a second."""

    def __init__(self, limit: int) -> None:
        """`limit`: bytes; 0: it remembers nothing."""
        self.limit = limit
        self.tallies = Tallies()
        self._kept: OrderedDict[str, tuple[Key, Held]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key, now: datetime) -> Held | None:
        text = key.text
        tally = self.tallies[key.kind.name]
        entry = self._kept.get(text)
        if entry is None:
            tally.misses += 1
            metrics.cache_looked_up("memory", "miss")
            return None
        held = entry[1]
        # Later than it could be: the clock was put back since.
        if not now < held.until <= now + key.kind.longest:
            self._drop(text)
            self._show()
            tally.misses += 1
            metrics.cache_looked_up("memory", "miss")
            return None
        self._kept.move_to_end(text)
        tally.hits += 1
        metrics.cache_looked_up("memory", "hit")
        return held

    def put(self, key: Key, held: Held) -> None:
        text = key.text
        tally = self.tallies[key.kind.name]
        self._drop(text)
        size = _size(text, held)
        if size * ROOM_FOR_ONE > self.limit:
            tally.too_large += 1
            self._show()
            return
        self._kept[text] = key, held
        self._bytes += size
        tally.written += 1
        tally.bytes_written += len(held.value)
        while self._bytes > self.limit:
            oldest = next(iter(self._kept))
            self.tallies[self._kept[oldest][0].kind.name].evictions += 1
            metrics.cache_evicted("memory")
            self._drop(oldest)
        self._show()

    def forget(self, kind: str | None = None) -> int:
        """Everything of `kind`, or everything; how many answers that were."""
        gone = [text for text, (key, _) in self._kept.items() if kind in (None, key.kind.name)]
        for text in gone:
            self._drop(text)
        self._show()
        return len(gone)

    @property
    def holding(self) -> Holding:
        return Holding(len(self._kept), self._bytes)

    def _show(self) -> None:
        metrics.cache_holds("memory", len(self._kept), self._bytes)

    def _drop(self, text: str) -> None:
        if (entry := self._kept.pop(text, None)) is not None:
            self._bytes -= _size(text, entry[1])


def _size(text: str, held: Held) -> int:
    return len(text) + len(held.value) + _OVERHEAD
