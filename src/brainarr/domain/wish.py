"""A wish in a person's own words, as far as it was understood."""

import msgspec

from brainarr.domain.learning import Liking
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import (
    MOST_DECADES,
    MOST_LEADING,
    MOST_STYLES,
    Discovery,
    RunOverrides,
    Target,
)


class MeantStyle(msgspec.Struct, frozen=True):
    """A genre that the wish names, or that its words make likely."""

    genre: str
    """As the genre tree spells it."""
    words: str
    """As the wish has it."""
    guessed: bool = False
    """Taken from a mood or an instrument: no name of a genre."""


class NamedArtist(msgspec.Struct, frozen=True):
    """An artist that the wish wants more like."""

    name: str
    mbid: Mbid | None = None
    """None: nobody has looked it up yet, or there is none of that name."""
    owned: bool = False


class Understanding(msgspec.Struct, frozen=True):
    """What a wish was taken to mean, for the person to correct before anything is started."""

    text: str
    styles: tuple[MeantStyle, ...] = ()
    avoid: tuple[MeantStyle, ...] = ()
    decades: tuple[int, ...] = ()
    """Whole ones, by their first year, oldest first."""
    artists: tuple[NamedArtist, ...] = ()
    target: Target | None = None
    discovery: Discovery | None = None
    count: int | None = None
    rest: tuple[str, ...] = ()
    """Stretches of the wish that nothing was made of."""
    notes: tuple[str, ...] = ()
    """Where it can be kept in part only, in sentences."""

    @property
    def anything(self) -> bool:
        """Whether any of it was understood."""
        found = (self.styles, self.avoid, self.decades, self.artists, self.target, self.discovery, self.count)
        return any(found)

    @property
    def overrides(self) -> RunOverrides:
        """What to ask a run for: the words themselves go along, for models."""
        seeds = tuple(Liking(one.mbid, one.name) for one in self.artists if one.mbid is not None)
        return RunOverrides(
            wish=self.text or None,
            styles_include=tuple(one.genre for one in self.styles)[:MOST_STYLES] or None,
            styles_avoid=tuple(one.genre for one in self.avoid)[:MOST_STYLES] or None,
            decades_include=self.decades[:MOST_DECADES] or None,
            target=self.target,
            discovery=self.discovery,
            max_recommendations=self.count,
            seeds=seeds[:MOST_LEADING] or None,
        )
