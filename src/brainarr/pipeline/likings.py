"""“More like this” and “less like this”: artists that are not owned, but lead somewhere, or away from it.

Who should be followed becomes one more seed, with twice the say of a usual one. Who should be avoided is
asked about too: what its neighbour lists name is pushed back, in the ranking and in the score. Who one run
was asked to start from (`RunOptions.seeds`) is followed like the former, with far more say.
"""

from collections.abc import Iterable, Sequence

import msgspec

from brainarr.domain.learning import Learnt, Liking
from brainarr.domain.music import Mbid
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import Candidate, Fused, Verified
from brainarr.domain.taste import Seed

# A vote grows with the root of its seed's weight: four times the usual weight is twice the vote.
_WEIGHT = 4.0
# Of all that a run was asked to start from, together: eight times the vote of a usual seed.
_LEADING_WEIGHT = 64.0
# Each costs one question to every source; the latest wishes are the ones that count.
_MOST_ASKED = 10
# As in the fusion: the tenth neighbour says a third less than the first.
_K_NEAR = 20
_MOST_LEANING = 0.25
"""What a liking may add to a score or take from it."""


def leading(learnt: Learnt, seeds: Sequence[Liking]) -> Learnt:
    """What was learnt, as a run sees it that starts from `seeds`: more is asked of them, before all others,
    and less of none of them."""
    named = {one.mbid for one in seeds}
    more = (*seeds, *(one for one in learnt.more if one.mbid not in named))
    less = tuple(one for one in learnt.less if one.mbid not in named)
    return msgspec.structs.replace(learnt, more=more, less=less)


def followed(
    seeds: Sequence[Seed], more: Sequence[Liking], leading: Sequence[Liking] = ()
) -> tuple[Seed, ...]:
    """`seeds` with those that more was asked of, the `leading` among them heaviest; an owned one gets the
    greater weight."""
    usual = 1 / max(1, len(seeds))
    led = {one.mbid: _LEADING_WEIGHT * usual / len(leading) for one in leading}
    asked = {
        one.mbid: Seed(one.mbid, one.name, led.get(one.mbid, _WEIGHT * usual), "asked for")
        for one in more[:_MOST_ASKED]
    }
    own = [
        msgspec.structs.replace(seed, weight=max(asked[seed.mbid].weight, seed.weight))
        if seed.mbid in asked
        else seed
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


class Pull:
    """How far the likings draw a candidate: 1 is found from who more was asked of alone, −1 stands first near
    who less was asked of, 0 has to do with neither."""

    def __init__(self, more: Sequence[Liking] = (), near_unwanted: Iterable[Candidate] = ()) -> None:
        """`near_unwanted`: what the sources say of those that less was asked of."""
        self._wanted = {one.name for one in more}
        self._unwanted: dict[str, float] = {}
        for candidate in near_unwanted:
            near = _K_NEAR / (_K_NEAR + candidate.rank - 1)
            for key in _keys(candidate.artist, candidate.mbid):
                self._unwanted[key] = max(near, self._unwanted.get(key, 0.0))

    def on(self, item: Fused) -> float:
        shares = [share for voice in item.voices for name, share in voice.seeds if name in self._wanted]
        unwanted = (self._unwanted.get(key) for key in _keys(item.artist, item.mbid))
        # The root: where many owned artists lead to it as well, the wish is a small share.
        return max(shares, default=0.0) ** 0.5 - next((near for near in unwanted if near is not None), 0.0)

    def reorder(self, ranking: Sequence[Fused]) -> list[Fused]:
        """What is drawn forward comes up to half of its place, what is pushed back to twice its place."""

        def place(placed: tuple[int, Fused]) -> float:
            number, item = placed
            pull = self.on(item)
            return number / (1 + pull) if pull > 0 else number * (1 - pull)

        return [item for _, item in sorted(enumerate(ranking, start=1), key=place)]

    def leanings(self, kept: Iterable[Verified]) -> dict[Mbid, float]:
        """Artist → what the likings add to its score; only those they say something of."""
        pulls = {item.artist.mbid: self.on(item.fused) for item in kept}
        return {mbid: _MOST_LEANING * pull for mbid, pull in pulls.items() if pull}


def _keys(artist: str, mbid: Mbid | None) -> tuple[str, ...]:
    name = f"name:{name_keys(artist)[Tier.WORDS]}"
    return (name,) if mbid is None else (mbid, name)
