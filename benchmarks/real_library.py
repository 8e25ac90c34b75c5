"""Recommendations for one real person, to be judged by a listener.

    python -m benchmarks.real_library DATA USER [--wanted 20]

DATA is the folder of the Last.fm data (artists, plays, tags and heldout, as .tsv.gz). The person's library is
served as a Lidarr through the sandbox; catalogue, tags and neighbour lists are made from the other people
only (co-listening counts; nothing of anybody's held-out pairs). The real Brainarr then runs against it. Last
come the hits among the person's held-out artists. The data has no albums, so artists are looked for.
"""

import argparse
import asyncio
import csv
import gzip
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.text import Text
from scipy.sparse import csr_array

from brainarr import log
from brainarr.cli.result import show_result
from brainarr.domain.music import Mbid, parse_mbid
from brainarr.sandbox.world import Owned, World, WorldArtist, sandbox_mbid
from brainarr.service.execution import execute_run
from brainarr.service.lists import DEFAULT_LIST
from brainarr.service.runs import RunDetail, request_run
from brainarr.wiring.sandboxed import open_sandboxed

TABLES = ("artists", "plays", "tags", "heldout")
MOST_TAGS = 12
MOST_NEIGHBOURS = 100
FEWEST_TOGETHER = 2
"""One person who plays both is no evidence that they are close."""
TAKEN_IN = datetime(2011, 1, 1, tzinfo=UTC)
"""The data does not say when anybody came to anything."""


@dataclass(frozen=True)
class Person:
    """`plays` is what their library holds, most played first; `heldout` is what they like besides."""

    name: str
    plays: dict[Mbid, int]
    heldout: frozenset[Mbid]


