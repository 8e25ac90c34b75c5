"""Which artist a name means: the resolver measured on real names, against what others use.

    python -m benchmarks.names DATA [--sample 400] [--seed 1] [--json]

DATA is the folder of the Last.fm data; names come from its artists and libraries. A tenth of the artists is
kept out of the catalogue and asked for all the same: whatever is accepted then is wrong. Names are asked for
alone, without the album or the genres that settle namesakes in a run: the hardest case.

Two systems are Brainarr's. `tiers`: domain/names over the whole catalogue, as if a search found everything.
`resolver`: pipeline/resolve against a catalogue that searches as MusicBrainz does, with the query that the
adapter really sends.
"""

import argparse
import json
import math
import re
import sys
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from rapidfuzz import fuzz, process
from rich.console import Console
from rich.table import Table

from benchmarks.catalogue import SearchedCatalog, catalog_artist
from benchmarks.real_library import read_table
from benchmarks.spellings import SPELLINGS, Spelling, without_accents
from brainarr.domain.music import Mbid, parse_mbid
from brainarr.domain.names import Tier, name_keys, same_name
from brainarr.domain.recommendation import Fused
from brainarr.pipeline.resolve import Unresolved, resolve_artist
from brainarr.sandbox.world import sandbox_mbid

Resolve = Callable[[str], Mbid | None]
"""A name to the one artist it is taken for; None when none is accepted."""

HELD_OUT = 0.1


@dataclass(frozen=True)
class Named:
    """One artist: `name` stands in the catalogue, `others` are real spellings of it that do not."""

    mbid: Mbid
    name: str
    others: tuple[str, ...] = ()


def fold(name: str) -> str:
    """What makes two rows of the data one artist where identifiers are silent; not the resolver's code."""
    text = without_accents(unicodedata.normalize("NFKC", name)).casefold()
    if text.count(",") == 1:
        last, first = text.split(",")
        text = f"{first.strip()} {last}"
    text = re.sub(r"^the\s+(?=\S)", "", text.replace("&", " and "))
    return "".join(ch for ch in text if ch.isalnum()) or text


_CREDIT = re.compile(r"\b(?:feat|ft|featuring|vs|versus)\b", re.IGNORECASE)


def is_credit(name: str) -> bool:
    """Whether it joins artists ("A feat. B"): MusicBrainz has no such artists, the data has."""
    return bool(_CREDIT.search(name))


def read_artists(data: Path) -> tuple[list[Named], Counter[str]]:
    """Every artist of the data once, and what was merged or left out.

    Rows of one MBID are one artist. A row without an MBID is taken for the artist whose name folds alike, if
    there is one; where several do, nobody can say whose it is, and it is left out, as are joined credits.
    """
    counts: Counter[str] = Counter()
    spelled: dict[Mbid, list[str]] = defaultdict(list)
    silent: list[str] = []
    for row in read_table(data, "artists"):
        mbid = parse_mbid(row["mbid"])
        if mbid:
            spelled[mbid].append(row["name"])
        else:
            silent.append(row["name"])
    silent += sorted({row["name"] for row in read_table(data, "libraries")})
    artists = [Named(mbid, names[0], tuple(names[1:])) for mbid, names in spelled.items()]
    folded: dict[str, list[Mbid]] = defaultdict(list)
    for artist in artists:
        for name in {fold(name) for name in (artist.name, *artist.others)}:
            folded[name].append(artist.mbid)
    for name in silent:
        if is_credit(name) or not any(ch.isalnum() for ch in name):
            counts["left out: joined or nameless"] += 1
        elif len(folded[fold(name)]) > 1:
            counts["left out: several namesakes"] += 1
        elif folded[fold(name)]:
            counts["merged by their spelling"] += 1
        else:
            artist = Named(sandbox_mbid("names", name), name)
            folded[fold(name)].append(artist.mbid)
            artists.append(artist)
    return artists, counts


# --- the systems ---


def by_tiers(artists: Sequence[Named]) -> Resolve:
    indices: list[dict[str, list[Named]]] = [defaultdict(list) for _ in Tier]
    for artist in artists:
        for tier, key in zip(Tier, name_keys(artist.name), strict=True):
            indices[tier][key].append(artist)

    def resolve(name: str) -> Mbid | None:
        keys = name_keys(name)
        for tier in Tier:
            agreed = [
                item for item in indices[tier].get(keys[tier], ()) if same_name(name, item.name) is tier
            ]
            if agreed:
                return agreed[0].mbid if len(agreed) == 1 else None
        return None

    return resolve


def by_resolver(artists: Sequence[Named]) -> Resolve:
    catalog = SearchedCatalog([catalog_artist(artist.mbid, artist.name) for artist in artists])

    def resolve(name: str) -> Mbid | None:
        asked = Fused(artist=name, album=None, mbid=None, voices=(), score=1.0, confidence=1.0)
        work = resolve_artist(asked, catalog)
        try:
            work.send(None)  # the catalogue never waits, so neither needs a loop
        except StopIteration as done:
            return None if isinstance(done.value, Unresolved) else done.value.mbid
        raise RuntimeError("the catalogue of the benchmark waited")

    return resolve


