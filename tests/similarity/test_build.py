"""From listens to a filter on disk: what is in it, what damages it, and that a refresh equals a build."""

import json
import random
from pathlib import Path

import msgspec
import numpy as np
import pytest

from brainarr.errors import ConfigurationError, StorageError
from brainarr.similarity import artifact, train
from brainarr.similarity.artifact import HEADER, Artifact, load
from brainarr.similarity.build import build, refresh
from brainarr.similarity.interactions import merge
from brainarr.similarity.ranking import Owned, rank
from brainarr.similarity.recipe import Recipe
from brainarr.similarity.verify import verify
from tests.similarity.worlds import NOW, RECIPE, filter_of, listening_of, mbid, tsv_of_scenes

EVERY_MODEL = {"ease": 1.0, "rp3beta": 1.0, "spectral": 1.0, "bm25": 0.5}


def test_a_filter_says_what_it_was_trained_on(tmp_path: Path):
    header = filter_of(tmp_path, tsv_of_scenes(range(60))).header
    assert (header.people, header.artists, header.interactions) == (60, 36, 540)
    assert (header.trained_at, header.engine, header.recipe) == (NOW, "local", RECIPE)
    assert {model.name: (model.weight, model.people) for model in header.models} == {
        "ease": (1.0, 60), "rp3beta": (1.0, 60), "spectral": (1.0, 60)
    }  # fmt: skip


def arrays(found: Artifact) -> dict[str, bytes]:
    return {key: np.ascontiguousarray(array).tobytes() for key, array in found.arrays.items()}


@pytest.mark.parametrize("most_entries", [0, 40_000_000], ids=["trained whole", "only what changed"])
@pytest.mark.parametrize("seed", range(4))
def test_a_refresh_gives_what_a_build_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, most_entries: int
):
    monkeypatch.setattr(train, "REFRESH_ENTRIES", most_entries)
    rng = random.Random(seed)
    before = tsv_of_scenes(range(60))
    # Somebody new, somebody with another library, and somebody who hears what nobody knew.
    people = range(rng.randint(0, 59), 62)
    added = tsv_of_scenes(people[: rng.randint(1, 3)], seed=seed + 7) + f"user5\tUnheard\t{mbid(77)}\t3\n"
    recipe = Recipe(keep=5, least_listeners=4, weights=EVERY_MODEL)
    build(listening_of(tmp_path, before), recipe, tmp_path / "filter", trained_at=NOW, engine="local")
    new = listening_of(tmp_path, added)
    header = refresh(tmp_path / "filter", new, trained_at=NOW, engine="local")
    listening = merge(listening_of(tmp_path, before), new)
    whole = build(listening, recipe, tmp_path / "whole", trained_at=NOW, engine="local")
    assert arrays(load(tmp_path / "filter")) == arrays(load(tmp_path / "whole"))
    assert (header.generation, header.recipe) == (whole.generation, recipe)


def test_a_refresh_computes_only_rows_that_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Two worlds that share nobody: what happens in one leaves the other's rows alone.
    far = tsv_of_scenes(range(60)).replace("user", "other").replace("Band", "Orchestra").splitlines()[1:]
    far = ["\t".join((*line.split("\t")[:2], "", line.split("\t")[3])) for line in far]
    near = tsv_of_scenes(range(60))
    recipe = Recipe(keep=12, weights=EVERY_MODEL)
    listening = listening_of(tmp_path, near + "\n".join(far))
    build(listening, recipe, tmp_path / "f", trained_at=NOW, engine="local")
    computed: list[int] = []
    fill = train.fill_rows

    def counting(*args: object) -> None:
        computed.append(len(args[3]))  # type: ignore[arg-type]
        fill(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(train, "fill_rows", counting)
    added = listening_of(tmp_path, tsv_of_scenes(range(60, 61)))
    refresh(tmp_path / "f", added, trained_at=NOW, engine="local")
    assert len(computed) == 2
    assert all(9 <= rows <= 36 for rows in computed)


def test_a_build_takes_the_place_of_the_old_filter_and_leaves_nothing_behind(tmp_path: Path):
    old = filter_of(tmp_path, tsv_of_scenes(range(60)))
    owned = [Owned(mbid(0), "")]
    before = rank(old, owned, 3)
    new = filter_of(tmp_path, tsv_of_scenes(range(90), seed=2))
    assert {path.name for path in (tmp_path / "filter").iterdir()} == {HEADER, new.header.generation}
    # Whoever still holds the old one can go on asking it.
    assert rank(old, owned, 3) == before
    verify(new)


def test_a_filter_replaced_while_it_is_loaded_is_loaded_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    old = filter_of(tmp_path, tsv_of_scenes(range(60))).header
    new = filter_of(tmp_path, tsv_of_scenes(range(90))).header
    headers = iter([old, new])
    monkeypatch.setattr(artifact, "read_header", lambda _: next(headers))
    assert load(tmp_path / "filter").header == new


def test_a_build_that_fails_leaves_the_old_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    old = filter_of(tmp_path, tsv_of_scenes(range(60)))

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(StorageError, match="No space left"):
        filter_of(tmp_path, tsv_of_scenes(range(90)))
    verify(load(tmp_path / "filter"))
    assert load(tmp_path / "filter").header == old.header
    assert {path.name for path in (tmp_path / "filter").iterdir()} == {HEADER, old.header.generation}


def test_thresholds_that_leave_nothing_are_refused_with_their_names(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="--least-listeners"):
        filter_of(tmp_path, tsv_of_scenes(range(3)))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a header"),
        (b"[]", "not a header"),
        (b'{"format": 0}', "format 0, this version reads 1"),
        (b'{"format": 99}', "format 99"),
        (b'{"format": 1}', "not a header"),
        (b"\xff", "not a header"),
    ],
)
def test_an_old_or_foreign_header_is_refused_by_name_with_the_remedy(
    tmp_path: Path, content: bytes, why: str
):
    (tmp_path / HEADER).write_bytes(content)
    with pytest.raises(StorageError) as refused:
        load(tmp_path)
    assert str(tmp_path / HEADER) in str(refused.value)
    assert why in str(refused.value)
    assert "brainarr similarity build" in str(refused.value)


