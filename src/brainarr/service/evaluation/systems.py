"""Every system's recommendations for everybody: the baselines, each voice alone, and the pipeline itself."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from brainarr.domain.learning import FacetWeights
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import Candidate, Discovery, Fused, Verdict, Verified
from brainarr.domain.taste import Profile
from brainarr.pipeline.choose import choose
from brainarr.pipeline.fuse import fuse
from brainarr.pipeline.run import MODEL_WEIGHT
from brainarr.pipeline.score import score
from brainarr.pipeline.verify import POOL_FACTOR
from brainarr.service.evaluation.people import People, column_of
from brainarr.service.evaluation.sources import Filter, Lists, Neighbours, RecordedModel, filter_lists
from brainarr.similarity import models
from brainarr.similarity.content import TagProfile
from brainarr.similarity.dataset import Dataset
from brainarr.similarity.metrics import Places, top

K = 20
ERA_BANDWIDTH_YEARS = 14.0
"""The data tells when an artist was born or founded, up to 35 years before their music: the score's 8 years
would take that for precision."""
WEIGHTS = {"similarity": 1.0, "tags": 0.5, "neighbours": 1.0}
"""The votes of the sources that have no adapter of their own here."""

OnStep = Callable[[str, int, int], None]
"""(what, done, of how many)."""


@dataclass
class Waste:
    """What became of the names that a model gave, over everybody."""

    named: int = 0
    verdicts: dict[Verdict, int] = field(default_factory=dict)

    def count(self, verdict: Verdict, number: int = 1) -> None:
        self.named += number
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + number


@dataclass
class Recommended:
    """System → people × K columns, best first, -1 where there is nothing more; and what that took."""

    places: dict[str, Places] = field(default_factory=dict)
    waste: dict[str, Waste] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """What of the pipeline may be tried otherwise."""

    discovery: Discovery = Discovery.SIMILAR
    weights: FacetWeights = field(default_factory=FacetWeights)
    sources: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))


async def recommend_all(dataset: Dataset, settings: Settings, on_step: OnStep) -> Recommended:
    """Everything is computed from a data set whose held-out pairs were taken away first: no system can have
    seen them."""
    blind = replace(dataset, heldout=None)
    found = Recommended()
    clock = time.perf_counter
    started = clock()
    collaborative = await asyncio.to_thread(Filter, blind.trained)
    found.seconds["fit"] = clock() - started
    started = clock()
    _ = await asyncio.to_thread(top, collaborative.scores, blind.trained, K)
    found.seconds["rank"] = clock() - started
    tags = TagProfile(blind.tags, blind.trained.shape[1])
    people = People(blind, tags)
    started = clock()
    voices = _Voices(blind, collaborative, tags, people)
    found.seconds["sources"] = clock() - started
    _baselines(found, blind, collaborative, voices)
    started = clock()
    recorded = [RecordedModel(name, said, people, blind) for name, said in blind.answers.items()]
    trial = _Trial(blind, people, voices, settings)
    for person in range(len(blind.people)):
        if person % 20 == 0:
            on_step("people", person, len(blind.people))
            await asyncio.sleep(0)
        await trial.recommend(found, person, recorded)
    found.seconds["pipeline"] = clock() - started
    return found


class _Voices:
    def __init__(self, blind: Dataset, collaborative: Filter, tags: TagProfile, people: People) -> None:
        self.similarity = filter_lists(blind, collaborative)
        self.tag_scores, nearest = tags.scores(blind.trained)
        self.tags = Lists("tags", blind, self.tag_scores, nearest)
        self.neighbours = Neighbours(blind)


def _baselines(found: Recommended, blind: Dataset, collaborative: Filter, voices: _Voices) -> None:
    known = blind.trained
    listeners = np.tile(models.popularity(known), (known.shape[0], 1))
    found.places["popular"] = top(listeners, known, K)
    for name, scores in collaborative.each.items():
        found.places[name] = top(scores, known, K)
    found.places["tags"] = top(voices.tag_scores, known, K)
    scores = collaborative.scores
    found.places["similarity"] = top(scores - scores.min() + 1e-9, known, K)


class _Trial:
    """The stages of a run for one person after the other."""

    def __init__(self, blind: Dataset, people: People, voices: _Voices, settings: Settings) -> None:
        self._people = people
        self._voices = voices
        self._settings = settings
        self._catalogue = blind.catalogue
        self._count = len(blind.people)

    async def recommend(self, found: Recommended, person: int, recorded: Sequence[RecordedModel]) -> None:
        people = self._people
        owned = people.owned(person)
        keys = frozenset(name_keys(self._catalogue.names[column])[Tier.WORDS] for column in owned)
        profile = await people.profile(person)
        base = [*self._voices.similarity.of(person), *self._voices.tags.of(person)]
        self._run(found, "pipeline", person, owned, base, profile)
        self._note(found, "home", person, self._ranking(person, owned, self._voices.neighbours.of(owned)))
        for model in recorded:
            said = model.of(person, keys)
            alone = self._alone(said, owned, found.waste.setdefault(model.name, Waste()))
            self._place(found, model.name, person, alone)
            self._run(found, f"pipeline+{model.name}", person, owned, [*base, *said], profile, model.name)

    def _run(
        self,
        found: Recommended,
        system: str,
        person: int,
        owned: Sequence[int],
        candidates: Sequence[Candidate],
        profile: Profile,
        model: str = "",
    ) -> None:
        """The fused ranking, and what the score makes of its head, as a run would verify and choose it."""
        ranking = self._ranking(person, owned, candidates, model)
        self._note(found, system, person, ranking)
        pool: list[Verified] = []
        for item in ranking[: POOL_FACTOR * K]:
            if (verified := self._people.verified(item, person)) is not None:
                pool.append(verified)
        chosen, _ = choose(
            score(pool, profile, ERA_BANDWIDTH_YEARS), profile, K, weights=self._settings.weights
        )
        name = system.replace("pipeline", "pipeline+score", 1)
        self._place(found, name, person, [column_of(item.artist_mbid) for item in chosen])

    def _ranking(
        self, person: int, owned: Sequence[int], candidates: Sequence[Candidate], model: str = ""
    ) -> list[Fused]:
        """Without who is owned or unknown."""
        weights = {**self._settings.sources, **({model: MODEL_WEIGHT} if model else {})}
        spoke = {candidate.source for candidate in candidates}
        votes = {name: weight for name, weight in weights.items() if name in spoke}
        ranking, _ = fuse(candidates, votes, self._people.seeds(person), self._settings.discovery)
        mine = set(owned)
        return [item for item in ranking if item.mbid is not None and column_of(item.mbid) not in mine]

    def _alone(self, said: Sequence[Candidate], owned: Sequence[int], waste: Waste) -> list[int]:
        """A model without anybody's help: its own order, without what it may not say."""
        seen: set[int] = set()
        kept: list[int] = []
        for candidate in said:
            if candidate.mbid is None:
                waste.count(Verdict.UNKNOWN)
                continue
            column = column_of(candidate.mbid)
            verdict = (
                Verdict.OWNED if column in owned else Verdict.DUPLICATE if column in seen else Verdict.KEPT
            )
            waste.count(verdict)
            if verdict is Verdict.KEPT:
                kept.append(column)
            seen.add(column)
        return kept

    def _note(self, found: Recommended, system: str, person: int, ranking: Sequence[Fused]) -> None:
        self._place(found, system, person, [column_of(item.mbid) for item in ranking[:K] if item.mbid])

    def _place(self, found: Recommended, system: str, person: int, columns: Sequence[int]) -> None:
        places = found.places.setdefault(system, np.full((self._count, K), -1, dtype=np.int64))
        places[person, : min(K, len(columns))] = columns[:K]