# Lidarr's Parser.CleanArtistName: articles and conjunctions but the first word, and all that is no letter.
_LIDARR = re.compile(r"((?:\b|_)(?<!^)(a(?!$)|an|the|and|or|of)(?:\b|_))|\W|_", re.IGNORECASE)


def by_lidarr(artists: Sequence[Named]) -> Resolve:
    def clean(name: str) -> str:
        if name.isdigit():
            return name
        return without_accents(_LIDARR.sub("", name.replace("%", "percent")).lower())

    index: dict[str, list[Mbid]] = defaultdict(list)
    for artist in artists:
        index[clean(artist.name)].append(artist.mbid)

    def resolve(name: str) -> Mbid | None:
        found = index.get(clean(name), [])
        return found[0] if len(found) == 1 and clean(name) else None

    return resolve


def by_likeness(scorer: Callable[..., float], least: float) -> Callable[[Sequence[Named]], Resolve]:
    def system(artists: Sequence[Named]) -> Resolve:
        names = [artist.name.casefold() for artist in artists]

        def resolve(name: str) -> Mbid | None:
            best = process.extractOne(name.casefold(), names, scorer=scorer, score_cutoff=least)
            return artists[best[2]].mbid if best else None

        return resolve

    return system


OURS: dict[str, Callable[[Sequence[Named]], Resolve]] = {"tiers": by_tiers, "resolver": by_resolver}
OTHERS: dict[str, Callable[[Sequence[Named]], Resolve]] = {
    "Lidarr's CleanArtistName": by_lidarr,
    "edit ratio ≥ 90": by_likeness(fuzz.ratio, 90),
    "token_set ≥ 95": by_likeness(fuzz.token_set_ratio, 95),
}


# --- the questions ---


@dataclass(frozen=True)
class Question:
    spelling: str
    asked: str
    means: Mbid | None
    """None: an artist that the catalogue does not hold."""


def split_artists(artists: Sequence[Named], dice: Random) -> tuple[list[Named], list[Named]]:
    """Those the catalogue holds, and those it does not."""
    absent = set(dice.sample(range(len(artists)), round(HELD_OUT * len(artists))))
    held = [artist for at, artist in enumerate(artists) if at not in absent]
    return held, [artist for at, artist in enumerate(artists) if at in absent]


def write_questions(
    held: Sequence[Named], absent: Sequence[Named], sample: int, dice: Random
) -> list[Question]:
    """For each class of spelling, up to `sample` questions for held artists and as many for absent ones."""
    questions = [
        Question("real misspellings", other, artist.mbid) for artist in held for other in artist.others
    ]
    for spelling in SPELLINGS:
        questions += [
            Question(spelling.name, asked, artist.mbid)
            for artist, asked in _bent(spelling, held, sample, dice)
        ]
        questions += [
            Question(f"absent, {spelling.name}", asked, None)
            for _, asked in _bent(spelling, absent, sample, dice)
        ]
    return questions


def _bent(
    spelling: Spelling, artists: Sequence[Named], most: int, dice: Random
) -> Iterable[tuple[Named, str]]:
    found = 0
    for artist in dice.sample(artists, len(artists)):
        asked = spelling.bend(artist.name, dice)
        if asked and (asked != artist.name or spelling.name == "as it is"):
            found += 1
            yield artist, asked
        if found >= most:
            return


# --- the answers ---


