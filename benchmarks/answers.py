"""What becomes of real models' answers: nothing owned, doubled or unknown is delivered, and little is lost.

    python -m benchmarks.answers DATA [--every 1] [--json]

DATA is the folder of the Last.fm data. Each recorded answer goes the way of a run: reader, sift, fusion and
verification, against the artists that its person had (`trained`) and a catalogue of all artists of the data.
The yardstick is none of that code: a numbered line names a known artist where the whole line is the name of
one, but for capitals and white space; owned is who has the same row or MBID.
"""

import argparse
import asyncio
import gzip
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.catalogue import SearchedCatalog, catalog_artist
from benchmarks.names import fold, is_credit, wilson
from benchmarks.real_library import read_identities, read_table
from benchmarks.spellings import is_latin, without_accents
from brainarr.domain.music import CatalogArtist, Library, Mbid, OwnedArtist
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.recommendation import Discovery, Memory, RunOptions, Target
from brainarr.pipeline.answers import read_answer
from brainarr.pipeline.fuse import fuse
from brainarr.pipeline.run import MODEL_WEIGHT
from brainarr.pipeline.sift import sift
from brainarr.pipeline.verify import Owned, Verification

ASKED_FOR = 50
_LINE = re.compile(r"^[ \t]*\d+[.):][ \t]*(\S.*)$", re.MULTILINE)
_NO_DAY = datetime(2011, 1, 1, tzinfo=UTC)
_OPTIONS = RunOptions(
    max_recommendations=100, minimum_confidence=0.0, target=Target.ARTISTS, discovery=Discovery.SIMILAR
)


@dataclass(frozen=True)
class World:
    identities: Mapping[str, Mbid]
    """Row of the data → artist: one for all rows of an MBID."""
    names: Mapping[str, str]
    """Row → name."""
    bearers: Mapping[str, frozenset[Mbid]]
    """Lower-case name → who is called so."""
    catalog: SearchedCatalog


def read_world(data: Path) -> World:
    identities = read_identities(data)
    names = {row["artist"]: row["name"] for row in read_table(data, "artists")}
    spelled: dict[Mbid, list[str]] = defaultdict(list)
    bearers: dict[str, set[Mbid]] = defaultdict(set)
    for row, name in names.items():
        spelled[identities[row]].append(name)
        if not is_credit(name):
            bearers[plainly(name)].add(identities[row])
    artists = [
        catalog_artist(mbid, found[0], tuple(found[1:]))
        for mbid, found in spelled.items()
        if not is_credit(found[0])
    ]
    frozen = {name: frozenset(found) for name, found in bearers.items()}
    return World(identities, names, frozen, SearchedCatalog(artists))


def plainly(text: str) -> str:
    return " ".join(text.casefold().split())


def read_libraries(data: Path, world: World) -> dict[str, dict[Mbid, str]]:
    """What each person had: artist → name."""
    owned: dict[str, dict[Mbid, str]] = defaultdict(dict)
    for row in read_table(data, "trained"):
        owned[row["user"]][world.identities[row["artist"]]] = world.names[row["artist"]]
    return owned


@dataclass
class Tally:
    """`of`: in how many cases it could have gone wrong."""

    answers: int = 0
    lines: int = 0
    delivered: int = 0
    owned: list[str] = field(default_factory=list[str])
    duplicates: list[str] = field(default_factory=list[str])
    unknown: list[str] = field(default_factory=list[str])
    """Delivered, and the answer names nobody like that."""
    transliterated: list[str] = field(default_factory=list[str])
    """The same, but of another script: the answer may say how it sounds, which the yardstick cannot tell."""
    known: int = 0
    """Different known artists, not owned, that an answer named in a line of their own."""
    survived: int = 0
    lost: Counter[str] = field(default_factory=Counter[str])
    """By verdict."""
    examples: list[str] = field(default_factory=list[str])

    @property
    def row(self) -> dict[str, Any]:
        return {
            "answers": self.answers,
            "lines": self.lines,
            "delivered": self.delivered,
            "owned": len(self.owned),
            "duplicates": len(self.duplicates),
            "unknown": len(self.unknown),
            "transliterated": len(self.transliterated),
            "known_not_owned": self.known,
            "survived_percent": round(100 * self.survived / max(self.known, 1), 2),
            "survived_ci": wilson(self.survived, self.known) if self.known else None,
            "lost": self.lost,
            "examples": {
                "owned": self.owned[:20],
                "duplicates": self.duplicates[:20],
                "unknown": self.unknown[:20],
                "transliterated": self.transliterated[:20],
                "lost": self.examples[:40],
            },
        }


