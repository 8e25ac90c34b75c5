"""Tokens and compression ratio of a prompt at each level, for libraries of several sizes.

    python -m benchmarks.prompts [SIZE ...]        (default: 50 1000 10000)

Prints one JSON object. `tokens` counts every message and the schema (o200k); `ratio` is against the full
listing.
"""

import asyncio
import json
import random
import sys
from datetime import UTC, datetime

from benchmarks.library import artist_json
from brainarr.domain.music import Library, OwnedAlbum, OwnedArtist
from brainarr.domain.prompt import ModelCard
from brainarr.domain.recommendation import RunOptions
from brainarr.llm.tokens import counter_for
from brainarr.pipeline.compress import LEVELS, compress
from brainarr.pipeline.profile import profile_library
from brainarr.pipeline.prompt import Brief, write_prompt

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CARD = ModelCard("cloud", "openai", "gpt-5-mini", 400_000)


def generate(size: int) -> Library:
    """The artists of `benchmarks.library` with five albums each."""
    rng = random.Random(size)
    raw = [artist_json(number, rng) for number in range(1, size + 1)]
    artists = tuple(
        OwnedArtist(number, str(one["artistName"]), genres=tuple(one["genres"]), rating=7.1, added=NOW)  # type: ignore[arg-type]
        for number, one in enumerate(raw)
    )
    words = [str(one["artistName"]).split()[0] for one in raw]
    albums = {
        artist.id: tuple(
            OwnedAlbum(
                artist.id * 10 + k, f"{words[k % size]} {rng.choice(words)}", None, rng.randint(1965, 2026)
            )
            for k in range(5)
        )
        for artist in artists
    }
    return Library(artists, albums, frozenset(), NOW)


async def measure(size: int) -> dict[str, object]:
    library = generate(size)
    profile = await profile_library(library, NOW)
    counter = counter_for(CARD.model)
    levels: dict[str, object] = {}
    for level in LEVELS:
        prompt = write_prompt(
            CARD,
            RunOptions(compression=level, prompt_tokens=300_000),
            Brief(),
            counter,
            lambda budget, overhead, level=level: compress(
                library,
                profile,
                level=level,
                budget=budget,
                overhead=overhead,
                counter=counter,
                neighbours={},
            ),
        )
        levels[level] = {
            "used": prompt.compressed.level,
            "tokens": prompt.tokens,
            "artists": prompt.compressed.artists_kept,
            "ratio": round(prompt.compressed.ratio, 1),
        }
    return {"artists": size, "levels": levels}


def main(arguments: list[str]) -> None:
    sizes = [int(argument) for argument in arguments] or [50, 1_000, 10_000]
    results = [asyncio.run(measure(size)) for size in sizes]
    print(json.dumps({"benchmark": "prompts", "results": results}, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
