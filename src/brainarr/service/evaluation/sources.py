"""What each source would say to each person of a data set: as the pipeline hears it, as candidates."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec
import numpy as np

from brainarr.domain.music import Mbid
from brainarr.domain.prompt import Answer
from brainarr.domain.recommendation import Candidate
from brainarr.pipeline.answers import read_answer
from brainarr.pipeline.sift import sift
from brainarr.service.evaluation.people import People, mbid_of
from brainarr.similarity import blend, models
from brainarr.similarity.dataset import Dataset
from brainarr.similarity.models import Floats, Interactions
from brainarr.similarity.spectral import spectral

LISTED = 300
"""Candidates of one source for one person."""
NEIGHBOURS = 100
ASKED_FOR = 50
"""Artists that the recorded models were asked for."""


class Filter:
    """The collaborative filter, fitted to what everybody is known to like."""

    def __init__(self, known: Interactions) -> None:
        self.known = known
        self.matrices: Mapping[str, Floats] = {
            "ease": models.ease(known),
            "rp3beta": models.rp3beta(known),
            "spectral": spectral(known),
        }

    @cached_property
    def each(self) -> Mapping[str, Floats]:
        """Model → people × artists."""
        return {name: np.asarray(self.known @ weights) for name, weights in self.matrices.items()}

    @cached_property
    def scores(self) -> Floats:
        return blend.blend(list(self.each.values()), self.known)

    @property
    def positive(self) -> Floats:
        """The same order, every score above 0; of whoever is known to like nothing, nothing is said."""
        told = np.diff(self.known.indptr) > 0
        return np.where(told[:, None], self.scores - self.scores.min() + 1e-9, 0.0)


class Lists:
    """Candidates out of a whole score matrix."""

    def __init__(
        self,
        source: str,
        dataset: Dataset,
        scores: Floats,
        nearest: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    ) -> None:
        self._source = source
        self._names = dataset.catalogue.names
        self._strengths = blend.above_the_rest(scores, dataset.trained, LISTED)
        self._nearest = nearest
        self._listeners = models.popularity(dataset.trained).tolist()

    def of(self, person: int) -> list[Candidate]:
        strengths = self._strengths[person]
        order = np.argsort(-strengths, kind="stable")[:LISTED]
        names, nearest = self._names, self._nearest[person]
        return [
            Candidate(
                names[column],
                self._source,
                rank,
                mbid=mbid_of(column),
                strength=strength,
                popularity=self._listeners[column],
                because=((names[int(nearest[column])], 1.0),),
            )
            for rank, (column, strength) in enumerate(
                zip(order.tolist(), strengths[order].tolist(), strict=True), start=1
            )
            if strength > 0
        ]


def filter_lists(dataset: Dataset, collaborative: Filter) -> Lists:
    """Evidence is the owned artist that says most in the first model."""
    weights = collaborative.matrices["ease"]
    known = dataset.trained
    nearest = np.zeros(known.shape, dtype=np.int64)
    for person, (start, end) in enumerate(zip(known.indptr, known.indptr[1:], strict=False)):
        owned = known.indices[start:end]
        if len(owned):
            nearest[person] = owned[weights[owned].argmax(axis=0)]
    return Lists("similarity", dataset, collaborative.scores, nearest)


class Neighbours:
    """What a public service tells: up to a hundred artists that share listeners with one, most shared first,
    with their number."""

    def __init__(self, dataset: Dataset) -> None:
        known = dataset.trained
        names, listeners = dataset.catalogue.names, models.popularity(known).tolist()
        together = (known.T @ known).tocsr()
        self._lists: list[Sequence[Candidate]] = []
        for artist in range(together.shape[0]):
            near = slice(together.indptr[artist], together.indptr[artist + 1])
            counts = list(zip(together.indices[near].tolist(), together.data[near].tolist(), strict=True))
            counts = [(other, count) for other, count in counts if other != artist]
            counts.sort(key=lambda pair: (-pair[1], pair[0]))
            self._lists.append(
                [
                    Candidate(
                        names[other],
                        "neighbours",
                        rank,
                        mbid=mbid_of(other),
                        seed=mbid_of(artist),
                        strength=count,
                        popularity=listeners[other],
                        counted=True,
                    )
                    for rank, (other, count) in enumerate(counts[:NEIGHBOURS], start=1)
                ]
            )

    def of(self, owned: Sequence[int]) -> list[Candidate]:
        return [candidate for artist in owned for candidate in self._lists[artist]]


class RecordedModel:
    """A language model whose answers are on record, read and sifted as a run does."""

    def __init__(self, name: str, answers: Mapping[int, str], people: People) -> None:
        self.name = name
        self._answers = answers
        self._people = people

    def of(self, person: int, known: frozenset[str]) -> Answer:
        """`known`: keys of the person's own artists. Candidates that are in the catalogue have an
        identifier."""
        answer = sift(read_answer(self.name, self._answers.get(person, ""), ASKED_FOR), known)
        found: list[Candidate] = []
        for candidate in answer.candidates:
            column = self._people.column_named(candidate.artist)
            mbid: Mbid | None = None if column is None else mbid_of(column)
            found.append(
                Candidate(
                    candidate.artist, self.name, candidate.rank, mbid=mbid, confidence=candidate.confidence
                )
            )
        return msgspec.structs.replace(answer, candidates=tuple(found))
