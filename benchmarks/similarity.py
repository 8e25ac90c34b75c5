"""Training the collaborative filter: seconds and peak memory, from a file of lines to the ranked artists.

    python -m benchmarks.similarity [INTERACTIONS]        (default: 1000000; the claim is 10000000)

Prints one JSON object. The data are generated: libraries of log-normal size, artists of power-law popularity,
thirty tastes that prefer different ones. Every part runs in a process of its own, so that `peak_mb` is what
that part needs, imports included. `cpu_seconds` hold better than `seconds` where others use the machine too.
`ratio` is the training of RP3β, neighbours chosen, over plain scipy `X.T @ X` on the same matrix in the same
process (CPU seconds), thrown away block by block because it does not fit into memory.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TASTES = 30


def generate(file: Path, interactions: int) -> None:
    """A TSV as `brainarr similarity build` reads it."""
    rng = np.random.default_rng(1)
    people, artists = interactions // 100, min(50_000, max(2_000, interactions // 200))
    sizes = rng.lognormal(0.0, 0.8, people)
    sizes = np.clip(sizes * interactions / sizes.sum(), 3, 1_500).astype(int)
    popularity = 1.0 / np.arange(1, artists + 1) ** 0.8
    # A taste has its own order of the artists in half of what it hears, and everybody's in the other half.
    own = [rng.permutation(artists) for _ in range(TASTES)]
    drawn = np.cumsum(popularity / popularity.sum())
    mbids = [str(uuid.UUID(int=int(number), version=4)) for number in rng.integers(0, 1 << 62, artists)]
    with file.open("w") as out:
        out.write("user\tname\tmbid\tplays\n")
        for person, size in enumerate(sizes):
            heard = np.searchsorted(drawn, rng.random(int(size * 1.15))).clip(0, artists - 1)
            half = len(heard) // 2
            heard[:half] = own[person % TASTES][heard[:half]]
            unique = np.unique(heard)
            plays = rng.geometric(0.05, len(unique))
            out.writelines(
                f"user{person}\tArtist {artist}\t{mbids[artist]}\t{count}\n"
                for artist, count in zip(unique.tolist(), plays.tolist(), strict=True)
            )


class Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}

    def time(self, name: str, work: Callable[[], Any]) -> Any:
        start, cpu = time.perf_counter(), time.process_time()
        done = work()
        self.seconds[name] = round(time.perf_counter() - start, 3)
        self.cpu_seconds[name] = round(time.process_time() - cpu, 3)
        return done

    def figures(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds, "peak_mb": peak_mb()}


def train_local(folder: Path) -> dict[str, Any]:
    """Reading; thinning, training every model and writing; the two sides of the ratio."""
    import scipy.sparse as sp

    from brainarr.similarity import neighbours
    from brainarr.similarity.build import build
    from brainarr.similarity.exports import read_files
    from brainarr.similarity.interactions import core
    from brainarr.similarity.recipe import Recipe
    from brainarr.similarity.train import factors_of

    clock, recipe = Clock(), Recipe()
    listening, _ = clock.time("read", lambda: read_files([folder / "plays.tsv"]))
    header = clock.time(
        "train_and_write",
        lambda: build(listening, recipe, folder / "filter", trained_at=NOW, engine="local"),
    )
    peak = peak_mb()
    matrix = core(listening, recipe)
    factors = factors_of("rp3beta", matrix, recipe)
    rows = np.arange(len(matrix.identities))

    def product() -> None:
        transposed = sp.csr_array(matrix.interactions.T)
        for block in neighbours.blocks(rows, neighbours.row_sizes(matrix.interactions)):
            transposed[block] @ matrix.interactions  # pyright: ignore[reportUnusedExpression]

    clock.time("baseline", product)
    clock.time(
        "rp3beta", lambda: neighbours.co_listening_neighbours(matrix.interactions, factors, recipe.keep)
    )
    size = sum(file.bytes for file in header.files.values())
    return {
        **clock.figures(),
        "peak_mb": peak,
        "ratio": round(clock.cpu_seconds["rp3beta"] / clock.cpu_seconds["baseline"], 2),
        "interactions": int(listening.plays.nnz),
        "people": header.people,
        "artists": header.artists,
        "filter_mb": round(size / 1e6),
    }


def read_duckdb(folder: Path) -> dict[str, Any]:
    from brainarr.similarity.bulk import read_bulk

    clock = Clock()
    clock.time("read", lambda: read_bulk([folder / "plays.tsv"]))
    return clock.figures()


def ask(folder: Path) -> dict[str, Any]:
    """Loading, and ranking for a library of 5,000 artists, of which the first time reads from disk."""
    from brainarr.similarity.artifact import load
    from brainarr.similarity.ranking import Owned, rank

    clock = Clock()
    filter_ = clock.time("load", lambda: load(folder / "filter"))
    step = max(1, len(filter_) // 5_000)
    owned = [Owned(filter_.mbid(column), "", 1.0) for column in range(0, len(filter_), step)][:5_000]
    clock.time("rank_first", lambda: rank(filter_, owned, 200))
    clock.time("rank", lambda: rank(filter_, owned, 200))
    clock.time("rank_50", lambda: rank(filter_, owned[:50], 200))
    return {**clock.figures(), "owned": len(owned)}


def refresh_one(folder: Path) -> dict[str, Any]:
    """One person more, of the size of most."""
    from brainarr.similarity.build import refresh
    from brainarr.similarity.exports import read_files

    with (folder / "plays.tsv").open() as lines:
        head = [line.replace("user", "fresh", 1) for _, line in zip(range(81), lines, strict=False)]
    (folder / "one.tsv").write_text("user\tname\tmbid\tplays\n" + "".join(head[1:]))
    clock = Clock()
    added, _ = read_files([folder / "one.tsv"])
    clock.time("refresh", lambda: refresh(folder / "filter", added, trained_at=NOW, engine="local"))
    return clock.figures()


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "local": train_local,
    "duckdb": read_duckdb,
    "ask": ask,
    "refresh": refresh_one,
}


def main() -> None:
    if len(sys.argv) > 2:
        print(json.dumps(PARTS[sys.argv[1]](Path(sys.argv[2]))))
        return
    interactions = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "plays.tsv", interactions)
        found: dict[str, Any] = {"benchmark": "similarity", "asked_for": interactions}
        for part in PARTS:
            command = [sys.executable, "-m", "benchmarks.similarity", part, folder]
            found[part] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
