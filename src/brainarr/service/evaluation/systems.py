"""Every system's recommendations for everybody: the baselines, each voice alone, and the pipeline itself."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from brainarr.domain.learning import FacetWeights, Learnt
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.prompt import Answer
from brainarr.domain.recommendation import Candidate, Verdict
from brainarr.domain.taste import Profile
from brainarr.errors import ConfigurationError, Fault
from brainarr.service.evaluation.lessons import Lessons, take_lessons
from brainarr.service.evaluation.people import People, column_of
from brainarr.service.evaluation.sources import NEIGHBOURS, Filter, RecordedModel
from brainarr.service.evaluation.trial import K, Settings, Trial, Voices
from brainarr.similarity import models
from brainarr.similarity.content import TagProfile
from brainarr.similarity.dataset import Dataset
from brainarr.similarity.metrics import Places, top
from brainarr.similarity.models import Floats

BASELINES = ("similarity", "popular", "ease", "rp3beta", "spectral", "tags", "home", "neighbours")
PIPELINES = ("pipeline", "pipeline+score", "pipeline+learnt")
"""Each also with every model."""
WITH_GENRES = "pipeline+learnt+genres"

OnStep = Callable[[str, int, int], None]
"""(what, done, of how many)."""


@dataclass
class Waste:
    """What became of the names that a model gave, over everybody."""

    named: int = 0
    verdicts: dict[Verdict, int] = field(default_factory=dict)

    def count(self, verdict: Verdict) -> None:
        self.named += 1
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1

    def share(self, *verdicts: Verdict) -> float:
        """Of all that was named."""
        return sum(self.verdicts.get(verdict, 0) for verdict in verdicts) / max(self.named, 1)


@dataclass
class Recommended:
    """System → people × K columns, best first, -1 where there is nothing more; and what that took."""

    places: dict[str, Places] = field(default_factory=dict)
    waste: dict[str, Waste] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    learnt: FacetWeights | None = None
    """The weights of `pipeline+learnt`."""


async def recommend_all(dataset: Dataset, settings: Settings, on_step: OnStep) -> Recommended:
    """Everything is computed from a data set whose held-out pairs were taken away first: no system can have
    seen them. Raises ConfigurationError for a model that is called like a system."""
    _refuse_taken_names(dataset.answers)
    blind = replace(dataset, heldout=None)
    found = Recommended()
    clock = time.perf_counter
    started = clock()
    collaborative = await asyncio.to_thread(Filter, blind.trained)
    found.seconds["fit"] = clock() - started
    started = clock()
    found.places["similarity"] = top(collaborative.positive, blind.trained, K)
    found.seconds["rank"] = clock() - started
    tags = TagProfile(blind.tags, blind.trained.shape[1])
    voices = Voices(blind, collaborative, tags)
    _baselines(found, blind, collaborative, voices)
    on_step("lessons", 0, 1)
    started = clock()
    lessons = await take_lessons(blind, settings)
    found.learnt = lessons.weights
    found.seconds["lessons"] = clock() - started
    started = clock()
    everybody = _Everybody(found, blind, People(blind, tags), voices, settings, lessons)
    for person in range(len(blind.people)):
        if person % 20 == 0:
            on_step("people", person, len(blind.people))
            await asyncio.sleep(0)
        await everybody.recommend(person)
    found.seconds["pipeline"] = clock() - started
    return found


def _refuse_taken_names(models: Iterable[str]) -> None:
    taken = {*BASELINES, *PIPELINES, WITH_GENRES}
    for model in models:
        adds = {model, *(f"{pipeline}+{model}" for pipeline in PIPELINES)}
        if adds & taken:
            raise ConfigurationError([Fault("model_answers.jsonl", f"model {model}", "a name no system has")])
        taken |= adds


def _baselines(found: Recommended, blind: Dataset, collaborative: Filter, voices: Voices) -> None:
    known = blind.trained
    listeners = np.tile(models.popularity(known), (known.shape[0], 1))
    found.places["popular"] = top(listeners, known, K)
    for name, scores in collaborative.each.items():
        found.places[name] = top(scores, known, K)
    found.places["tags"] = top(voices.tag_scores, known, K)
    thin = _thinned(collaborative.matrices["spectral"], NEIGHBOURS)
    found.places["home"] = top(np.asarray(known @ thin), known, K)


def _thinned(weights: Floats, keep: int) -> Floats:
    """The `keep` nearest neighbours of each artist alone: what a filter in a house with little memory has."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :keep]
    thin = np.zeros_like(weights)
    np.put_along_axis(thin, order, np.take_along_axis(weights, order, axis=1), axis=1)
    return thin


