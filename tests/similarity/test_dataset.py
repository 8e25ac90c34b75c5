"""Data sets as they are read: plain or compressed, with a clear word about what cannot be used."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainarr.errors import ConfigurationError
from brainarr.similarity.dataset import Dataset, held_out_inside, read_dataset
from brainarr.similarity.models import Interactions
from tests.conftest import examples
from tests.datasets import COLD_ARTIST, COLD_PERSON, Tables, said, scenes, write


def pairs(data: Dataset, matrix: Interactions) -> set[tuple[str, str]]:
    rows, columns = matrix.nonzero()
    return {
        (data.people[row], data.catalogue.ids[column])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    }


def of_table(tables: Tables, name: str) -> set[tuple[str, str]]:
    return {(str(user), str(artist)) for user, artist, *_ in tables[name][1:]}


@pytest.mark.parametrize("compressed", [False, True])
def test_a_data_set_is_read_as_it_is_written(tmp_path: Path, compressed: bool):
    tables = scenes()
    answers = [said("gpt", "p1", ["tango band 0"]), said("gpt", "nobody", ["tango band 1"])]
    data = read_dataset(write(tmp_path, tables, answers, compressed=compressed))
    assert data.heldout is not None
    assert pairs(data, data.trained) == of_table(tables, "trained")
    assert pairs(data, data.heldout) == of_table(tables, "heldout")
    assert set(data.catalogue.ids) == {str(row[0]) for row in tables["artists"][1:]}
    column = data.catalogue.ids.index("a5")
    assert (data.catalogue.names[column], data.catalogue.years[column]) == ("tango band 5", 1965)
    assert data.answers == {"gpt": {data.people.index("p1"): "1. tango band 0"}}
    assert data.tags.vocabulary == ("grime", "polka", "seen live", "tango")


def test_only_what_is_known_has_a_column(tmp_path: Path):
    data = read_dataset(write(tmp_path, scenes()))
    assert COLD_ARTIST not in data.catalogue.ids[: data.trained.shape[1]]
    assert data.people[-1] == COLD_PERSON and not data.trained[[len(data.people) - 1]].nnz
    tagged = {data.catalogue.ids[column] for column in data.tags.artists.tolist()}
    assert COLD_ARTIST not in tagged


def test_repeated_lines_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path):
    tables = scenes()
    plain = read_dataset(write(tmp_path / "plain", tables))
    folder = write(tmp_path / "windows", {**tables, "trained": [*tables["trained"], *tables["trained"][1:9]]})
    for file in folder.iterdir():
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    windows = read_dataset(folder)
    assert windows.people == plain.people and windows.catalogue == plain.catalogue
    assert pairs(windows, windows.trained) == pairs(plain, plain.trained)


def test_a_heldout_without_lines_is_none(tmp_path: Path):
    assert read_dataset(write(tmp_path, {**scenes(), "heldout": [("user", "artist")]})).heldout is None


GZIPPED = gzip.compress(b"user\tartist\n" + b"p1\ta1\n" * 9)
UNUSABLE = {
    "no table": (
        "trained.tsv",
        None,
        r"no trained\.tsv is not usable; allowed: trained\.tsv or \.tsv\.gz with user",
    ),
    "missing column": ("trained.tsv", b"user\tband\n", r"trained\.tsv, line 1: columns user, band"),
    "empty file": ("trained.tsv", b"", r"trained\.tsv, line 1: columns none"),
    "no line": ("trained.tsv", b"user\tartist\n", r"trained\.tsv: no line .* at least one person"),
    "unknown artist": (
        "trained.tsv",
        b"user\tartist\n\np1\ta1\np1\tzz\n",
        r"trained\.tsv, line 4: artist zz is not usable; allowed: an artist of artists\.tsv",
    ),
    "unknown heldout artist": ("heldout.tsv", b"user\tartist\np1\tzz\n", r"heldout\.tsv, line 2: artist zz"),
    "empty cell": ("trained.tsv", b"user\tartist\np1\n", r"trained\.tsv, line 2: no artist"),
    "nameless artist": ("artists.tsv", b"artist\tname\na1\t \n", r"artists\.tsv, line 2: no name"),
    "binary": ("trained.tsv", b"\x80\xff\x00" * 99, r"trained\.tsv, after line 1: .* a readable table"),
    "binary gzip": ("trained.tsv.gz", b"\x80\xff\x00" * 99, r"trained\.tsv\.gz, after line 1: "),
    "cut gzip": ("trained.tsv.gz", GZIPPED[:-9], r"trained\.tsv\.gz, after line \d+: "),
    "broken gzip": (
        "trained.tsv.gz",
        GZIPPED[:12] + b"\xff\xff\xff" + GZIPPED[15:],
        r"trained\.tsv\.gz, after line 1: ",
    ),
    "huge field": (
        "tags.tsv",
        b"user\tartist\ttag\np1\ta1\tx\np1\ta1\t" + b"x" * 200_000,
        r"tags\.tsv, after line 2: field larger",
    ),
    "broken JSON": ("model_answers.jsonl", b'\n{"model": "m", ', r"model_answers\.jsonl, line 2: "),
    "other JSON": ("model_answers.jsonl", b"[1]\n", r"model_answers\.jsonl, line 1: .*array"),
    "deep JSON": (
        "model_answers.jsonl",
        b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        r"model_answers\.jsonl, line 1: ",
    ),
    "a model of two lines": (
        "model_answers.jsonl",
        b'{"model": "a\\nb", "user": 1, "answer": ""}',
        r"line 1: model 'a\\\\?nb' is not usable; allowed: a name that can be printed",
    ),
    "binary answers": (
        "model_answers.jsonl",
        b"\xff\xfe\x00",
        r"model_answers\.jsonl: .* JSON lines in UTF-8",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_table_is_refused_with_file_line_and_what_is_allowed(tmp_path: Path, case: str):
    name, content, message = UNUSABLE[case]
    folder = write(tmp_path, scenes())
    (folder / name.removesuffix(".gz")).unlink(missing_ok=True)
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        read_dataset(folder)


@settings(max_examples=examples(60))
@given(
    st.sampled_from(["artists.tsv", "trained.tsv.gz", "heldout.tsv", "tags.tsv.gz", "model_answers.jsonl"]),
    st.binary(max_size=60),
    st.booleans(),
)
def test_whatever_a_table_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes, zipped: bool
):
    folder = write(tmp_path_factory.mktemp("data"), scenes())
    (folder / name.removesuffix(".gz")).unlink(missing_ok=True)
    header = b"user\tartist\ttag\tname\n"
    (folder / name).write_bytes(gzip.compress(header + content) if zipped else header + content)
    try:
        read_dataset(folder)
    except ConfigurationError as error:
        assert name in str(error) or "no line" in str(error) or "artist" in str(error)


libraries = st.lists(st.integers(1, 12), min_size=1, max_size=6)


@given(libraries, st.floats(0.01, 0.9), st.integers(0, 99))
def test_what_is_hidden_inside_is_a_share_of_everybodys_known_artists(
    sizes: list[int], share: float, seed: int
):
    data = _of_sizes(sizes)
    inner = held_out_inside(data, share, seed)
    assert inner.heldout is not None and inner.people == data.people
    assert inner.heldout.shape == (len(sizes), len(data.catalogue))
    seen, hidden = pairs(inner, inner.trained), pairs(inner, inner.heldout)
    assert seen | hidden == pairs(data, data.trained) and not seen & hidden
    for size, left in zip(sizes, np.diff(inner.trained.indptr).tolist(), strict=True):
        assert left >= 1
        assert size - left == (min(size - 1, max(1, round(share * size))))
    again = held_out_inside(data, share, seed)
    assert again.heldout is not None and pairs(again, again.heldout) == hidden


def test_another_seed_hides_others_and_what_was_held_out_stays_out(tmp_path: Path):
    data = read_dataset(write(tmp_path, scenes()))
    assert data.heldout is not None
    one, other = held_out_inside(data, 0.1, 0), held_out_inside(data, 0.1, 1)
    assert one.heldout is not None and other.heldout is not None
    assert pairs(one, one.heldout) != pairs(other, other.heldout)
    assert not pairs(one, one.heldout) & pairs(data, data.heldout)
    assert not pairs(one, one.trained) & pairs(data, data.heldout)


def _of_sizes(sizes: list[int]) -> Dataset:
    """Person n listens to the first of `sizes[n]` artists."""
    from tempfile import TemporaryDirectory

    tables: Tables = {
        "artists": [("artist", "name"), *((f"a{number}", f"Band {number}") for number in range(max(sizes)))],
        "trained": [
            ("user", "artist"),
            *((f"p{person}", f"a{number}") for person, size in enumerate(sizes) for number in range(size)),
        ],
    }
    with TemporaryDirectory() as folder:
        return read_dataset(write(Path(folder), tables))
