"""Invented data sets to evaluate on: folders of tables."""

import gzip
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Row = Sequence[object]
Tables = dict[str, list[Row]]
HEADERS: Mapping[str, Row] = {
    "artists": ("artist", "name", "mbid", "begin", "country"),
    "trained": ("user", "artist"),
    "heldout": ("user", "artist"),
    "tags": ("user", "artist", "tag"),
}
SCENES = ("tango", "polka", "grime")
ARTISTS = 14
"""Of each scene."""
PEOPLE = 24
COLD_ARTIST = "a900"
"""Held out of one person, known of nobody."""
COLD_PERSON = "stranger"
"""Only in heldout."""


def scenes(seed: int = 0) -> Tables:
    """Everybody listens to eight artists of one scene and to one of another, and calls what they listen to by
    the name of its scene; two of the eight are held out. Beside that a cold artist and a cold person."""
    rng = random.Random(seed)
    tables: Tables = {table: [header] for table, header in HEADERS.items()}
    for number in range(len(SCENES) * ARTISTS):
        scene = SCENES[number // ARTISTS]
        tables["artists"].append((f"a{number}", f"{scene} band {number}", "", 1960 + number, "AR"))
    tables["artists"] += [(COLD_ARTIST, "Cold Start", "", "", ""), ("a901", "Cold Start", "", "", "")]
    for person in range(PEOPLE):
        scene = person % len(SCENES)
        mine = [f"a{scene * ARTISTS + place}" for place in rng.sample(range(ARTISTS), 8)]
        other = f"a{(scene + 1) % len(SCENES) * ARTISTS + person % ARTISTS}"
        tables["trained"] += [(f"p{person}", artist) for artist in (*mine[:6], other)]
        tables["heldout"] += [(f"p{person}", artist) for artist in mine[6:]]
        tables["tags"] += [(f"p{person}", artist, SCENES[scene]) for artist in mine]
        tables["tags"].append((f"p{person}", other, "seen live"))
    tables["heldout"] += [("p0", COLD_ARTIST), (COLD_PERSON, "a3"), (COLD_PERSON, COLD_ARTIST)]
    tables["tags"] += [("p1", COLD_ARTIST, "tango"), ("nobody", COLD_ARTIST, "tango")]
    return tables


def said(model: str, user: object, names: Iterable[str]) -> str:
    """A line of model_answers.jsonl."""
    answer = "\n".join(f"{place}. {name}" for place, name in enumerate(names, start=1))
    return json.dumps({"model": model, "user": user, "answer": answer})


def write(folder: Path, tables: Tables, answers: Sequence[str] = (), *, compressed: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        f"{table}.tsv": "".join("\t".join(map(str, row)) + "\n" for row in rows)
        for table, rows in tables.items()
    }
    if answers:
        texts["model_answers.jsonl"] = "".join(f"{line}\n" for line in answers)
    for name, text in texts.items():
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
        else:
            (folder / name).write_text(text, encoding="utf-8")
    return folder
