"""What feedback would teach, from inside what is known: a tenth of everybody's artists is hidden, recommended
to them, and whoever would have been recommended one said yes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from brainarr.domain.genres import canonical_genre
from brainarr.domain.learning import FacetWeights, Feedback, Learnt
from brainarr.domain.recommendation import Scored
from brainarr.domain.taste import Profile
from brainarr.pipeline.choose import choose
from brainarr.pipeline.learn import learn
from brainarr.service.evaluation.people import People, column_of
from brainarr.service.evaluation.sources import Filter
from brainarr.service.evaluation.trial import Settings, Trial, Voices
from brainarr.similarity.content import TagProfile
from brainarr.similarity.dataset import Dataset, held_out_inside

HIDDEN = 0.1
_YES = 1.0
_IGNORED = -0.1
"""What nobody hid may be liked all the same."""


class Lessons:
    """`weights`: learnt from everybody together, what a household with thousands of decisions would have.
    `genres_of`: the intercepts that one person's own decisions add to them."""

    def __init__(self, prior: FacetWeights, decisions: Sequence[Sequence[Feedback]]) -> None:
        everything = [item for mine in decisions for item in mine]
        self._decisions = decisions
        self.weights = learn([_without_genres(item) for item in everything], prior).weights or prior

    def genres_of(self, person: int) -> Learnt:
        learnt = learn(self._decisions[person], self.weights)
        return Learnt(weights=self.weights, genres=learnt.genres)


def _without_genres(item: Feedback) -> Feedback:
    """Genres are a matter of one person's taste: together they would only teach which are popular."""
    return Feedback(item.facets, item.label)


async def take_lessons(blind: Dataset, settings: Settings) -> Lessons:
    inner = held_out_inside(blind, HIDDEN, seed=0)
    known = replace(inner, heldout=None)
    tags = TagProfile(known.tags, known.trained.shape[1])
    people = People(known, tags)
    voices = Voices(known, await asyncio.to_thread(Filter, known.trained), tags)
    trial = Trial(people, settings)
    hidden = inner.heldout
    decisions: list[list[Feedback]] = []
    for person in range(len(known.people)):
        profile = await people.profile(person)
        pool = trial.pool(person, trial.ranking(person, voices.of(person)), profile)
        liked = (
            set(hidden.indices[hidden.indptr[person] : hidden.indptr[person + 1]].tolist())
            if hidden is not None
            else set()
        )
        decisions.append(_decided(pool, profile, settings.weights, liked))
        await asyncio.sleep(0)
    return Lessons(settings.weights, decisions)


def _decided(
    pool: Sequence[Scored], profile: Profile, weights: FacetWeights, liked: set[int]
) -> list[Feedback]:
    """One decision about each of the pool, with the facets it would have been shown with."""
    picked, _ = choose(pool, profile, len(pool), weights=weights)
    return [
        Feedback(
            (item.parts.genre, item.parts.era, item.parts.diversity, item.parts.confidence),
            _YES if column_of(item.artist_mbid) in liked else _IGNORED,
            tuple(map(canonical_genre, item.genres)),
        )
        for item in picked
    ]
