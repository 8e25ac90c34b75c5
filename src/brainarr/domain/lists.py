"""Lists: which music one is for, and what it wants instead of what the settings say."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

import msgspec

from brainarr.domain.recommendation import Discovery, RunOptions, Target

DEFAULT_INSTANCE = "default"
"""The Lidarr of the settings section `lidarr`."""


class ListKind(StrEnum):
    """Where a list's recommendations come from."""

    DISCOVER = "discover"
    """Music that is close to the library and not in it."""
    GAPS = "gaps"
    """Albums that loved artists of the library lack."""
    RELEASES = "releases"
    """What artists of the library have released lately, or will."""


class ListTerms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a list wants instead of what the settings say; None leaves the setting."""

    target: Target | None = None
    discovery: Discovery | None = None
    max_recommendations: int | None = None
    minimum_confidence: float | None = None
    """0 to 1."""
    styles_include: tuple[str, ...] | None = None
    styles_avoid: tuple[str, ...] | None = None
    decades_include: tuple[int, ...] | None = None
    wish: str | None = None
    providers: tuple[str, ...] | None = None
    """Names of entries of the provider chain, in the order in which they are asked."""
    schedule: str | None = None
    """As `recommend.schedule` takes it; `off` for never by itself."""
    approval: Literal["review", "auto"] | None = None

    def over(self, options: RunOptions) -> RunOptions:
        """The options of this list's runs, where the settings give `options`."""
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(
            options, **{name: value for name, value in given.items() if name in RunOptions.__struct_fields__}
        )

    def providers_missing(self, chain: Iterable[str]) -> str:
        """The end of a sentence: which of `providers` are no names in the chain; "" where all are."""
        known = set(chain)
        missing = [name for name in self.providers or () if name not in known]
        if not missing:
            return ""
        alone = "" if set(self.providers or ()) & known else ", so no language model is asked"
        return f"{', '.join(missing)}{alone}"


NO_TERMS = ListTerms()
"""Everything is as the settings say."""
