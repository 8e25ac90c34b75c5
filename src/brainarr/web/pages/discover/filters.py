"""What the address of Discover asks for. What cannot be used is said on the page, and left out."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from brainarr.domain.names import searched_words
from brainarr.domain.recommendation import FIRST_DECADE, LAST_DECADE, Status, as_decade
from brainarr.service.discover import Sort, Sought
from brainarr.web.api import LARGEST_ID

LONGEST = 200
"""Characters of a text in the address."""

MOST_WORDS = 10
"""Of a search; more narrow it down no further, and each costs a look at every name."""

Read = TypeVar("Read")


class View(StrEnum):
    GRID = "grid"
    LIST = "list"
    SWIPE = "swipe"
    """One card at a time."""


class Unusable(msgspec.Struct, frozen=True):
    """One value of the address that means nothing."""

    name: str
    given: str
    allowed: str


class Filters(msgspec.Struct, frozen=True):
    """All that the address says, as the page's form and links say it again."""

    status: Status | None = Status.PENDING
    genre: str | None = None
    era: int | None = None
    source: str | None = None
    confidence: float | None = None
    list: str | None = None
    q: str = ""
    sort: Sort = Sort.SCORE
    view: View = View.GRID
    after: int | None = None
    select: bool = False
    """Every card of the page is selected: for those who have no script to do it."""
    unusable: tuple[Unusable, ...] = ()

    @property
    def sought(self) -> Sought:
        return Sought(
            status=self.status,
            genre=self.genre,
            decade=self.era,
            source=self.source,
            confidence=self.confidence,
            list=self.list,
            words=searched_words(self.q)[:MOST_WORDS],
        )

    @property
    def narrowed(self) -> int:
        """How many filters are set, the state aside."""
        given = (self.genre, self.era, self.source, self.confidence, self.list, self.q or None)
        return sum(value is not None for value in given)

    def link(self, **changes: Any) -> str:
        """The address of the same with `changes`, its first page unless they say which."""
        return _address(msgspec.structs.replace(self, **{"after": None, "select": False, **changes}))

    @property
    def cleared(self) -> str:
        """The address of the same state, without filters."""
        return _address(Filters(status=self.status, sort=self.sort, view=self.view))


def _address(filters: Filters) -> str:
    usual = Filters()
    said: dict[str, str] = {}
    for name in Filters.__struct_fields__:
        value = getattr(filters, name)
        # The view always: which one is usual, each browser remembers.
        if name == "unusable" or (value == getattr(usual, name) and name != "view"):
            continue
        said[name] = "all" if value is None else "yes" if value is True else f"{value}"
    return f"/discover?{urlencode(said)}"


def read_filters(given: Mapping[str, str], usual_view: View = View.GRID) -> Filters:
    """Of a query; never fails."""
    unusable: list[Unusable] = []

    def read(name: str, of: Callable[[str], Read], usual: Read, allowed: str) -> Read:
        text = given.get(name, "").strip()
        if not text:
            return usual
        try:
            return of(text)
        except ValueError:
            unusable.append(Unusable(name, text[:40], allowed))
            return usual

    words = f"text of at most {LONGEST} characters"
    return Filters(
        status=read("status", _status, Status.PENDING, f"all, {', '.join(Status)}"),
        genre=read("genre", _text, None, words),
        era=read("era", lambda text: as_decade(int(text)), None, f"{FIRST_DECADE} to {LAST_DECADE} by tens"),
        source=read("source", _text, None, words),
        confidence=read("confidence", _share, None, "a number from 0 to 1"),
        list=read("list", _text, None, words),
        q=read("q", _text, "", words),
        sort=read("sort", Sort, Sort.SCORE, ", ".join(Sort)),
        view=read("view", View, usual_view, ", ".join(View)),
        after=read("after", _number, None, "the number of a recommendation"),
        select=given.get("select") == "yes",
        unusable=tuple(unusable),
    )


def _status(text: str) -> Status | None:
    return None if text == "all" else Status(text)


def _text(text: str) -> str:
    if len(text) > LONGEST or "\0" in text:
        raise ValueError(text)
    return text


def _share(text: str) -> float:
    if not 0 <= (share := float(text)) <= 1:
        raise ValueError(text)
    return share


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= LARGEST_ID):
        raise ValueError(text)
    return int(text)
