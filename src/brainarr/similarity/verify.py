"""Whether a filter on disk is whole: the bytes that were written, and arrays that lead somewhere.

Loading looks at sizes and shapes only. A disk may rot, and a filter may come from somebody else with digests
that agree: ranking trusts whatever stands in the arrays, so they are read once before.
"""

import contextlib
from collections.abc import Iterator, Mapping
from math import isfinite

import numpy as np

from brainarr.domain.music import parse_mbid
from brainarr.errors import StorageError
from brainarr.similarity.artifact import HEADER, REMEDY, Array, Artifact, file_digest, unpacked_texts
from brainarr.similarity.heard import NAMED

_MOST_WEIGHT = 1e6


def verify(artifact: Artifact) -> None:
    """Raises StorageError that names the first file which is not what was written, or makes no sense."""
    where = artifact.folder / artifact.header.generation
    for name, file in artifact.header.files.items():
        with contextlib.suppress(OSError):
            if file_digest(where / f"{name}.npy") == file.digest:
                continue
        raise StorageError(f"{where / name}.npy: not what was written.", remedy=REMEDY)
    for name in _senseless(artifact):
        raise StorageError(f"{where / name}.npy: makes no sense.", remedy=REMEDY)
    if any(
        not (isfinite(model.weight) and 0 < model.weight <= _MOST_WEIGHT) for model in artifact.header.models
    ):
        raise StorageError(f"{artifact.folder / HEADER}: a model's weight makes no sense.", remedy=REMEDY)


def _senseless(artifact: Artifact) -> Iterator[str]:
    """Names of arrays that ranking could not follow."""
    arrays, size = artifact.arrays, len(artifact)
    if _read(arrays, "names") is None:
        yield "names"
    identities = _read(arrays, "identities")
    if identities is None or not all(map(_is_identity, identities)):
        yield "identities"
        return
    mbids, columns = arrays["mbids"], arrays["mbid_columns"]
    places: list[int] = columns.tolist()
    if len(mbids) != len(columns) or not _all_within(columns, size):
        yield "mbid_columns"
    # Whoever searches in what is not sorted finds nothing.
    elif [identities[place].encode() for place in places] != mbids.tolist() or (
        mbids[1:] <= mbids[:-1]
    ).any():
        yield "mbids"
    if not np.array_equal(np.sort(arrays["name_order"]), np.arange(size)):
        yield "name_order"
    for model in artifact.header.models:
        if not _all_within(arrays[f"{model.name}_artists"], size):
            yield f"{model.name}_artists"
        if not np.isfinite(arrays[f"{model.name}_weights"]).all():
            yield f"{model.name}_weights"


def _read(arrays: Mapping[str, Array], name: str) -> tuple[str, ...] | None:
    ends = arrays[f"{name}_ends"]
    if len(ends) and (np.diff(ends, prepend=0).min() < 0 or ends[-1] != len(arrays[name])):
        return None
    try:
        return unpacked_texts(arrays, name)
    except UnicodeDecodeError:
        return None


def _is_identity(text: str) -> bool:
    return text.startswith(NAMED) or parse_mbid(text) == text


def _all_within(columns: Array, size: int) -> bool:
    return not columns.size or bool(0 <= columns.min() <= columns.max() < size)
