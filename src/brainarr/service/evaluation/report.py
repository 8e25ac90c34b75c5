"""How well each system did: figures with their intervals, and the recommendations themselves as a table."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from brainarr.domain.recommendation import Verdict
from brainarr.service.evaluation.systems import Recommended
from brainarr.service.evaluation.trial import K
from brainarr.similarity import metrics, models
from brainarr.similarity.content import TagProfile
from brainarr.similarity.dataset import Dataset
from brainarr.similarity.metrics import Interval

BASELINE = "ease"
"""The strongest single published model: everything is compared with it person by person."""


@dataclass(frozen=True)
class SystemReport:
    """One system, over everybody for whom something was held out."""

    name: str
    recall: Interval
    ndcg: Interval
    recall_gain: Interval
    """Recall less that of the baseline, the same people paired."""
    ndcg_gain: Interval
    coverage: float
    """Share of the listened-to artists that it recommends to anybody."""
    novelty: float | None
    """Mean bits of what it recommends: 1 for what half of all people know, 5 for what one in 32 knows; None
    where it recommends nothing."""
    miscalibration: float | None
    """KL divergence in nats of its tags from the library's; 0 keeps the library's shares; None where nothing
    is tagged."""


@dataclass(frozen=True)
class WasteReport:
    """What of a model's names could not be used, as shares of all."""

    model: str
    named: int
    owned: float
    duplicate: float
    """Named before, in whatever order."""
    unknown: float
    """No artist of the data; titles of albums among them."""


@dataclass(frozen=True)
class Evaluation:
    people: int
    artists: int
    systems: tuple[SystemReport, ...]
    """Empty where nothing is held out."""
    waste: tuple[WasteReport, ...]
    seconds: dict[str, float]
    learnt: tuple[float, ...]
    """Weights of genre, era, diversity and confidence in `pipeline+learnt`."""


def judge(dataset: Dataset, found: Recommended) -> Evaluation:
    """Only here the held-out pairs are looked at."""
    return Evaluation(
        people=len(dataset.people),
        artists=dataset.trained.shape[1],
        systems=tuple(_systems(dataset, found)),
        waste=tuple(
            WasteReport(
                name,
                waste.named,
                waste.share(Verdict.OWNED),
                waste.share(Verdict.DUPLICATE, Verdict.LOOP),
                waste.share(Verdict.UNKNOWN, Verdict.ALBUM_AS_ARTIST),
            )
            for name, waste in found.waste.items()
        ),
        seconds=found.seconds,
        learnt=found.learnt.each if found.learnt else (),
    )


def rows(dataset: Dataset, found: Recommended) -> Iterator[tuple[str, int, str, str]]:
    """(user, rank, artist, system) of every recommendation."""
    ids = dataset.catalogue.ids
    for system, places in found.places.items():
        for person, columns in zip(dataset.people, places.tolist(), strict=True):
            for rank, column in enumerate((column for column in columns if column >= 0), start=1):
                yield person, rank, ids[column], system


def _systems(dataset: Dataset, found: Recommended) -> Iterator[SystemReport]:
    if dataset.heldout is None:
        return
    # A model may name artists that nobody is known to listen to: they have a column too.
    heldout = dataset.heldout
    known = _widened(dataset.trained, len(dataset.catalogue))
    listeners = models.popularity(known)
    shares = TagProfile(dataset.tags, len(dataset.catalogue)).shares()
    base = found.places[BASELINE]
    base_recall, base_ndcg = metrics.recall(base, heldout), metrics.ndcg(base, heldout)
    for name, places in found.places.items():
        recall, ndcg = metrics.recall(places, heldout), metrics.ndcg(places, heldout)
        yield SystemReport(
            name,
            metrics.interval(recall),
            metrics.interval(ndcg),
            metrics.paired(recall, base_recall),
            metrics.paired(ndcg, base_ndcg),
            metrics.coverage(places, dataset.trained.shape[1]),
            _mean(metrics.novelty(places, listeners, len(dataset.people))),
            _mean(metrics.miscalibration(places, known, shares)),
        )


def _mean(values: models.Floats) -> float | None:
    """Over those for whom there is a value."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _widened(matrix: models.Interactions, artists: int) -> models.Interactions:
    return sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], artists))


def _short(number: float | None, digits: int = 4) -> float | None:
    return None if number is None else round(number, digits)


def document(evaluation: Evaluation) -> dict[str, object]:
    """What `--json` prints."""

    def both(one: Interval) -> list[float]:
        return [round(one.low, 4), round(one.high, 4)]

    return {
        "people": evaluation.people,
        "artists": evaluation.artists,
        "systems": [
            {
                "name": system.name,
                f"recall@{K}": round(system.recall.mean, 4),
                f"ndcg@{K}": round(system.ndcg.mean, 4),
                "ci": {f"recall@{K}": both(system.recall), f"ndcg@{K}": both(system.ndcg)},
                f"against_{BASELINE}": {
                    f"recall@{K}": round(system.recall_gain.mean, 4),
                    f"ndcg@{K}": round(system.ndcg_gain.mean, 4),
                    "ci": {f"recall@{K}": both(system.recall_gain), f"ndcg@{K}": both(system.ndcg_gain)},
                },
                "coverage": round(system.coverage, 4),
                "novelty_bits": _short(system.novelty, 3),
                "genre_divergence": _short(system.miscalibration),
            }
            for system in evaluation.systems
        ],
        "waste": [
            {
                "model": waste.model,
                "named": waste.named,
                "owned": round(waste.owned, 4),
                "duplicate": round(waste.duplicate, 4),
                "unknown": round(waste.unknown, 4),
            }
            for waste in evaluation.waste
        ],
        "learnt_weights": dict(
            zip(("genre", "era", "diversity", "confidence"), map(_short, evaluation.learnt), strict=False)
        ),
        "seconds": {part: round(taken, 2) for part, taken in evaluation.seconds.items()},
    }
