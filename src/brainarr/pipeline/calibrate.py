"""Keeps the genres of a batch close to the library's: Steck, "Calibrated Recommendations", RecSys 2018.

A ranking by score gives a library that is one fifth jazz a list without any: the other four fifths win every
place. Calibration counts what each pick would do to the whole batch.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

# Steck's α: so much of the library is mixed into the batch, or a genre that the batch lacks would cost
# infinitely.
_SMOOTHING = 0.01
_WORST = -math.log(_SMOOTHING)
"""What a genre that the batch lacks costs, for each share of it."""


class Calibration:
    """The genres of the batch so far against the library's; `take` each pick."""

    def __init__(self, pool: Sequence[Mapping[str, float]], library: Mapping[str, float]) -> None:
        """`pool` and `library`: genre → share, summing to 1 each; an empty one of the pool says nothing."""
        # A library's genre that nothing in the pool carries costs the same whatever is picked.
        columns = {
            genre: at
            for at, genre in enumerate(sorted({g for genres in pool for g in genres if g in library}))
        }
        self._library = np.array([library[genre] for genre in columns])
        self._shares = np.zeros((len(pool), len(columns)))
        for row, genres in enumerate(pool):
            for genre, share in genres.items():
                if genre in columns:
                    self._shares[row, columns[genre]] = share
        self._known = np.array([bool(genres) for genres in pool], dtype=np.float64)
        self._unreached = sum(share for genre, share in library.items() if genre not in columns)
        self._sum = np.zeros(len(columns))
        self._picked = 0.0

    def strain(self) -> NDArray[np.float64]:
        """For each of the pool: KL(library ‖ batch with it) in nats, smoothed: 0 for the same shares, at
        most 4.6."""
        batch = (self._sum + self._shares) / np.maximum(self._picked + self._known, 1.0)[:, None]
        mixed = (1 - _SMOOTHING) * batch + _SMOOTHING * self._library
        divergence = np.log(self._library / mixed) @ self._library + self._unreached * _WORST
        return np.asarray(divergence, dtype=np.float64)

    def take(self, index: int) -> None:
        self._sum += self._shares[index]
        self._picked += self._known[index]
