"""How much of one batch may be of the same genre, decade or owned artist."""

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from brainarr.domain.genres import lineage
from brainarr.domain.recommendation import NO_CAPS, Caps, Recommendation


class Traits(msgspec.Struct, frozen=True):
    """What a cap counts, in words; "" where it is not known, which no cap counts."""

    genre: str
    era: str
    seed: str


UNKNOWN = Traits("", "", "")


def traits(genres: Sequence[str], year: int | None, seeds: Sequence[str]) -> Traits:
    """`genres`: the artist's own, most voted first; `seeds`: owned artists, strongest first.

    The genre is the most voted one that none of the others descends from. A top-level family would not do: of
    a library that is all rock, a cap on rock would send a third of every batch elsewhere.
    """
    above = {other for name in genres for other, _ in lineage(name) if other != name}
    genre = next((name for name in genres if name not in above), "")
    return Traits(
        genre=f"of {genre}" if genre else "",
        era=f"from the {year // 10 * 10}s" if year else "",
        seed=f"found from {seeds[0]}" if seeds else "",
    )


class Headroom:
    """What the caps leave room for while a batch is picked; `take` each pick."""

    def __init__(self, pool: Sequence[Traits], caps: Caps, batch: int) -> None:
        self._batch = batch
        self._limits = _limits(caps, batch)
        self._traits = {name: np.array([getattr(item, name) for item in pool]) for name in self._limits}
        self._taken: dict[str, Counter[str]] = {name: Counter() for name in self._limits}
        self.broken: NDArray[np.int64] = np.zeros(len(pool), dtype=np.int64)
        """How many caps the next pick would break with each of the pool."""

    def take(self, index: int) -> None:
        for name, limit in self._limits.items():
            trait = str(self._traits[name][index])
            self._taken[name][trait] += 1
            if trait and self._taken[name][trait] == limit:
                self.broken += self._traits[name] == trait

    def why(self, index: int) -> str:
        """The first cap that keeps this one out; "" when none does."""
        for name, limit in self._limits.items():
            trait = str(self._traits[name][index])
            if trait and self._taken[name][trait] >= limit:
                return f"enough {trait} already: {limit} of {self._batch} (recommend.caps.{name})"
        return ""


def overruns(batch: Sequence[Recommendation], caps: Caps) -> tuple[str, ...]:
    """Where a finished batch has more than a cap allows, because too little else was left."""
    if caps == NO_CAPS:
        return ()
    found = [traits(item.genres, item.year, item.evidence.seeds) for item in batch]
    over: list[str] = []
    for name, limit in _limits(caps, len(batch)).items():
        counted = Counter(trait for item in found if (trait := str(getattr(item, name))))
        over += [
            f"{count} of {len(batch)} are {trait}, though recommend.caps.{name} allows {limit}"
            for trait, count in counted.most_common()
            if count > limit
        ]
    return tuple(over)


def _limits(caps: Caps, batch: int) -> dict[str, int]:
    """Cap → items; at least one, or nothing could ever be recommended."""
    shares: dict[str, float | None] = msgspec.structs.asdict(caps)
    # Three of ten is 0.3 × 10 = 2.9999… in binary.
    return {name: max(1, int(share * batch + 1e-9)) for name, share in shares.items() if share is not None}
