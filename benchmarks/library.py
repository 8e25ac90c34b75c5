"""Reading, profiling and compressing a library, against what a JSON parser alone needs for the same bytes.

    python -m benchmarks.library [SIZE ...]        (default: 1000 10000 50000)

Prints one JSON object. `ratio` is our wall time over that of `ijson.items` (yajl2_c) for the same file, the
median of alternating runs in fresh processes; `memory_mb` is the peak resident memory above what the imports
take; `stall_ms` is the longest time that the event loop did not run (the runs' median and worst).
"""

import asyncio
import gc
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from benchmarks.stall import watching

RUNS = 5
CHUNK = 64 * 1024
SIZES = (1_000, 10_000, 50_000)


def artist_json(number: int, rng: random.Random) -> dict[str, object]:
    """One artist as Lidarr serves it, about 3 KB: mostly what Brainarr does not need."""
    words = ["velvet", "harbor", "static", "lantern", "northern", "glass", "parade", "echo", "mono", "river"]
    genres = [
        "shoegaze",
        "trip hop",
        "post-punk",
        "techno",
        "indie folk",
        "bebop",
        "doom metal",
        "soul",
        "rock",
        "idm",
    ]
    name = " ".join(rng.sample(words, 3)).title() + f" {number}"
    return {
        "artistMetadataId": number,
        "status": "continuing",
        "ended": False,
        "artistName": name,
        "foreignArtistId": f"{rng.getrandbits(32):08x}-7b1d-4c2e-9a4f-{number:012x}",
        "tadbId": 0,
        "discogsId": 0,
        "overview": " ".join(rng.choices(words, k=130)),
        "artistType": "Group",
        "disambiguation": "",
        "links": [{"url": f"https://example.org/{number}/{k}", "name": "discogs"} for k in range(8)],
        "lastAlbum": {
            "title": rng.choice(words),
            "foreignAlbumId": f"{rng.getrandbits(32):08x}-0000-4000-8000-{number:012x}",
            "releaseDate": f"{rng.randint(1965, 2026)}-05-21T00:00:00Z",
        },
        "images": [
            {
                "url": f"/MediaCover/{number}/{k}.jpg",
                "coverType": k,
                "remoteUrl": f"https://example.org/{number}.jpg",
            }
            for k in ("poster", "banner", "fanart")
        ],
        "path": f"/music/{name}",
        "qualityProfileId": 1,
        "metadataProfileId": 1,
        "monitored": rng.random() < 0.9,
        "monitorNewItems": "all",
        "rootFolderPath": "/music/",
        "genres": rng.sample(genres, rng.randint(0, 4)),
        "cleanName": name.lower().replace(" ", ""),
        "sortName": name.lower(),
        "tags": [1],
        "added": f"20{rng.randint(15, 26)}-03-{rng.randint(1, 28):02d}T10:20:30Z",
        "ratings": {"votes": rng.randint(0, 90), "value": round(rng.uniform(4, 9.5), 1)},
        "statistics": {
            "albumCount": rng.randint(1, 20),
            "trackFileCount": rng.randint(0, 180),
            "trackCount": 180,
            "totalTrackCount": 200,
            "sizeOnDisk": rng.getrandbits(33),
            "percentOfTracks": 87.5,
        },
        "id": number,
    }


def write_library(path: Path, size: int) -> None:
    rng = random.Random(size)
    with path.open("w", encoding="utf-8") as file:
        file.write("[\n")
        for number in range(1, size + 1):
            text = json.dumps(artist_json(number, rng), indent=2)
            file.write(text + (",\n" if number < size else "\n"))
        file.write("]")


def chunks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_baseline(path: Path) -> dict[str, float]:
    import ijson

    parser = ijson.get_backend("yajl2_c")

    started = time.perf_counter()
    with path.open("rb") as file:
        count = sum(1 for _ in parser.items(file, "item"))
    return {"seconds": time.perf_counter() - started, "artists": count}


def measure_ours(path: Path) -> dict[str, float]:
    from datetime import UTC, datetime

    from brainarr.domain.music import Library
    from brainarr.domain.prompt import ModelCard
    from brainarr.domain.recommendation import RunOptions
    from brainarr.llm.tokens import counter_for
    from brainarr.pipeline.compress import compress
    from brainarr.pipeline.profile import profile_library
    from brainarr.pipeline.prompt import Brief, write_prompt
    from brainarr.providers.lidarr.reading import read_artist_batches

    now = datetime(2026, 11, 22, tzinfo=UTC)
    counter = counter_for("gpt-5-mini")
    counter.count("warm")
    gc.freeze()  # as the opened house does
    imported = peak_mb()
    card = ModelCard("home", "ollama", "gpt-5-mini", 8192, local=True)

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in chunks_of(path):
            yield chunk
            await asyncio.sleep(0)  # as a socket would: the loop may run others between two chunks

    async def work() -> dict[str, float]:
        marks = {"read": 0.0, "profile": 0.0, "compress": 0.0}
        started = time.perf_counter()
        artists = [artist async for batch in read_artist_batches(chunks()) for artist in batch]
        marks["read"] = time.perf_counter() - started
        library = Library(tuple(artists), {}, frozenset(), now)
        profile = await profile_library(library, now)
        marks["profile"] = time.perf_counter() - started - marks["read"]

        def write() -> int:
            return write_prompt(
                card,
                RunOptions(compression="aggressive"),
                Brief(),
                counter,
                lambda budget, overhead: compress(
                    library,
                    profile,
                    level="aggressive",
                    budget=budget,
                    overhead=overhead,
                    counter=counter,
                    neighbours={},
                ),
            ).tokens

        tokens = await asyncio.to_thread(write)
        seconds = time.perf_counter() - started
        marks["compress"] = seconds - marks["read"] - marks["profile"]
        return {"seconds": seconds, "tokens": tokens, "artists": len(artists), **marks}

    async def watched() -> dict[str, float]:
        with watching() as stall:
            result = await work()
        return {**result, "stall_ms": stall.worst * 1000}

    result = asyncio.run(watched())
    return {**result, "memory_mb": peak_mb() - imported}


def in_fresh_process(what: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.library", f"--{what}", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(size: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "artists.json"
        write_library(path, size)
        pairs = [(in_fresh_process("ours", path), in_fresh_process("baseline", path)) for _ in range(RUNS)]
        megabytes = path.stat().st_size / 2**20
    ours = [one for one, _ in pairs]

    def middle(key: str) -> float:
        return round(statistics.median(one[key] for one in ours), 3)

    return {
        "artists": size,
        "megabytes": round(megabytes, 1),
        "ratio": round(statistics.median(one["seconds"] / other["seconds"] for one, other in pairs), 2),
        "seconds": {key: middle(key) for key in ("seconds", "read", "profile", "compress")},
        "baseline_seconds": round(statistics.median(other["seconds"] for _, other in pairs), 3),
        "memory_mb": middle("memory_mb"),
        "stall_ms": {"median": middle("stall_ms"), "worst": round(max(one["stall_ms"] for one in ours), 1)},
        "prompt_tokens": middle("tokens"),
    }


def main(arguments: list[str]) -> None:
    match arguments:
        case ["--ours", path]:
            result: object = measure_ours(Path(path))
        case ["--baseline", path]:
            result = measure_baseline(Path(path))
        case _:
            sizes = [int(argument) for argument in arguments] or list(SIZES)
            result = {"benchmark": "library", "runs": RUNS, "results": [compare(size) for size in sizes]}
    print(json.dumps(result, indent=2 if not arguments or arguments[0].isdigit() else None))


if __name__ == "__main__":
    main(sys.argv[1:])