class _Everybody:
    """Notes each system's places, one person after the other."""

    def __init__(
        self,
        found: Recommended,
        blind: Dataset,
        people: People,
        voices: Voices,
        settings: Settings,
        lessons: Lessons,
    ) -> None:
        self._found = found
        self._people = people
        self._voices = voices
        self._trial = Trial(people, settings)
        self._lessons = lessons
        self._names = blind.catalogue.names
        self._count = len(blind.people)
        self._recorded = [RecordedModel(name, said, people) for name, said in blind.answers.items()]

    async def recommend(self, person: int) -> None:
        owned = self._people.owned(person)
        base = self._voices.of(person)
        profile = await self._people.profile(person)
        self._run(person, profile, base)
        ranking = self._trial.ranking(person, self._voices.neighbours.of(owned))
        self._note("neighbours", person, [column_of(item.mbid) for item in ranking[:K] if item.mbid])
        keys = frozenset(name_keys(self._names[column])[Tier.WORDS] for column in owned)
        for model in self._recorded:
            answer = model.of(person, keys)
            self._note(model.name, person, self._alone(model.name, answer, owned))
            self._run(person, profile, [*base, *answer.candidates], model.name)

    def _run(self, person: int, profile: Profile, candidates: Sequence[Candidate], model: str = "") -> None:
        """The fused ranking, what the score makes of its head, and what feedback would make of the score."""
        also = f"+{model}" if model else ""
        ranking = self._trial.ranking(person, candidates, model)
        self._note(f"pipeline{also}", person, [column_of(item.mbid) for item in ranking[:K] if item.mbid])
        pool = self._trial.pool(person, ranking, profile)
        self._note(f"pipeline+score{also}", person, self._trial.chosen(pool, profile))
        weights = self._lessons.weights
        learnt = self._trial.chosen(pool, profile, weights)
        self._note(f"pipeline+learnt{also}", person, learnt)
        if not model:
            genres: Learnt = self._lessons.genres_of(person)
            chosen = self._trial.chosen(pool, profile, weights, genres)
            self._note(WITH_GENRES, person, chosen)

    def _alone(self, model: str, answer: Answer, owned: Sequence[int]) -> list[int]:
        """A model without anybody's help: its own order, without what it may not say."""
        waste = self._found.waste.setdefault(model, Waste())
        for judged in answer.judged:
            # The artists of a joined name are candidates of their own.
            if judged.verdict is not Verdict.COLLABORATION:
                waste.count(judged.verdict)
        seen: set[int] = set()
        kept: list[int] = []
        for candidate in answer.candidates:
            if candidate.mbid is None:
                waste.count(Verdict.UNKNOWN)
                continue
            column = column_of(candidate.mbid)
            if column in owned:
                waste.count(Verdict.OWNED)
            elif column in seen:
                waste.count(Verdict.DUPLICATE)
            else:
                waste.count(Verdict.KEPT)
                kept.append(column)
            seen.add(column)
        return kept

    def _note(self, system: str, person: int, columns: Sequence[int]) -> None:
        nothing = np.full((self._count, K), -1, dtype=np.int64)
        places = self._found.places.setdefault(system, nothing)
        places[person, : min(K, len(columns))] = columns[:K]
