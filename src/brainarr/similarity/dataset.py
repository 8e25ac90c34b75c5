"""A data set to be evaluated on: a folder of tables, `NAME.tsv` or `NAME.tsv.gz`, UTF-8 with a header.

artists    artist, name, and where known mbid, begin (year), country
trained    user, artist     what every system may learn from; a person's library
heldout    user, artist     what is to be found again; may be absent
tags       user, artist, tag, who said it; may be absent
model_answers.jsonl         {"model", "user", "answer"}, one answer of a language model a line; may be absent
"""

import csv
import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
import scipy.sparse as sp

from brainarr.errors import ConfigurationError, Fault
from brainarr.similarity.models import Interactions

_LONGEST_FIELD = 100_000
_GZIP_FAULTS = (OSError, EOFError, UnicodeDecodeError, csv.Error)


@dataclass(frozen=True)
class Catalogue:
    """Every artist that is known; a column is a place in these tuples. Those that anybody listens to come
    first: the matrices have only their columns."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    years: tuple[int | None, ...]
    """When the artist began."""
    countries: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Tags:
    """Who called which artist what: three equally long columns."""

    people: np.ndarray[tuple[int], np.dtype[np.int64]]
    """Row of the person; -1 for somebody who is not evaluated."""
    artists: np.ndarray[tuple[int], np.dtype[np.int64]]
    words: np.ndarray[tuple[int], np.dtype[np.int64]]
    """Place in `vocabulary`."""
    vocabulary: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """People × listened-to artists, twice: what is known and what is to be found again."""

    people: tuple[str, ...]
    catalogue: Catalogue
    trained: Interactions
    heldout: Interactions | None
    tags: Tags
    answers: Mapping[str, Mapping[int, str]]
    """Model → row of a person → its raw answer."""


class _Answer(msgspec.Struct):
    model: str
    user: str | int
    answer: str


def read_dataset(folder: Path) -> Dataset:
    """Raises ConfigurationError that names the file, the line and what is allowed."""
    known = {row["artist"]: row for row in _rows(folder, "artists", ("artist", "name"))}
    trained = _pairs(folder, "trained", known)
    heldout = _pairs(folder, "heldout", known) if _find(folder, "heldout") else None
    if not trained:
        raise _unusable(folder / "trained.tsv", "no line", "at least one person with an artist")
    people = tuple(dict.fromkeys(user for user, _ in (*trained, *(heldout or ()))))
    listened = dict.fromkeys(artist for _, artist in (*trained, *(heldout or ())))
    ids = tuple(dict.fromkeys((*listened, *known)))
    rows = {user: row for row, user in enumerate(people)}
    columns = {artist: column for column, artist in enumerate(listened)}
    catalogue = Catalogue(
        ids,
        tuple(known[artist]["name"] for artist in ids),
        tuple(_year(known[artist].get("begin")) for artist in ids),
        tuple(known[artist].get("country") or "" for artist in ids),
    )
    return Dataset(
        people,
        catalogue,
        _matrix(trained, rows, columns),
        _matrix(heldout, rows, columns) if heldout is not None else None,
        _tags(folder, rows, columns),
        _answers(folder, rows),
    )


def held_out_inside(dataset: Dataset, share: float, seed: int) -> Dataset:
    """The same people with `share` of what they are known to like held out of it, for tuning: what was held
    out before stays untouched. Everybody loses at least one artist and keeps at least one."""
    rng = np.random.default_rng(seed)
    trained = dataset.trained
    hidden = np.zeros(trained.nnz, dtype=bool)
    for start, end in zip(trained.indptr.tolist(), trained.indptr[1:].tolist(), strict=False):
        places = np.arange(start, end, dtype=np.int64)
        rng.shuffle(places)
        hidden[places[: min(len(places) - 1, max(1, round(share * len(places))))]] = True
    rows = np.repeat(np.arange(trained.shape[0]), np.diff(trained.indptr))
    return replace(
        dataset,
        trained=_of_cells(rows[~hidden], trained.indices[~hidden], trained.shape),
        heldout=_of_cells(rows[hidden], trained.indices[hidden], trained.shape),
    )


def _of_cells(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]) -> Interactions:
    return sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(shape[0], shape[1]))


def _matrix(
    pairs: list[tuple[str, str]], rows: Mapping[str, int], columns: Mapping[str, int]
) -> Interactions:
    cells = sorted({(rows[user], columns[artist]) for user, artist in pairs})
    row, column = np.array(cells or [(0, 0)], dtype=np.int64).T
    values = np.ones(len(cells)) if cells else np.zeros(1)
    return sp.csr_array((values, (row, column)), shape=(len(rows), len(columns)))


def _pairs(folder: Path, table: str, known: Mapping[str, object]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for number, row in enumerate(_rows(folder, table, ("user", "artist")), start=2):
        if row["artist"] not in known:
            where = f"{table}.tsv, line {number}"
            raise _unusable(Path(where), f"artist {row['artist']}", "an artist of artists.tsv")
        pairs.append((row["user"], row["artist"]))
    return pairs


def _tags(folder: Path, rows: Mapping[str, int], columns: Mapping[str, int]) -> Tags:
    words: dict[str, int] = {}
    found: list[tuple[int, int, int]] = []
    if _find(folder, "tags"):
        for row in _rows(folder, "tags", ("user", "artist", "tag")):
            word = " ".join(row["tag"].lower().split())
            if row["artist"] in columns and word:
                place = words.setdefault(word, len(words))
                found.append((rows.get(row["user"], -1), columns[row["artist"]], place))
    people, artists, places = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return Tags(people, artists, places, tuple(words))


def _answers(folder: Path, rows: Mapping[str, int]) -> dict[str, dict[int, str]]:
    path = _find(folder, "model_answers", "jsonl")
    answers: dict[str, dict[int, str]] = {}
    if path is None:
        return answers
    try:
        with _open(path) as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    said = msgspec.json.decode(line, type=_Answer)
                except msgspec.DecodeError as error:
                    where = Path(f"{path}, line {number}")
                    raise _unusable(
                        where, str(error), 'a JSON object with "model", "user" and "answer"'
                    ) from None
                if (row := rows.get(str(said.user))) is not None:
                    answers.setdefault(said.model, {})[row] = said.answer
    except _GZIP_FAULTS as error:
        raise _unusable(path, str(error), "a readable file of JSON lines in UTF-8") from None
    return answers


def _find(folder: Path, table: str, ending: str = "tsv") -> Path | None:
    paths = (folder / f"{table}.{ending}.gz", folder / f"{table}.{ending}")
    return next((path for path in paths if path.is_file()), None)


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _rows(folder: Path, table: str, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Cells of lines that are too short are empty; what stands in `needed` must not be."""
    path = _find(folder, table)
    if path is None:
        allowed = "a folder with artists.tsv and trained.tsv (or .tsv.gz), columns as in docs/evaluation.md"
        raise _unusable(folder, f"no {table}.tsv", allowed)
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with _open(path) as lines:
            reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                columns = ", ".join(reader.fieldnames or ()) or "none"
                raise _unusable(path, f"columns {columns}", f"columns {', '.join(needed)}")
            for number, row in enumerate(reader, start=2):
                empty = [name for name in needed if not row[name].strip()]
                if empty:
                    raise _unusable(
                        Path(f"{path}, line {number}"), f"no {empty[0]}", "a value in that column"
                    )
                yield row
    except _GZIP_FAULTS as error:
        raise _unusable(path, str(error), "a readable table in UTF-8, columns separated by tabs") from None


def _year(text: str | None) -> int | None:
    digits = (text or "").strip()[:4]
    return int(digits) if len(digits) == 4 and digits.isascii() and digits.isdigit() else None


def _unusable(where: Path, given: str, allowed: str) -> ConfigurationError:
    return ConfigurationError([Fault(str(where), given, allowed)])