def test_where_there_is_no_filter_it_says_so(tmp_path: Path):
    with pytest.raises(StorageError, match="there is no filter here"):
        load(tmp_path / "nowhere")


def damage(found: Artifact, file: str, how: str) -> Path:
    path = found.folder / found.header.generation / f"{file}.npy"
    content = path.read_bytes()
    changed = {"gone": None, "short": content[:-1], "bits": content[:-4] + b"\x7f\xff\xff\x7f"}
    changed["magic"] = b"\x00" * 8 + content[8:]
    path.unlink()
    if (new := changed[how]) is not None:
        path.write_bytes(new)
    return path


@pytest.mark.parametrize("file", ["ease_weights", "names", "heard_people", "mbids"])
@pytest.mark.parametrize("how", ["gone", "short", "magic", "bits"])
def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path, file: str, how: str):
    path = damage(filter_of(tmp_path, tsv_of_scenes(range(60))), file, how)
    with pytest.raises(StorageError) as refused:
        verify(load(tmp_path / "filter"))
    assert str(path) in str(refused.value)
    assert "brainarr similarity build" in str(refused.value)


def test_arrays_of_another_shape_or_kind_are_refused(tmp_path: Path):
    found = filter_of(tmp_path, tsv_of_scenes(range(60)))
    header = msgspec.structs.replace(found.header, artists=found.header.artists + 1)
    (found.folder / HEADER).write_bytes(msgspec.json.encode(header))
    with pytest.raises(StorageError, match="not what the header says"):
        load(found.folder)


def test_a_model_that_nobody_knows_is_refused(tmp_path: Path):
    found = filter_of(tmp_path, tsv_of_scenes(range(60)))
    header = json.loads(msgspec.json.encode(found.header))
    header["recipe"]["weights"] = {"oracle": 1.0}
    (found.folder / HEADER).write_text(json.dumps(header))
    with pytest.raises(StorageError, match="weights of oracle; allowed: ease, rp3beta, spectral, bm25"):
        load(found.folder)


def test_a_header_cannot_name_files_elsewhere(tmp_path: Path):
    found = filter_of(tmp_path, tsv_of_scenes(range(60)))
    for change in ({"generation": "../../secret"}, {"files": {"../x": {"bytes": 1, "digest": ""}}}):
        header = json.loads(msgspec.json.encode(found.header)) | change
        (found.folder / HEADER).write_text(json.dumps(header))
        with pytest.raises(StorageError, match="outside of its folder"):
            load(found.folder)


def test_a_filter_with_pickled_objects_is_refused(tmp_path: Path):
    found = filter_of(tmp_path, tsv_of_scenes(range(60)))
    path = found.folder / found.header.generation / "listeners.npy"
    np.save(path, np.array([{"a": 1}] * 36, dtype=object), allow_pickle=True)
    header = json.loads((found.folder / HEADER).read_text())
    header["files"]["listeners"]["bytes"] = path.stat().st_size
    (found.folder / HEADER).write_text(json.dumps(header))
    with pytest.raises(StorageError, match="listeners"):
        load(found.folder)