def read_table(data: Path, table: str) -> Iterator[dict[str, str]]:
    with gzip.open(data / f"{table}.tsv.gz", "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def read_identities(data: Path) -> dict[str, Mbid]:
    """Artist number → MBID; invented where none is known. Spellings of one artist share theirs."""
    return {
        row["artist"]: parse_mbid(row["mbid"]) or sandbox_mbid("lastfm", row["artist"])
        for row in read_table(data, "artists")
    }


def read_person(data: Path, user: str, identities: dict[str, Mbid]) -> Person:
    """Raises LookupError for somebody who is not in the data."""
    plays: Counter[Mbid] = Counter()
    for row in read_table(data, "plays"):
        if row["user"] == user:
            plays[identities[row["artist"]]] += int(row["plays"])
    if not plays:
        raise LookupError(f"there is no user {user}")
    heldout = {identities[row["artist"]] for row in read_table(data, "heldout") if row["user"] == user}
    return Person(user, dict(plays.most_common()), frozenset(heldout - plays.keys()))


def build_world(data: Path, without: str, identities: dict[str, Mbid]) -> World:
    """The catalogue that everybody but `without` knows of."""
    listeners: dict[str, set[Mbid]] = defaultdict(set)
    for row in read_table(data, "plays"):
        if row["user"] != without:
            listeners[row["user"]].add(identities[row["artist"]])
    tags: dict[Mbid, Counter[str]] = defaultdict(Counter)
    for row in read_table(data, "tags"):
        if row["user"] != without and row["artist"] in identities:  # some tagged what nobody plays
            tags[identities[row["artist"]]][row["tag"]] += 1
    popularity = Counter(mbid for library in listeners.values() for mbid in library)
    spellings: dict[Mbid, list[dict[str, str]]] = defaultdict(list)
    for row in read_table(data, "artists"):
        spellings[identities[row["artist"]]].append(row)
    artists = [
        WorldArtist(
            mbid=mbid,
            name=rows[0]["name"],
            number=number,
            genres=tuple(tags[mbid].most_common(MOST_TAGS)),
            begin=int(rows[0]["begin"]) if rows[0]["begin"].isdigit() else None,
            country=rows[0]["country"] or None,
            listeners=popularity[mbid],
            aliases=tuple(row["name"] for row in rows[1:]),
        )
        for number, (mbid, rows) in enumerate(spellings.items(), start=1)
    ]
    return World(artists, (), count_together(list(spellings), listeners))


def count_together(
    mbids: list[Mbid], listeners: dict[str, set[Mbid]]
) -> dict[Mbid, tuple[tuple[Mbid, int], ...]]:
    """For each artist, who else its listeners play: (artist, people who play both), most first."""
    column = {mbid: number for number, mbid in enumerate(mbids)}
    pairs = [
        (row, column[mbid]) for row, library in enumerate(listeners.values()) for mbid in sorted(library)
    ]
    rows, columns = np.array(pairs).T
    plays = csr_array((np.ones(len(pairs), np.int32), (rows, columns)), shape=(len(listeners), len(mbids)))
    together = (plays.T @ plays).tocsr()
    lists: dict[Mbid, tuple[tuple[Mbid, int], ...]] = {}
    for number, mbid in enumerate(mbids):
        near = slice(together.indptr[number], together.indptr[number + 1])
        counts = zip(together.indices[near].tolist(), together.data[near].tolist(), strict=True)
        close = [(mbids[other], n) for other, n in counts if other != number and n >= FEWEST_TOGETHER]
        close.sort(key=lambda pair: (-pair[1], pair[0]))
        lists[mbid] = tuple(close[:MOST_NEIGHBOURS])
    return lists


async def recommend(world: World, person: Person, wanted: int) -> RunDetail:
    settings = {
        "BRAINARR__RECOMMEND__TARGET": "artists",
        "BRAINARR__RECOMMEND__MAX_RECOMMENDATIONS": str(wanted),
        "BRAINARR__LISTENBRAINZ__USER": person.name,
        # It would only repeat the same co-listening counts under a second name.
        "BRAINARR__DEEZER__ENABLED": "false",
    }
    library = [Owned(mbid, TAKEN_IN) for mbid in person.plays]
    with TemporaryDirectory(prefix="brainarr-real-") as folder:
        async with open_sandboxed(
            Path(folder), world, library, settings=settings, listens={person.name: person.plays}
        ) as place:
            house = place.house
            asked = await request_run(house.db, DEFAULT_LIST, clock=house.clock)
            return await execute_run(house.runs, asked.id)


def show(out: Console, world: World, person: Person, run: RunDetail) -> None:
    names = {mbid: artist.name for mbid, artist in world.artists.items()}
    out.rule(f"Last.fm user {person.name}: {len(person.plays)} artists")
    out.print(Text("Plays most: " + ", ".join(names[mbid] for mbid in list(person.plays)[:25])))
    out.print()
    show_result(out, run)
    out.print()
    found = [row.recommendation.artist_mbid for row in run.recommendations]
    hits = [mbid for mbid in found if mbid in person.heldout]
    missed = sorted(names[mbid] for mbid in person.heldout if mbid not in hits)
    out.print(
        Text(f"Held out and found, {len(hits)} of {len(person.heldout)}: {_listed(names[h] for h in hits)}")
    )
    out.print(Text(f"Held out and not found: {_listed(missed)}"))


def _listed(names: Iterator[str] | list[str]) -> str:
    return ", ".join(names) or "none"


def main() -> int:
    parser = argparse.ArgumentParser(description="Recommendations for one real person, to be judged.")
    parser.add_argument("data", type=Path, help="the folder with artists.tsv.gz, plays.tsv.gz, …")
    parser.add_argument("user", help="a user of plays.tsv.gz")
    parser.add_argument("--wanted", type=int, default=20, help="how many recommendations")
    asked = parser.parse_args()
    absent = [table for table in TABLES if not (asked.data / f"{table}.tsv.gz").is_file()]
    if absent:
        print(f"{asked.data} has no {', '.join(f'{table}.tsv.gz' for table in absent)}", file=sys.stderr)
        return 2
    log.configure("warning")
    identities = read_identities(asked.data)
    try:
        person = read_person(asked.data, asked.user, identities)
    except LookupError as error:
        print(error, file=sys.stderr)
        return 2
    world = build_world(asked.data, asked.user, identities)
    run = asyncio.run(recommend(world, person, asked.wanted))
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = 110
    show(out, world, person, run)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
