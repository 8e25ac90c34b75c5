"""Small worlds of listeners with a shape that a filter must find."""

import random
import uuid
from datetime import UTC, datetime
from pathlib import Path

from brainarr.domain.music import Mbid
from brainarr.similarity.artifact import Artifact, load
from brainarr.similarity.build import build
from brainarr.similarity.exports import read_files
from brainarr.similarity.interactions import Listening
from brainarr.similarity.recipe import Recipe

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RECIPE = Recipe(keep=12)
SCENES = 3
ARTISTS_A_SCENE = 12


def mbid(number: int) -> Mbid:
    return Mbid(str(uuid.UUID(int=number + 1)))


def name(artist: int) -> str:
    return f"Band {artist}"


def scene_of(artist: int) -> int:
    return artist // ARTISTS_A_SCENE


def tsv_of_scenes(people: range, seed: int = 1, without_mbid: frozenset[int] = frozenset()) -> str:
    """Everybody hears eight artists of one scene, more plays of the first ones, and one of another scene."""
    lines = ["user\tname\tmbid\tplays"]
    for person in people:
        rng = random.Random(seed * 1_000_003 + person)
        scene = person % SCENES
        own = [scene * ARTISTS_A_SCENE + number for number in rng.sample(range(ARTISTS_A_SCENE), 8)]
        other = (own[0] + ARTISTS_A_SCENE) % (SCENES * ARTISTS_A_SCENE)
        for artist in (*own, other):
            known = "" if artist in without_mbid else mbid(artist)
            lines.append(f"user{person}\t{name(artist)}\t{known}\t{rng.randint(1, 90)}")
    return "\n".join(lines) + "\n"


def listening_of(folder: Path, text: str, file: str = "plays.tsv") -> Listening:
    (folder / file).write_text(text)
    listening, _ = read_files([folder / file])
    return listening


def filter_of(folder: Path, text: str, recipe: Recipe = RECIPE) -> Artifact:
    build(listening_of(folder, text), recipe, folder / "filter", trained_at=NOW, engine="local")
    return load(folder / "filter")