async def judge_answer(text: str, library: Mapping[Mbid, str], world: World, tally: Tally) -> None:
    verification = await _delivered(text, library, world)
    delivered = [item.artist for item in verification.kept]
    had = {fold(name) for name in library.values()}
    tally.answers += 1
    tally.delivered += len(delivered)
    tally.owned += [artist.name for artist in delivered if artist.mbid in library or fold(artist.name) in had]
    often = Counter(artist.mbid for artist in delivered)
    tally.duplicates += [artist.name for artist in delivered if often[artist.mbid] > 1]
    unnamed = [artist.name for artist in delivered if not _named_in(artist, text)]
    tally.unknown += [name for name in unnamed if is_latin(name)]
    tally.transliterated += [name for name in unnamed if not is_latin(name)]
    found = set(often)
    lines = [plainly(line) for line in _LINE.findall(text)]
    tally.lines += len(lines)
    for name in dict.fromkeys(lines):
        bearers = world.bearers.get(name, frozenset())
        if not bearers or bearers & library.keys() or fold(name) in had:
            continue
        tally.known += 1
        if bearers & found:
            tally.survived += 1
        else:
            verdicts = [str(item.verdict) for item in verification.judged if plainly(item.artist) == name]
            tally.lost[verdicts[0] if verdicts else "no verdict"] += 1
            tally.examples.append(f"{name}: {verdicts[0] if verdicts else 'no verdict'}")


async def _delivered(text: str, library: Mapping[Mbid, str], world: World) -> Verification:
    known = frozenset(name_keys(name)[Tier.WORDS] for name in library.values())
    answer = sift(read_answer("model", text, ASKED_FOR), known)
    weights = {"model": MODEL_WEIGHT} if answer.candidates else {}
    ranking, _ = fuse(answer.candidates, weights, {}, _OPTIONS.discovery)
    artists = tuple(OwnedArtist(at, name, mbid) for at, (mbid, name) in enumerate(library.items()))
    owned = Owned.of(Library(artists, {}, frozenset(), _NO_DAY))
    verification = Verification(owned, Memory(), _OPTIONS, world.catalog, (), None)
    async for _ in verification.steps(ranking):
        pass
    return verification


def _letters(text: str) -> str:
    return "".join(ch for ch in without_accents(text).casefold() if ch.isalnum())


def _bare(text: str) -> str:
    """Letters without articles and "and": two ways to write one name."""
    return _letters(re.sub(r"\b(?:the|and)\b|&", " ", text.casefold()))


def _named_in(artist: CatalogArtist, text: str) -> bool:
    lines = text.splitlines()
    exactly, barely = (" ".join(map(way, lines)) for way in (_letters, _bare))
    spellings = (artist.name, *artist.aliases)
    return any(_letters(name) in exactly or (_bare(name) and _bare(name) in barely) for name in spellings)


def read_answers(data: Path, every: int) -> Iterator[dict[str, str]]:
    with gzip.open(data / "model_answers.jsonl.gz", "rt", encoding="utf-8") as lines:
        for at, line in enumerate(lines):
            if at % every == 0:
                yield json.loads(line)


async def measure(data: Path, every: int) -> dict[str, dict[str, Any]]:
    """By model, and for all."""
    world = read_world(data)
    libraries = read_libraries(data, world)
    tallies: dict[str, Tally] = defaultdict(Tally)
    for row in read_answers(data, every):
        library = libraries[str(row["user"])]
        for name in (row["model"], "all"):
            await judge_answer(row["answer"], library, world, tallies[name])
    return {name: tally.row for name, tally in tallies.items()}


def show(report: Mapping[str, Mapping[str, Any]]) -> None:
    for name, row in report.items():
        print(name)
        for what, value in row.items():
            print(f"  {what}: {value}")


TABLES: Sequence[str] = ("artists.tsv.gz", "trained.tsv.gz", "model_answers.jsonl.gz")


def main() -> int:
    parser = argparse.ArgumentParser(
        description="What of real models' answers is delivered, and what is lost."
    )
    parser.add_argument("data", type=Path, help="the folder with artists.tsv.gz, trained.tsv.gz, …")
    parser.add_argument("--every", type=int, default=1, help="only every n-th answer")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if absent := [name for name in TABLES if not (asked.data / name).is_file()]:
        print(f"{asked.data} has no {', '.join(absent)}", file=sys.stderr)
        return 2
    report = asyncio.run(measure(asked.data, asked.every))
    if asked.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        show(report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
