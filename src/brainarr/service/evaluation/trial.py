"""The stages of a run for one person of a data set after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from brainarr.domain.learning import DEFAULT_WEIGHTS, FacetWeights, Learnt
from brainarr.domain.recommendation import Candidate, Discovery, Fused, Scored
from brainarr.domain.taste import Profile
from brainarr.pipeline.choose import NOTHING_LEARNT, choose
from brainarr.pipeline.fuse import fuse
from brainarr.pipeline.run import MODEL_WEIGHT
from brainarr.pipeline.score import score
from brainarr.pipeline.verify import POOL_FACTOR
from brainarr.service.evaluation.people import People, column_of
from brainarr.service.evaluation.sources import Filter, Lists, Neighbours, filter_lists
from brainarr.similarity.content import TagProfile
from brainarr.similarity.dataset import Dataset

K = 20
ERA_BANDWIDTH_YEARS = 17.0
"""The data tells when an artist was born or founded, up to 35 years before their music: the score's 8 years
would take that for precision."""
VOTES = {"similarity": 1.0, "tags": 0.5, "neighbours": 1.0}
"""Of the sources that have no adapter of their own here."""


@dataclass(frozen=True)
class Settings:
    """What of the pipeline may be tried otherwise."""

    discovery: Discovery = Discovery.SIMILAR
    weights: FacetWeights = field(default_factory=lambda: DEFAULT_WEIGHTS)


class Voices:
    """Everything that is said to somebody without a model."""

    def __init__(self, blind: Dataset, collaborative: Filter, tags: TagProfile) -> None:
        self.similarity = filter_lists(blind, collaborative)
        self.tag_scores, nearest = tags.scores(blind.trained)
        self.tags = Lists("tags", blind, self.tag_scores, nearest)
        self._blind = blind

    @cached_property
    def neighbours(self) -> Neighbours:
        return Neighbours(self._blind)

    def of(self, person: int) -> list[Candidate]:
        return [*self.similarity.of(person), *self.tags.of(person)]


class Trial:
    def __init__(self, people: People, settings: Settings) -> None:
        self._people = people
        self._settings = settings

    def ranking(self, person: int, candidates: Sequence[Candidate], model: str = "") -> list[Fused]:
        """The fused ranking without who is owned or unknown."""
        votes = {**VOTES, model: MODEL_WEIGHT}
        spoke = {candidate.source for candidate in candidates}
        ranking, _ = fuse(
            candidates,
            {name: vote for name, vote in votes.items() if name in spoke},
            self._people.seeds(person),
            self._settings.discovery,
        )
        owned = set(self._people.owned(person))
        return [item for item in ranking if item.mbid is not None and column_of(item.mbid) not in owned]

    def pool(self, person: int, ranking: Sequence[Fused], profile: Profile) -> list[Scored]:
        """The head of the ranking, as many as a run would verify, scored."""
        head = (self._people.verified(item, person) for item in ranking[: POOL_FACTOR * K])
        return score([item for item in head if item is not None], profile, ERA_BANDWIDTH_YEARS)

    def chosen(
        self,
        pool: Sequence[Scored],
        profile: Profile,
        weights: FacetWeights | None = None,
        learnt: Learnt = NOTHING_LEARNT,
    ) -> list[int]:
        """Columns of what would be recommended, the order in which it was picked."""
        picked, _ = choose(pool, profile, K, weights=weights or self._settings.weights, learnt=learnt)
        return [column_of(item.artist_mbid) for item in picked]
