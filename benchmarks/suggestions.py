"""How often a backtest suggests other weights where there are better ones, and where there are none.

    python -m benchmarks.suggestions [--libraries 150]

Each library is simulated: at five cuts three sources rank 400 artists, ten of which come next. How much
better than chance a source ranks those ten is its skill, in standard deviations. Prints one JSON object.
"""

import argparse
import json

import numpy as np

from brainarr.pipeline.backtest.ballot import Ballot
from brainarr.pipeline.backtest.weights import suggest

CUTS, HIDDEN, POOL, NAMED = 5, 10, 400, 250
SOURCES = ("one", "two", "three")
# What the sources know, and the votes that they start with.
SCENARIOS = {
    "all equally good": ((1.0, 1.0, 1.0), (1.0, 1.0, 0.7)),
    "none knows anything": ((0.0, 0.0, 0.0), (1.0, 1.0, 0.7)),
    "one with a quarter of a vote knows most": ((0.3, 0.3, 2.0), (1.0, 1.0, 0.25)),
    "one with a full vote knows nothing": ((1.5, 1.5, -0.5), (1.0, 1.0, 1.0)),
}


def simulate(skills: tuple[float, ...], dice: np.random.Generator) -> list[Ballot]:
    """What the sources would have said at each cut; the first ten rows are those that come next."""
    ballots: list[Ballot] = []
    for _ in range(CUTS):
        votes = np.zeros((POOL, len(skills)))
        for column, skill in enumerate(skills):
            relevance = dice.normal(size=POOL)
            relevance[:HIDDEN] += skill
            places = np.argsort(np.argsort(-relevance))
            votes[:, column] = np.where(places < NAMED, 60 / (60 + places), 0.0)
        ballots.append(Ballot(SOURCES, votes, votes > 0, np.ones(POOL), np.ones(POOL), np.arange(HIDDEN)))
    return ballots


def suggested(skills: tuple[float, ...], votes: tuple[float, ...], libraries: int) -> int:
    """In how many of so many libraries other weights are suggested. Every artist came on a day of its own."""
    start: dict[str, float] = dict(zip(SOURCES, votes, strict=True))
    days = np.arange(CUTS * HIDDEN)
    found = 0
    for number in range(libraries):
        ballots = simulate(skills, np.random.default_rng(number))
        suggestion, _ = suggest(ballots, start, days, np.random.default_rng(1))
        found += bool(suggestion.weights)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="How often a backtest suggests other weights.")
    parser.add_argument("--libraries", type=int, default=150, help="how many to simulate for each scenario")
    libraries = parser.parse_args().libraries
    counts = {name: suggested(*scenario, libraries) for name, scenario in SCENARIOS.items()}
    print(json.dumps({"libraries": libraries, "suggested": counts}, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