@dataclass(frozen=True)
class Score:
    system: str
    spelling: str
    asked: int
    right: int
    """Of absent artists: nobody accepted."""
    wrong: int
    """Somebody else accepted. The rest stays open: a suggestion less, but nobody misled."""
    seconds: float

    @property
    def row(self) -> dict[str, Any]:
        return {
            "system": self.system,
            "spelling": self.spelling,
            "asked": self.asked,
            "right_percent": round(100 * self.right / self.asked, 1),
            "right_ci": wilson(self.right, self.asked),
            "wrong_percent": round(100 * self.wrong / self.asked, 2),
            "wrong_ci": wilson(self.wrong, self.asked),
            "ms_per_name": round(1000 * self.seconds / self.asked, 3),
        }


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share, in percent (Wilson 1927)."""
    share, square = hits / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return round(100 * max(0.0, middle - half), 2), round(100 * min(1.0, middle + half), 2)


def ask(system: str, resolve: Resolve, questions: Sequence[Question]) -> tuple[list[Score], list[Question]]:
    """The scores of one system by class of spelling, and the questions it got wrong."""
    right, wrong, asked = Counter[str](), Counter[str](), Counter[str]()
    seconds: dict[str, float] = defaultdict(float)
    misled: list[Question] = []
    for question in questions:
        if system in OURS:
            resolve(
                question.asked
            )  # the stand-in for the search remembers it: its time is not the resolver's
        started = time.perf_counter()
        found = resolve(question.asked)
        seconds[question.spelling] += time.perf_counter() - started
        asked[question.spelling] += 1
        if found == question.means:
            right[question.spelling] += 1
        elif found is not None:
            wrong[question.spelling] += 1
            misled.append(question)
    return [
        Score(system, name, asked[name], right[name], wrong[name], seconds[name]) for name in asked
    ], misled


def total(scores: Sequence[Score], spelling: str, *, absent: bool) -> Score:
    """All classes together, of held or of absent artists."""
    rows = [row for row in scores if row.spelling.startswith("absent") is absent]
    return Score(
        rows[0].system,
        spelling,
        sum(row.asked for row in rows),
        sum(row.right for row in rows),
        sum(row.wrong for row in rows),
        sum(row.seconds for row in rows),
    )


def collisions(artists: Sequence[Named], resolve: Resolve) -> list[dict[str, Any]]:
    """Different artists whose names share a key: how many at each tier, and who is found by his own name?"""
    told: list[dict[str, Any]] = []
    for tier in (Tier.PLAIN, Tier.WORDS, Tier.INVERTED, Tier.ROMANISED):
        by_key: dict[str, list[Named]] = defaultdict(list)
        for artist in artists:
            by_key[name_keys(artist.name)[tier]].append(artist)
        sharing = [group for group in by_key.values() if len(group) > 1]
        found = [(artist, resolve(artist.name)) for group in sharing for artist in group]
        told.append(
            {
                "tier": tier.name.lower(),
                "keys": len(sharing),
                "artists": len(found),
                "right": sum(mbid == artist.mbid for artist, mbid in found),
                "open": sum(mbid is None for _, mbid in found),
                "wrong": sum(mbid not in (None, artist.mbid) for artist, mbid in found),
            }
        )
    return told


def measure(
    data: Path, systems: dict[str, Callable[[Sequence[Named]], Resolve]], sample: int, seed: int
) -> dict[str, Any]:
    """Everything, as it is printed with --json."""
    artists, counts = read_artists(data)
    dice = Random(seed)
    held, absent = split_artists(artists, dice)
    questions = write_questions(held, absent, sample, dice)
    scores: list[Score] = []
    misled: dict[str, list[str]] = {}
    settled = {}
    for name, build in systems.items():
        resolve = build(held)
        found, wrong = ask(name, resolve, questions)
        scores += [
            *found,
            total(found, "all held", absent=False),
            total(found, "absent, all", absent=True),
        ]
        misled[name] = [f"{item.spelling}: {item.asked}" for item in wrong]
        if name in OURS:
            settled[name] = collisions(held, resolve)
    return {
        "artists": len(artists),
        "catalogue": len(held),
        "data": counts,
        "scores": [score.row for score in scores],
        "namesakes": settled,
        "misled": misled,
    }


def _cell(row: Mapping[str, Any]) -> str:
    low, high = row["wrong_ci"]
    return f"{row['right_percent']:.1f} / {row['wrong_percent']:.1f} ({low:.1f}–{high:.1f})"


def show(out: Console, report: Mapping[str, Any]) -> None:
    absent = report["artists"] - report["catalogue"]
    out.print(f"{report['catalogue']:,} artists in the catalogue, {absent:,} absent")
    systems = list(dict.fromkeys(row["system"] for row in report["scores"]))
    table = Table("asked for", "n", *systems, title="% right / % wrongly accepted (95 % of wrongly accepted)")
    for spelling in dict.fromkeys(row["spelling"] for row in report["scores"]):
        rows = {row["system"]: row for row in report["scores"] if row["spelling"] == spelling}
        cells = [_cell(rows[system]) for system in systems]
        table.add_row(spelling, str(rows[systems[0]]["asked"]), *cells)
    times = {row["system"]: row["ms_per_name"] for row in report["scores"] if row["spelling"] == "all held"}
    table.add_row("ms per name", "", *(f"{times[system]:.3f}" for system in systems))
    out.print(table)
    for system, tiers in report["namesakes"].items():
        for row in tiers:
            told = ", ".join(f"{row[what]} {what}" for what in ("right", "open", "wrong"))
            shared = f"{row['artists']} artists share {row['keys']} keys of tier {row['tier']}"
            out.print(f"{system}: {shared}; asked for by their own names: {told}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Names to artists: who is right, and who is misled?")
    parser.add_argument("data", type=Path, help="the folder with artists.tsv.gz and libraries.tsv.gz")
    parser.add_argument("--sample", type=int, default=400, help="questions for each class of spelling")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--ours", action="store_true", help="without the baselines, which take minutes")
    asked = parser.parse_args()
    if absent := [t for t in ("artists", "libraries") if not (asked.data / f"{t}.tsv.gz").is_file()]:
        print(f"{asked.data} has no {', '.join(f'{table}.tsv.gz' for table in absent)}", file=sys.stderr)
        return 2
    report = measure(asked.data, OURS if asked.ours else OURS | OTHERS, asked.sample, asked.seed)
    if asked.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        show(Console(highlight=False, width=190), report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
