"""From listens to a filter on disk, and from more listens to a fresher one."""

from datetime import datetime
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from brainarr.errors import ConfigurationError, Fault
from brainarr.similarity import artifact
from brainarr.similarity.artifact import Array, Artifact, Header, ModelHeader
from brainarr.similarity.interactions import Core, Listening, core, merge
from brainarr.similarity.models import popularity
from brainarr.similarity.neighbours import Neighbours
from brainarr.similarity.recipe import Recipe
from brainarr.similarity.train import Trained, train
from brainarr.similarity.verify import verify


def build(listening: Listening, recipe: Recipe, folder: Path, *, trained_at: datetime, engine: str) -> Header:
    """Trains on `listening` and puts the filter into `folder`.

    Raises ConfigurationError where the thresholds leave nothing, StorageError where it cannot be written.
    """
    trained = train(_core(listening, recipe), recipe)
    return _write(listening, trained, recipe, folder, trained_at=trained_at, engine=engine)


def refresh(folder: Path, added: Listening, *, trained_at: datetime, engine: str) -> Header:
    """The filter in `folder` with the people of `added` put in, each in the place of what was known of them.

    The result is that of a build with the same recipe from all of it. Raises as `build` does, StorageError
    also where there is no filter to refresh.
    """
    found = artifact.load(folder)
    verify(found)
    recipe, before = found.header.recipe, kept_listening(found)
    listening = merge(before, added)
    previous = Trained(
        core(before, recipe),
        {model.name: neighbours_of(found, model.name) for model in found.header.models},
        {model.name: model.people for model in found.header.models},
    )
    trained = train(_core(listening, recipe), recipe, previous)
    return _write(listening, trained, recipe, folder, trained_at=trained_at, engine=engine)


def _core(listening: Listening, recipe: Recipe) -> Core:
    found = core(listening, recipe)
    if found.interactions.nnz:
        return found
    people, artists = listening.plays.shape
    raise no_core(f"{people:,} people and {artists:,} artists", recipe)


def no_core(given: str, recipe: Recipe) -> ConfigurationError:
    """That the thresholds leave nothing to train on."""
    allowed = (
        f"people with {recipe.least_artists} artists (--least-artists) that have {recipe.least_listeners} "
        "listeners each (--least-listeners); no artist is left. A household alone is too small: "
        "add public listens"
    )
    return ConfigurationError([Fault("listens", given, allowed)])


def neighbours_of(found: Artifact, model: str) -> Neighbours:
    return Neighbours(found.arrays[f"{model}_artists"], found.arrays[f"{model}_weights"])


def kept_listening(found: Artifact) -> Listening:
    """What a filter was trained on. Raises ConfigurationError where it keeps nothing of it."""
    if "heard_people" not in found.arrays:
        raise ConfigurationError(
            [Fault(str(found.folder), "a filter without its listens", "a new build: a cluster keeps none")]
        )
    identities = artifact.unpacked_texts(found.arrays, "heard_identities")
    people = np.asarray(found.arrays["heard_people"])
    parts = tuple(np.asarray(found.arrays[f"heard_{part}"]) for part in ("plays", "indices", "indptr"))
    plays = sp.csr_array(parts, shape=(len(people), len(identities)))
    return Listening(people, identities, artifact.unpacked_texts(found.arrays, "heard_names"), plays)


def _write(
    listening: Listening, trained: Trained, recipe: Recipe, folder: Path, *, trained_at: datetime, engine: str
) -> Header:
    kept = {
        "heard_people": listening.people,
        "heard_plays": listening.plays.data,
        "heard_indices": listening.plays.indices,
        "heard_indptr": listening.plays.indptr,
        **artifact.packed_texts("heard_identities", listening.identities),
        **artifact.packed_texts("heard_names", listening.names),
    }
    listeners = popularity(trained.core.interactions).astype(np.int32)
    return write_filter(
        folder,
        recipe,
        trained.models,
        trained.fitted,
        identities=trained.core.identities,
        names=trained.core.names,
        listeners=listeners,
        people=len(trained.core.people),
        trained_at=trained_at,
        engine=engine,
        kept=kept,
    )


def write_filter(
    folder: Path,
    recipe: Recipe,
    models: dict[str, Neighbours],
    fitted: dict[str, int],
    *,
    identities: tuple[str, ...],
    names: tuple[str, ...],
    listeners: Array,
    people: int,
    trained_at: datetime,
    engine: str,
    kept: dict[str, Array],
) -> Header:
    """Writes what an engine trained; `kept` are the listens that a refresh starts from, or nothing."""
    arrays: dict[str, Array] = {**artifact.artist_arrays(identities, names), "listeners": listeners, **kept}
    for name, neighbours in models.items():
        arrays |= {f"{name}_artists": neighbours.artists, f"{name}_weights": neighbours.weights}
    header = Header(
        format=artifact.FORMAT,
        generation="",
        trained_at=trained_at,
        engine=engine,
        people=people,
        artists=len(identities),
        interactions=int(listeners.sum()),
        recipe=recipe,
        models=tuple(ModelHeader(name, recipe.weights[name], fitted[name]) for name in models),
        files={},
    )
    return artifact.write(folder, header, arrays)
