"""A data set to be evaluated on: a folder of tables, `NAME.tsv` or `NAME.tsv.gz`, UTF-8 with a header.

artists    artist, name, and where known mbid, begin (year), country
trained    user, artist     what every system may learn from; a person's library
heldout    user, artist     what is to be found again; may be absent
tags       user, artist, tag, who said it; may be absent
model_answers.jsonl         {"model", "user", "answer"}, one answer of a language model a line; may be absent
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import scipy.sparse as sp

from brainarr.similarity.models import Interactions
from brainarr.similarity.tables import UNREADABLE, find_table, open_table, read_table, unusable


@dataclass(frozen=True)
class Catalogue:
    """Every artist that is known; a column is a place in these tuples. Those in `trained` come first."""

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
    """What is known of everybody, and what is to be found again."""

    people: tuple[str, ...]
    """Those in `trained` first."""
    catalogue: Catalogue
    trained: Interactions
    """People × artists in `trained`. Nobody else has a column: that an artist is held out somewhere would
    tell."""
    heldout: Interactions | None
    """People × the whole catalogue; None where there is nothing to measure with."""
    tags: Tags
    answers: Mapping[str, Mapping[int, str]]
    """Model → row of a person → its raw answer."""


class _Answer(msgspec.Struct):
    model: str
    user: str | int
    answer: str


def read_dataset(folder: Path) -> Dataset:
    """Raises ConfigurationError that names the file, the line and what is allowed."""
    listed = read_table(folder, "artists", ("artist", "name"), also=("begin", "country"))
    known = {artist: facts for _, (artist, *facts) in listed}
    trained = _pairs(folder, "trained", known)
    heldout = _pairs(folder, "heldout", known) if find_table(folder, "heldout") else []
    if not trained:
        raise unusable(folder / "trained.tsv", "no line", "at least one person with an artist")
    people = tuple(dict.fromkeys(user for user, _ in (*trained, *heldout)))
    listened = dict.fromkeys(artist for _, artist in trained)
    ids = tuple(dict.fromkeys((*listened, *known)))
    rows = {user: row for row, user in enumerate(people)}
    columns = {artist: column for column, artist in enumerate(ids)}
    catalogue = Catalogue(
        ids,
        tuple(known[artist][0] for artist in ids),
        tuple(_year(known[artist][1]) for artist in ids),
        tuple(known[artist][2] for artist in ids),
    )
    return Dataset(
        people,
        catalogue,
        _matrix(trained, rows, columns, len(listened)),
        _matrix(heldout, rows, columns, len(ids)) if heldout else None,
        _tags(folder, rows, columns, len(listened)),
        _answers(folder, rows),
    )


def held_out_inside(dataset: Dataset, share: float, seed: int) -> Dataset:
    """The same people with `share` of what they are known to like held out of it, for tuning: what was held
    out before stays untouched. Whoever has two artists or more loses at least one and keeps at least one."""
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
        heldout=_of_cells(
            rows[hidden], trained.indices[hidden], (len(dataset.people), len(dataset.catalogue))
        ),
    )


def _of_cells(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]) -> Interactions:
    return sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(shape[0], shape[1]))


def _matrix(
    pairs: list[tuple[str, str]], rows: Mapping[str, int], columns: Mapping[str, int], width: int
) -> Interactions:
    cells = sorted({(rows[user], columns[artist]) for user, artist in pairs})
    row, column = np.array(cells, dtype=np.int64).T
    return _of_cells(row, column, (len(rows), width))


def _pairs(folder: Path, table: str, known: Mapping[str, object]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for where, (user, artist) in read_table(folder, table, ("user", "artist")):
        if artist not in known:
            raise unusable(where, f"artist {artist:.80}", "an artist of artists.tsv")
        pairs.append((user, artist))
    return pairs


def _tags(folder: Path, rows: Mapping[str, int], columns: Mapping[str, int], width: int) -> Tags:
    """Tags of artists that nobody is known to listen to are left out: such an artist is never compared."""
    said: list[tuple[int, int, str]] = []
    if find_table(folder, "tags"):
        for _, (user, artist, tag) in read_table(folder, "tags", ("user", "artist", "tag")):
            column = columns.get(artist, width)
            if column < width:
                said.append((rows.get(user, -1), column, " ".join(tag.lower().split())))
    # In alphabetical order: who said a word first must not show.
    vocabulary = tuple(sorted({word for _, _, word in said}))
    place = {word: number for number, word in enumerate(vocabulary)}
    cells = [(person, column, place[word]) for person, column, word in said]
    people, artists, places = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    return Tags(people, artists, places, vocabulary)


def _answers(folder: Path, rows: Mapping[str, int]) -> dict[str, dict[int, str]]:
    path = find_table(folder, "model_answers", "jsonl")
    answers: dict[str, dict[int, str]] = {}
    if path is None:
        return answers
    try:
        with open_table(path) as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                said = _read_answer(line, f"{path}, line {number}")
                if (row := rows.get(str(said.user))) is not None:
                    answers.setdefault(said.model, {})[row] = said.answer
    except UNREADABLE as error:
        raise unusable(path, str(error), "a readable file of JSON lines in UTF-8") from None
    return answers


def _read_answer(line: str, where: str) -> _Answer:
    try:
        said = msgspec.json.decode(line, type=_Answer)
    except (msgspec.DecodeError, RecursionError) as error:
        allowed = 'a JSON object with "model", "user" and "answer"'
        raise unusable(where, str(error), allowed) from None
    if not said.model.strip() or not said.model.isprintable():
        raise unusable(where, f"model {said.model[:80]!r}", "a name that can be printed in one line")
    return said


def _year(text: str | None) -> int | None:
    digits = (text or "").strip()[:4]
    return int(digits) if len(digits) == 4 and digits.isascii() and digits.isdigit() else None
