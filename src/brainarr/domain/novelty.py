"""The novelty dial, and what turning it costs."""

from collections.abc import Mapping

import msgspec

from brainarr.domain.recommendation import Discovery


class Novelty(msgspec.Struct, frozen=True):
    """One setting of the dial."""

    damping: float
    """β: a candidate's fused score is divided by its popularity^β."""
    ndcg: float
    """NDCG@20 of what the default score then delivers."""


NOVELTY: Mapping[Discovery, Novelty] = {
    Discovery.SIMILAR: Novelty(0.0, 0.327),
    Discovery.ADJACENT: Novelty(0.15, 0.326),
    Discovery.EXPLORATORY: Novelty(0.3, 0.305),
}
"""Measured with `brainarr evaluate DATASET --discovery …` on public listening data (half of HetRec 2011
Last.fm-2k, 903 people), not on anybody's library here: how well the twenty delivered hit what people already
listen to and the recommender was not told."""


def novelty_cost(discovery: Discovery) -> float:
    """The share of those hits that is given up against `similar`, 0 to 1.

    >>> round(novelty_cost(Discovery.EXPLORATORY), 2)
    0.07
    """
    return 1.0 - NOVELTY[discovery].ndcg / NOVELTY[Discovery.SIMILAR].ndcg


def novelty_note(discovery: Discovery) -> str:
    """The cost in a sentence for people; "" where there is none."""
    cost = novelty_cost(discovery)
    if not cost:
        return ""
    kept, whole = NOVELTY[discovery].ndcg, NOVELTY[Discovery.SIMILAR].ndcg
    return (
        f"Discovery “{discovery}” prefers the less famous. On public listening data, not on yours, it found "
        f"{cost:.0%} less of what people turned out to like (NDCG@20 {kept:.3f} against {whole:.3f})."
    )
