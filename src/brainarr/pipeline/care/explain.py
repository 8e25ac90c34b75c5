"""CareFacts → a reason of one or two sentences. Every name and number in it stands in the facts."""

from collections.abc import Mapping
from datetime import date

from brainarr.domain.care import CareFacts

_FULL, _TO_THE_MONTH = 10, 7


def care_reason(artist: str, facts: CareFacts, labels: Mapping[str, str]) -> str:
    """`labels`: how people know each source."""
    loved = f" ({' and '.join(facts.because)})" if facts.because else ""
    opening = f"You have {artist}{loved}"
    said = (
        (f"{opening}. {_news(facts)}",)
        if facts.new
        else (f"{opening}, {_shelf(facts)}.", _rank(facts, labels))
    )
    listed = "Lidarr lists it, unmonitored." if facts.listed else ""
    return " ".join(sentence for sentence in (*said, listed) if sentence)


def _shelf(facts: CareFacts) -> str:
    if not facts.held:
        one = facts.studio == 1
        return "but not the one studio album" if one else f"but none of the {facts.studio} studio albums"
    return f"and {facts.held} of {facts.studio} studio albums; this one is missing"


def _rank(facts: CareFacts, labels: Mapping[str, str]) -> str:
    if facts.chosen_by is not None and facts.place is not None:
        place = "the first" if facts.place == 1 else f"number {facts.place}"
        return f"Of them it is {place} on {labels.get(facts.chosen_by, facts.chosen_by)}."
    return "" if facts.rating is None else f"MusicBrainz rates it {facts.rating:.1f} of 10."


def _news(facts: CareFacts) -> str:
    on = told_date(facts.released)
    if facts.upcoming:
        return f"This is announced for {on}." if on else "This is announced."
    return (
        f"This came out {'on' if len(facts.released or '') == _FULL else 'in'} {on}."
        if on
        else "This is new."
    )


def told_date(released: str | None) -> str:
    """ "8 May 2026", "May 2026" or "2026"; "" of nothing."""
    if not released:
        return ""
    try:
        day = date.fromisoformat((released + "-01-01")[:_FULL])
    except ValueError:
        return released
    if len(released) == _FULL:
        return f"{day.day} {day:%B %Y}"
    return f"{day:%B %Y}" if len(released) == _TO_THE_MONTH else released
