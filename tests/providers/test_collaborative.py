"""The trained filter as a source: what it proposes for a library, and what it says when it cannot."""

import shutil
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from brainarr.domain.music import Library, Mbid
from brainarr.domain.recommendation import Candidate
from brainarr.errors import ProviderRejected
from brainarr.providers.collaborative import CollaborativeFilter
from brainarr.similarity.artifact import HEADER, Header, load, write
from brainarr.similarity.build import build
from brainarr.similarity.recipe import Recipe
from tests.conftest import NOW
from tests.pipeline.builders import library, owned
from tests.similarity.worlds import listening_of, mbid, name, scene_of, tsv_of_scenes


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    listening = listening_of(folder, tsv_of_scenes(range(60)))
    build(listening, Recipe(), folder / "filter", trained_at=NOW, engine="local")
    return folder / "filter"


@pytest.fixture
def trained(built: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    shutil.copytree(built, tmp_path / "filter")
    return tmp_path / "filter"


def holding(*artists: int) -> Library:
    return library(*(owned(number, name(number), mbid=mbid(number)) for number in artists))


async def propose(
    folder: Path, found: Library, weights: dict[int, float] | None = None
) -> tuple[Candidate, ...]:
    usual = {artist.id: 1.0 for artist in found.artists}
    return await CollaborativeFilter(folder).propose(found, usual if weights is None else weights)


async def test_who_is_near_the_whole_library_comes_first_with_the_owned_who_say_so(built: Path):
    found = await propose(built, holding(0, 1, 2))
    assert {scene_of(int(one.artist.split()[1])) for one in found[:9]} == {0}
    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    strengths = [one.strength or 0.0 for one in found]
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[-1] > 0
    for one in found:
        assert (one.source, one.seed, one.counted) == ("similarity", None, False)
        assert one.mbid == mbid(int(one.artist.split()[1]))
        assert one.artist not in {name(0), name(1), name(2)}
    assert {said for said, _ in found[0].because} <= {name(0), name(1), name(2)}
    assert sum(share for _, share in found[0].because) == pytest.approx(1)


async def test_what_weighs_more_in_the_library_says_more(built: Path):
    found = holding(0, 12)
    first = [
        scene_of(int((await propose(built, found, weights))[0].artist.split()[1]))
        for weights in ({0: 0.9, 12: 0.1}, {0: 0.1, 12: 0.9})
    ]
    assert first == [0, 1]


async def test_a_library_of_strangers_gets_no_proposals(built: Path):
    assert await propose(built, library(owned(1, "Nobody of them"))) == ()
    assert await propose(built, library()) == ()


@pytest.mark.parametrize("known", [mbid(0), None])
async def test_the_owned_are_named_as_the_library_spells_them(tmp_path: Path, known: Mbid | None):
    """Else the same artist would be two in the evidence, one for each source that names it."""
    listening = listening_of(tmp_path, tsv_of_scenes(range(60), without_mbid=frozenset({0})))
    if known:
        listening = listening_of(tmp_path, tsv_of_scenes(range(60)))
    build(listening, Recipe(), tmp_path, trained_at=NOW, engine="local")
    found = await propose(tmp_path, library(owned(7, "BAND 0", mbid=known)))
    assert {said for one in found for said, _ in one.because} == {"BAND 0"}


async def test_it_says_in_one_line_what_it_is(built: Path):
    assert (
        await CollaborativeFilter(built).check() == "36 artists, from 60 people, trained 2026-11-22 (local)"
    )


async def test_a_filter_that_takes_the_place_of_another_is_asked_from_then_on(trained: Path, tmp_path: Path):
    source = CollaborativeFilter(trained)
    before = await source.propose(holding(0), {0: 1.0})
    others = listening_of(tmp_path, tsv_of_scenes(range(40), seed=9))
    build(others, Recipe(), trained, trained_at=NOW, engine="local")
    assert await source.propose(holding(0), {0: 1.0}) != before
    assert (await source.check()).startswith("35 artists, from 40 people")


async def test_without_a_filter_it_says_how_to_build_one(tmp_path: Path):
    with pytest.raises(ProviderRejected, match="there is no filter here") as refused:
        await propose(tmp_path / "none", holding(0))
    assert "brainarr similarity build" in refused.value.remedy


TEXTS = ["identities", "identities_ends", "names", "names_ends"]
INDEX = ["mbids", "mbid_columns", "name_order"]
MODELS = ["ease_artists", "ease_weights", "rp3beta_artists"]


def rot(folder: Path, array: str) -> None:
    """Of the right size and shape still: only the content is wrong."""
    (file,) = folder.glob(f"*/{array}.npy")
    content = file.read_bytes()
    file.write_bytes(content[:128] + b"\xfd" * (len(content) - 128))


@pytest.mark.parametrize("array", [*TEXTS, *INDEX, *MODELS, "name_hashes", "listeners"])
async def test_bytes_that_rotted_are_found_before_anybody_is_named(trained: Path, array: str):
    rot(trained, array)
    source = CollaborativeFilter(trained)
    for ask in (source.check, partial(source.propose, holding(0), {0: 1.0})):
        with pytest.raises(ProviderRejected, match=rf"{array}\.npy: not what was written") as refused:
            await ask()
        assert "brainarr similarity build" in refused.value.remedy


@pytest.mark.parametrize("array", [*TEXTS, *INDEX, *MODELS])
async def test_a_foreign_filter_whose_arrays_lead_nowhere_is_refused(trained: Path, array: str):
    """Written as a whole one is, with digests that agree: from somebody who meant it."""
    found = load(trained)
    arrays = {known: np.array(values) for known, values in found.arrays.items()}
    wrong = {"S": b"\xff" * 36, "f": np.nan, "i": -(10**6), "u": 255}
    arrays[array][:] = wrong[arrays[array].dtype.kind]
    write(trained, found.header, arrays)
    with pytest.raises(ProviderRejected, match=array.removesuffix("_ends")):
        await propose(trained, holding(0))


@pytest.mark.parametrize("weight", [-1.0, 0.0, 1e308])
async def test_a_model_that_weighs_nothing_sensible_is_refused(trained: Path, weight: float):
    header = msgspec.json.decode((trained / HEADER).read_bytes(), type=Header)
    models = tuple(msgspec.structs.replace(model, weight=weight) for model in header.models)
    (trained / HEADER).write_bytes(msgspec.json.encode(msgspec.structs.replace(header, models=models)))
    with pytest.raises(ProviderRejected, match=r"similarity\.json"):
        await propose(trained, holding(0))
