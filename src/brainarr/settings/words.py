"""How people find a setting, and what it is called: chapters of the settings page, headings, words.

The words themselves stand where the settings are composed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Words:
    """What one setting is called, and what it does in a sentence or two."""

    title: str
    help: str
    unit: str = ""
    """Behind a number: seconds, days, MB."""
    none: str = ""
    """What it means that nothing stands there, where something may."""
    advanced: bool = False
    """Few people need it."""
    choices: Mapping[str, str] = field(default_factory=dict[str, str])
    """What a choice means, where its name does not say it."""
    allowed: str = ""
    """What may stand there, where the schema cannot tell it."""


@dataclass(frozen=True)
class Group:
    """A heading and what stands below it."""

    title: str
    settings: Mapping[str, Words]
    """By dotted key."""
    test: str = ""
    """The service that these settings lead to, as its provider is named; "": none that can be asked."""


@dataclass(frozen=True)
class Chapter:
    """One part of the settings page."""

    slug: str
    title: str
    about: str
    groups: tuple[Group, ...]

    def __iter__(self) -> Iterator[tuple[Group, str, Words]]:
        """Every setting in the order of the page."""
        return ((group, key, words) for group in self.groups for key, words in group.settings.items())
