"""“More like this” and “less like this”: artists that are not owned, but lead somewhere, or away from it.

Who should be followed becomes one more seed, with twice the say of a usual one. Who should be avoided is
asked about too: what its neighbour lists name is damped, in the ranking and in the score.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from brainarr.domain.learning import Liking
from brainarr.domain.music import Mbid
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import Candidate, Fused, Verified
from brainarr.domain.taste import Seed

# A vote grows with the root of its seed's weight: four times the usual weight is twice the vote.
_WEIGHT = 4.0
# Each costs one question to every source; the latest wishes are the ones that count.
_MOST_ASKED = 10
# As in the fusion: the tenth neighbour says a third less than the first.
_K_NEAR = 20
_MOST_LEANING = 0.15
"""What a liking may add to a score or take from it."""


def followed(seeds: Sequence[Seed], more: Sequence[Liking]) -> tuple[Seed, ...]:
    """`seeds` with those that more was asked of; an owned one among them gets the greater weight."""
    weight = _WEIGHT / max(1, len(seeds))
    asked = {one.mbid: Seed(one.mbid, one.name, weight, "asked for") for one in more[:_MOST_ASKED]}
    own = [
        msgspec.structs.replace(seed, weight=max(weight, seed.weight)) if seed.mbid in asked else seed
        for seed in seeds
    ]
    known = {seed.mbid for seed in seeds}
    return (*own, *(seed for mbid, seed in asked.items() if mbid not in known))


def avoided(seeds: Sequence[Seed], less: Sequence[Liking]) -> tuple[Seed, ...]:
    """Those to ask about only to stay away from what is near them; an owned artist is none of them."""
    known = {seed.mbid for seed in seeds}
    return tuple(
        Seed(one.mbid, one.name, 0.0, "unwanted") for one in less[:_MOST_ASKED] if one.mbid not in known
    )


class Aversion:
    """How close artists are to those that less was asked of, 0 to 1, by what the sources say."""

    def __init__(self, found: Iterable[Candidate] = ()) -> None:
        self._closeness: dict[str, float] = {}
        for candidate in found:
            near = _K_NEAR / (_K_NEAR + candidate.rank - 1)
            for key in _keys(candidate.artist, candidate.mbid):
                self._closeness[key] = max(near, self._closeness.get(key, 0.0))

    def to(self, artist: str, mbid: Mbid | None) -> float:
        # A bare name may be a namesake's: it counts only where nobody told the identifier.
        known = (self._closeness.get(key) for key in _keys(artist, mbid))
        return next((near for near in known if near is not None), 0.0)

    def damp(self, ranking: Sequence[Fused]) -> list[Fused]:
        """The ranking with what is close moved down, at most to twice its place."""
        if not self._closeness:
            return list(ranking)
        places = [
            (place * (1 + self.to(item.artist, item.mbid)), item) for place, item in enumerate(ranking, 1)
        ]
        return [item for _, item in sorted(places, key=lambda placed: placed[0])]


def leanings(kept: Iterable[Verified], more: Sequence[Liking], aversion: Aversion) -> dict[Mbid, float]:
    """Artist → what the likings add to its score; only those they say something of."""
    names = {one.name for one in more}
    found: dict[Mbid, float] = {}
    for item in kept:
        shares = [share for voice in item.fused.voices for name, share in voice.seeds if name in names]
        # The root: of a candidate that many owned artists lead to as well, the wish is a small share.
        near = max(shares, default=0.0) ** 0.5 - aversion.to(item.fused.artist, item.artist.mbid)
        if near:
            found[item.artist.mbid] = _MOST_LEANING * near
    return found


def asked_for(names: Mapping[str, float], more: Sequence[Liking]) -> tuple[list[str], list[str]]:
    """Names of seeds by pull → those that more was asked of, and the owned others, strongest first."""
    wanted = {one.name for one in more}
    ordered = sorted(names, key=lambda name: -names[name])
    return [name for name in ordered if name in wanted], [name for name in ordered if name not in wanted]


def _keys(artist: str, mbid: Mbid | None) -> tuple[str, ...]:
    name = f"name:{name_keys(artist)[Tier.WORDS]}"
    return (name,) if mbid is None else (mbid, name)
