"""The trained filter on disk: a folder of memory-mapped arrays and one small header that names them.

    DIR/similarity.json            what is here and what it was trained on; replaced in one step
    DIR/GENERATION/*.npy           the arrays; never changed once the header names them

Readers follow the header, so that they see the old filter or the new one, and never half of each. Arrays are
read without pickle: whoever hands you such a folder cannot run code in it.
"""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from brainarr.domain.music import Mbid
from brainarr.errors import StorageError
from brainarr.similarity.heard import NAMED, hash64, name_key
from brainarr.similarity.recipe import Recipe

FORMAT = 1
HEADER = "similarity.json"
REMEDY = "Build it again: brainarr similarity build INPUT... --output DIR"

Array = NDArray[Any]


class ArrayFile(msgspec.Struct, frozen=True):
    bytes: int
    digest: str
    """blake2b of the file."""


class ModelHeader(msgspec.Struct, frozen=True):
    name: str
    weight: float
    people: int
    """The people it was fitted to."""


class Header(msgspec.Struct, frozen=True):
    format: int
    generation: str
    """The folder of the arrays, named after the time of training and their content."""
    trained_at: datetime
    engine: str
    people: int
    artists: int
    interactions: int
    recipe: Recipe
    models: tuple[ModelHeader, ...]
    files: dict[str, ArrayFile]


@dataclass(frozen=True)
class Artifact:
    """A filter that is ready to rank. Arrays are mapped, not read; `len` is the number of artists."""

    folder: Path
    header: Header
    arrays: Mapping[str, Array]

    def __len__(self) -> int:
        return self.header.artists

    def name(self, column: int) -> str:
        return text_at(self.arrays, "names", column)

    def mbid(self, column: int) -> Mbid | None:
        known = text_at(self.arrays, "identities", column)
        return None if known.startswith(NAMED) else Mbid(known)

    def columns_of_mbids(self, mbids: Sequence[Mbid]) -> NDArray[np.int64]:
        """The column of each; -1 for what it does not know."""
        wanted = np.array(mbids, dtype="S36")
        sorted_mbids = self.arrays["mbids"]
        if not len(sorted_mbids) or not len(wanted):
            return np.full(len(wanted), -1)
        places = np.minimum(np.searchsorted(sorted_mbids, wanted), len(sorted_mbids) - 1)
        columns = self.arrays["mbid_columns"][places].astype(np.int64)
        return np.where(sorted_mbids[places] == wanted, columns, -1)

    def columns_of_name(self, name: str) -> NDArray[np.int64]:
        """Every artist of that name, however it is spelt."""
        order, wanted = self.arrays["name_order"], np.uint64(hash64(name_key(name)))
        hashes = self.arrays["name_hashes"]
        first = np.searchsorted(hashes, wanted, "left", sorter=order)
        last = np.searchsorted(hashes, wanted, "right", sorter=order)
        return np.sort(order[first:last]).astype(np.int64)


def text_at(arrays: Mapping[str, Array], name: str, place: int) -> str:
    ends = arrays[f"{name}_ends"]
    start = int(ends[place - 1]) if place else 0
    return arrays[name][start : int(ends[place])].tobytes().decode()


def packed_texts(name: str, texts: Iterable[str]) -> dict[str, Array]:
    """Texts as two arrays, their UTF-8 bytes in one go and where each ends: what can be mapped."""
    parts = [text.encode("utf-8", "replace") for text in texts]
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    return {name: np.frombuffer(b"".join(parts), np.uint8), f"{name}_ends": ends}


def unpacked_texts(arrays: Mapping[str, Array], name: str) -> tuple[str, ...]:
    whole, ends = arrays[name].tobytes(), arrays[f"{name}_ends"].tolist()
    return tuple(whole[start:end].decode() for start, end in zip([0, *ends], ends, strict=False))


def artist_arrays(identities: Sequence[str], names: Sequence[str]) -> dict[str, Array]:
    """What finds an artist by MBID and by name. `identities` are sorted."""
    identified = [column for column, known in enumerate(identities) if not known.startswith(NAMED)]
    keys = (hash64(name_key(name)) if name else 0 for name in names)
    hashes = np.fromiter(keys, np.uint64, len(names))
    return {
        **packed_texts("identities", identities),
        **packed_texts("names", names),
        "mbids": np.array([identities[column] for column in identified], dtype="S36"),
        "mbid_columns": np.array(identified, np.int32),
        "name_hashes": hashes,
        "name_order": np.argsort(hashes, kind="stable").astype(np.int32),
    }


def prepare(folder: Path) -> None:
    """Makes the folder and tries to write in it: training may take hours. Raises StorageError."""
    beside = folder / f".new-{os.getpid()}"
    try:
        beside.mkdir(parents=True, exist_ok=True)
        beside.rmdir()
    except OSError as error:
        raise _unwritable(folder, error) from None


