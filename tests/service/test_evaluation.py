"""How good the recommendations are on real people: the bars that a change must not fall below.

The evaluation is deterministic; docs/evaluation.md has all figures.
"""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from brainarr.service.evaluation.report import Evaluation, SystemReport, judge
from brainarr.service.evaluation.systems import recommend_all
from brainarr.service.evaluation.trial import Settings
from brainarr.similarity.dataset import read_dataset

MODEL = "gpt-3.5-turbo"
DATA = Path(os.environ.get("BRAINARR_DATA", "/nowhere")) / "lastfm"
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        not (DATA / "trained.tsv.gz").is_file(),
        reason="BRAINARR_DATA does not name the folder of the listening data",
    ),
]


@pytest.fixture(scope="module")
def systems() -> dict[str, SystemReport]:
    """With one model of three: each costs as much time as everything without any."""
    data = read_dataset(DATA)
    data = replace(data, answers={MODEL: data.answers[MODEL]})

    def on_step(*_: object) -> None: ...

    found: Evaluation = judge(data, asyncio.run(recommend_all(data, Settings(), on_step)))
    return {system.name: system for system in found.systems}


def test_the_recommendations_are_as_good_as_they_were(systems: dict[str, SystemReport]):
    bars = {
        "pipeline": (0.375, 0.340),
        f"pipeline+{MODEL}": (0.380, 0.345),
        "pipeline+score": (0.355, 0.325),
        "home": (0.352, 0.320),
    }
    figures = {name: (systems[name].recall.mean, systems[name].ndcg.mean) for name in bars}
    assert all(
        recall >= bars[name][0] and ndcg >= bars[name][1] for name, (recall, ndcg) in figures.items()
    ), figures
    pipeline, learnt = systems["pipeline"], systems["pipeline+learnt"]
    assert learnt.recall.mean >= 0.98 * pipeline.recall.mean
    assert learnt.ndcg.mean >= 0.98 * pipeline.ndcg.mean
    # The same people paired: both intervals lie above 0.
    assert pipeline.recall_gain.low > 0 and pipeline.ndcg_gain.low > 0
    divergence, scored = pipeline.miscalibration, systems["pipeline+score"].miscalibration
    assert divergence is not None and scored is not None and scored < divergence
