"""Library → the owned names that a prompt should tell when it cannot tell them all."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from brainarr.domain.music import Library, Mbid
from brainarr.domain.taste import Profile

_MOST = 200
# As in the fusion: the tenth neighbour says a third less than the first.
_K_NEAR = 20


def border(library: Library, profile: Profile, neighbours: Mapping[Mbid, Sequence[Mbid]]) -> tuple[str, ...]:
    """Owned artists at the border to what is not owned, the most tempting first.

    14 % of what models propose is owned already (SCIENCE §2), and it is what others listen to alongside the
    rest of the library: whoever the neighbour lists of owned artists name most. Without lists those that
    weigh most: what a library is full of comes to mind first.
    """
    owned = {artist.mbid: artist for artist in library.artists if artist.mbid is not None}
    pull: dict[int, float] = defaultdict(float)
    for near in neighbours.values():
        for rank, mbid in enumerate(near):
            if mbid in owned:
                pull[owned[mbid].id] += _K_NEAR / (_K_NEAR + rank)
    weights = profile.weights
    ordered = sorted(weights, key=lambda number: (-pull.get(number, 0.0), -weights[number], number))[:_MOST]
    names = {artist.id: artist.name for artist in library.artists}
    return tuple(names[number] for number in ordered if number in names)