def write(folder: Path, header: Header, arrays: Mapping[str, Array]) -> Header:
    """Puts a new filter in the place of the old one; returns the header with generation and files filled in.

    Raises StorageError. What fails, or is killed, leaves the old one as it is.
    """
    beside = folder / f".new-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        files = {name: _write_array(beside / f"{name}.npy", array) for name, array in arrays.items()}
        content = blake2b(header.trained_at.isoformat().encode(), digest_size=8)
        for name in sorted(files):
            content.update(f"{name} {files[name].digest}\n".encode())
        header = msgspec.structs.replace(header, generation=content.hexdigest(), files=files)
        generation = folder / header.generation
        if generation.exists():
            shutil.rmtree(generation)
        beside.rename(generation)
        _write_durably(folder / f"{HEADER}.new", msgspec.json.format(msgspec.json.encode(header)))
        os.replace(folder / f"{HEADER}.new", folder / HEADER)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise _unwritable(folder, error) from None
    # A reader that holds the old arrays keeps them: they are unlinked, not emptied.
    for other in folder.iterdir():
        ours = _is_generation(other.name) or other.name.startswith(".new-")
        if other != generation and ours and _holds_arrays_only(other):
            shutil.rmtree(other, ignore_errors=True)
    return header


def _unwritable(folder: Path, error: OSError) -> StorageError:
    why = error.strerror or str(error)
    return StorageError(f"{folder}: no filter can be written here ({why}).", remedy="Name another --output.")


def _holds_arrays_only(folder: Path) -> bool:
    """So that nothing of anybody else's is ever deleted, whatever its name."""
    return folder.is_dir() and all(file.suffix == ".npy" for file in folder.iterdir())


def _is_generation(name: str) -> bool:
    return len(name) == 16 and set(name) <= set("0123456789abcdef")


def _write_array(path: Path, array: Array) -> ArrayFile:
    np.save(path, array, allow_pickle=False)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    return ArrayFile(path.stat().st_size, file_digest(path))


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def file_digest(path: Path) -> str:
    content = blake2b(digest_size=16)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            content.update(chunk)
    return content.hexdigest()


def load(folder: Path) -> Artifact:
    """Maps the filter in `folder`. Raises StorageError, which names the file and what to do.

    Sizes and shapes are checked, contents are not (`verify` is for that): a mapped filter is ready in
    milliseconds.
    """
    header = read_header(folder)
    try:
        return _load(folder, header)
    except StorageError:
        # A new filter may have taken its place between the two looks.
        newer = read_header(folder)
        if newer.generation == header.generation:
            raise
        return _load(folder, newer)


def _load(folder: Path, header: Header) -> Artifact:
    arrays: dict[str, Array] = {}
    for name, file in header.files.items():
        path = folder / header.generation / f"{name}.npy"
        arrays[name] = _map(path, file)
    _check_shapes(folder / header.generation, header, arrays)
    return Artifact(folder, header, arrays)


def read_header(folder: Path) -> Header:
    """What the folder holds. Raises StorageError."""
    path = folder / HEADER
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise StorageError(f"{path}: there is no filter here.", remedy=REMEDY) from None
    except OSError as error:
        raise StorageError(f"{path}: unreadable ({error}).", remedy=REMEDY) from None
    try:
        found = msgspec.json.decode(raw, type=dict[str, Any]).get("format")
        if found != FORMAT:
            raise StorageError(f"{path}: format {found!r:.20}, this version reads {FORMAT}.", remedy=REMEDY)
        header = msgspec.json.decode(raw, type=Header)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StorageError(f"{path}: not a header of a filter ({str(error)[:200]}).", remedy=REMEDY) from None
    if not _is_generation(header.generation) or not all(map(str.isidentifier, header.files)):
        raise StorageError(f"{path}: names files outside of its folder.", remedy=REMEDY)
    return header


def _map(path: Path, file: ArrayFile) -> Array:
    try:
        size = path.stat().st_size
        if size != file.bytes:
            raise StorageError(f"{path}: {size:,} bytes instead of {file.bytes:,}.", remedy=REMEDY)
        # A plain view of the mapping: each slice of a memmap costs microseconds more.
        return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    except FileNotFoundError:
        raise StorageError(f"{path}: missing.", remedy=REMEDY) from None
    except (OSError, ValueError, EOFError) as error:
        raise StorageError(f"{path}: unreadable ({str(error)[:200]}).", remedy=REMEDY) from None


def _check_shapes(folder: Path, header: Header, arrays: Mapping[str, Array]) -> None:
    artists, keep = header.artists, header.recipe.keep
    expected = {
        "identities": (np.uint8, 1), "identities_ends": (np.int64, artists), "names": (np.uint8, 1),
        "names_ends": (np.int64, artists), "mbids": (np.dtype("S36"), 1), "mbid_columns": (np.int32, 1),
        "name_hashes": (np.uint64, artists), "name_order": (np.int32, artists),
        "listeners": (np.int32, artists),
    }  # fmt: skip
    for name, (kind, length) in expected.items():
        array = arrays.get(name)
        if array is None or array.dtype != kind or array.ndim != 1 or (length != 1 and len(array) != length):
            raise StorageError(f"{folder / name}.npy: not what the header says.", remedy=REMEDY)
    for model in header.models:
        for part, kind in (("artists", np.int32), ("weights", np.float32)):
            array = arrays.get(f"{model.name}_{part}")
            if array is None or array.dtype != kind or array.shape != (artists, keep):
                raise StorageError(
                    f"{folder / model.name}_{part}.npy: not what the header says.", remedy=REMEDY
                )
