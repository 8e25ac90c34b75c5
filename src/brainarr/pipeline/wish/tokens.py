"""A wish as words, each of which is made something of at most once."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import WISH_LIMIT

_WORD = re.compile(r"[^\W_]+(?:['’&][^\W_]+)*")
_LONGEST_NAME = 6
"""Words."""


def words_of(text: str) -> tuple[str, ...]:
    """Lower-cased, straight apostrophes; hyphens and stops part words."""
    return tuple(match[0].lower().replace("’", "'") for match in _WORD.finditer(text))


class Words:
    """The words of a wish, and which of them nothing was made of yet."""

    def __init__(self, text: str) -> None:
        # Composed, and full-width forms and ligatures as plain letters; at most what a run may be asked.
        self.text = " ".join(unicodedata.normalize("NFKC", text).split())[:WISH_LIMIT].strip()
        self._spans = [match.span() for match in _WORD.finditer(self.text)]
        self.low = [self.text[start:end].lower().replace("’", "'") for start, end in self._spans]
        self._free = [True] * len(self.low)

    def __len__(self) -> int:
        return len(self.low)

    def at(self, place: int) -> str:
        """The word there; "" beyond the end."""
        return self.low[place] if 0 <= place < len(self.low) else ""

    def said(self, start: int, end: int) -> str:
        """The words from `start` to before `end`, as they were written."""
        return self.text[self._spans[start][0] : self._spans[end - 1][1]]

    def capital(self, place: int) -> bool:
        return self.text[self._spans[place][0]].isupper()

    def gap(self, place: int) -> str:
        """What stands between the word there and the one before it, stripped of spaces."""
        before = self._spans[place - 1][1] if place else 0
        return self.text[before : self._spans[place][0]].strip()

    def free(self, start: int, end: int) -> bool:
        return end <= len(self) and all(self._free[start:end])

    def take(self, start: int, end: int) -> str:
        """Marks them as understood; how they were written."""
        self._free[start:end] = [False] * (end - start)
        return self.said(start, end)

    def follows(self, place: int, phrase: Sequence[str]) -> bool:
        """Whether exactly these words stand there, untouched."""
        return self.low[place : place + len(phrase)] == list(phrase) and self.free(place, place + len(phrase))

    def key(self, start: int, end: int) -> str:
        """How the stretch would agree with the name of an artist."""
        return name_keys(self.said(start, end))[Tier.WORDS]

    def stretches(self) -> Iterator[tuple[int, int]]:
        """Every run of words that may be a name, the longest at each place first."""
        for start in range(len(self)):
            for length in range(min(_LONGEST_NAME, len(self) - start), 0, -1):
                yield start, start + length

    def left(self, fillers: frozenset[str]) -> tuple[str, ...]:
        """The stretches that nothing was made of, without the fillers at their ends."""
        found: list[str] = []
        start = 0
        while start < len(self):
            end = start
            while (
                end < len(self) and self._free[end] and (end == start or self.gap(end) in ("", "-", "'", '"'))
            ):
                end += 1
            first, last = start, end
            while first < last and self.low[first] in fillers:
                first += 1
            while last > first and self.low[last - 1] in fillers:
                last -= 1
            if first < last:
                found.append(self.said(first, last))
            start = max(end, start + 1)
        return tuple(dict.fromkeys(found))
