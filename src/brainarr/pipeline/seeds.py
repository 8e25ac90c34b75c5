"""Exemplar seeds: the owned artists worth asking the similarity sources about."""

from collections.abc import Sequence
from hashlib import blake2b

from brainarr.domain.taste import Seed
from brainarr.pipeline.clusters import Group, Member

# SCIENCE §6: 50 to 100 exemplars; each costs one call to every source, remembered for weeks.
MOST_SEEDS = 60


def draw_seeds(groups: Sequence[Group], seed: int, most: int = MOST_SEEDS) -> tuple[Seed, ...]:
    """Seeds from every cluster, in proportion to its share and at least one each; heaviest first.

    Half of a cluster's seeds are its heaviest artists, half are drawn by weight: so that a later run with
    another `seed` starts from other corners of the same taste. Artists without an MBID cannot be asked about.
    """
    chosen: list[tuple[Member, str]] = []
    for group in groups:
        askable = [member for member in group.members if member.mbid is not None]
        wanted = min(len(askable), max(1, round(group.share * most)))
        first = (wanted + 1) // 2
        chosen += [(member, group.name) for member in askable[:first]]
        # Weighted sampling without replacement: the largest u^(1/w). Efraimidis and Spirakis 2006.
        keyed = [(_lot(member, seed) ** (1 / max(member.weight, 1)), member) for member in askable[first:]]
        keyed.sort(key=lambda item: (-item[0], item[1].id))
        chosen += [(member, group.name) for _, member in keyed[: wanted - first]]
    chosen.sort(key=lambda item: (-item[0].weight, item[0].id))
    chosen = chosen[:most]
    total = sum(member.weight for member, _ in chosen) or 1
    return tuple(
        Seed(member.mbid, member.name, member.weight / total, cluster)
        for member, cluster in chosen
        if member.mbid is not None
    )


def _lot(member: Member, seed: int) -> float:
    """Between 0 and 1, of this artist alone: what else the library holds must not shuffle who is asked about,
    for lists that are remembered already cost nothing."""
    drawn = blake2b(f"{seed}/{member.mbid}".encode(), digest_size=6).digest()
    return (int.from_bytes(drawn) + 1) / 2**48
