"""Trains the models of a recipe, whole or only where something changed."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from brainarr.similarity.interactions import Core
from brainarr.similarity.models import (
    Factors,
    Floats,
    bm25_factors,
    breadth,
    popularity,
    rp3beta_factors,
)
from brainarr.similarity.neighbours import (
    Ints,
    Neighbours,
    co_listening_neighbours,
    ease_neighbours,
    fill_rows,
    no_neighbours,
    row_sizes,
    set_row,
    shared_rows,
    strongest,
)
from brainarr.similarity.recipe import Recipe
from brainarr.similarity.spectral import spectral_factors, spectral_neighbours

REFRESH_ENTRIES = 40_000_000
"""Entries of W in changed rows beyond which a whole training is no slower, and needs less memory."""


@dataclass(frozen=True)
class Trained:
    """The neighbours of each model over the artists of `core`, and the people that each was fitted to."""

    core: Core
    models: dict[str, Neighbours]
    fitted: dict[str, int]


def train(core: Core, recipe: Recipe, previous: Trained | None = None) -> Trained:
    """Every model of the recipe that has a weight.

    With `previous`, trained by the same recipe, a co-listening model computes anew only the rows that
    changed, and gives exactly what a whole training gives; EASE and the spectral filter have no part that
    stays, for every weight depends on all.
    """
    models: dict[str, Neighbours] = {}
    fitted: dict[str, int] = {}
    for name in recipe.weights:
        if name == "ease":
            models[name], chosen = ease_neighbours(core.interactions, recipe.l2, recipe.keep, recipe.solver)
            fitted[name] = len(chosen)
            continue
        fitted[name] = len(core.people)
        if name == "spectral":
            models[name] = spectral_neighbours(core.interactions, recipe.rank, recipe.mixed, recipe.keep)
            continue
        factors = factors_of(name, core, recipe)
        models[name] = (
            refreshed(
                core, factors, previous.core, factors_of(name, previous.core, recipe), previous.models[name]
            )
            if previous
            else co_listening_neighbours(core.interactions, factors, recipe.keep)
        )
    return Trained(core, models, fitted)


def factors_of(name: str, core: Core, recipe: Recipe) -> Factors:
    return co_listening_factors(name, popularity(core.interactions), breadth(core.interactions), recipe)


def co_listening_factors(name: str, listeners: Floats, owned: Floats, recipe: Recipe) -> Factors:
    """Of the model of that name: `rp3beta`, `bm25`, or the direct part of `spectral`."""
    if name == "rp3beta":
        return rp3beta_factors(listeners, owned, recipe.beta)
    if name == "spectral":
        return spectral_factors(listeners, owned)
    return bm25_factors(listeners, owned, recipe.k1, recipe.b)


def refreshed(core: Core, factors: Factors, before: Core, old: Factors, stored: Neighbours) -> Neighbours:
    """What `co_listening_neighbours` gives for `core`, knowing what it gave `before`.

    An entry between two artists that did not change is the same as before. So a row of an unchanged artist is
    its stored entries, with those of changed artists computed anew, unless one of them fell so low that an
    entry that was never stored may stand above it.
    """
    keep = stored.weights.shape[1]
    old_column = _places(core.identities, before.identities)
    changed = _changed(core, factors, before, old, old_column)
    rows = np.flatnonzero(changed)
    if row_sizes(core.interactions)[rows].sum() > REFRESH_ENTRIES:
        return co_listening_neighbours(core.interactions, factors, keep)
    new_column = _places(before.identities, core.identities)
    fresh = _columns(core, factors, rows)
    found = no_neighbours(len(core.identities), keep)
    again = rows.tolist()
    for artist in np.flatnonzero(~changed).tolist():
        place = old_column[artist]
        weights = stored.weights[place]
        columns = new_column[stored.artists[place]]
        stays = (weights > 0.0) & (columns >= 0)
        stays[stays] = ~changed[columns[stays]]
        part = slice(fresh.indptr[artist], fresh.indptr[artist + 1])
        others = np.concatenate((columns[stays], fresh.indices[part]))
        entries = np.concatenate((weights[stays].astype(np.float64), fresh.data[part]))
        best, best_weights = strongest(others, entries, keep)
        # What was never stored ranks behind the lowest that was: below it, or as low in a higher column.
        lowest = weights[-1]
        if lowest == 0.0 or stays.all():
            complete = True
        elif len(best) < keep or best_weights[-1] < lowest:
            complete = False
        else:
            complete = best_weights[-1] > lowest or best[-1] == columns[-1]
        if not complete:
            again.append(artist)
        else:
            set_row(found, artist, best, best_weights)
    fill_rows(found, core.interactions, factors, np.sort(np.array(again, np.int64)))
    return found


def _places(of: tuple[str, ...], within: tuple[str, ...]) -> Ints:
    """Where each of `of` stands in `within`; -1 where it does not."""
    place = {name: number for number, name in enumerate(within)}
    return np.fromiter((place.get(name, -1) for name in of), np.int64, len(of))


def _changed(core: Core, factors: Factors, before: Core, old: Factors, old_column: Ints) -> NDArray[np.bool_]:
    """The artists of `core` that are new, weigh otherwise, or have a listener who came, went or weighs
    otherwise.
    """
    changed = old_column < 0
    known = np.flatnonzero(~changed)
    for now, then in ((factors.owned, old.owned), (factors.candidate, old.candidate)):
        changed[known] |= now[known] != then[old_column[known]]
    new_column = _places(before.identities, core.identities)
    everybody = np.union1d(core.people, before.people)
    weight, weighed = np.zeros(len(everybody)), np.zeros(len(everybody))
    of_now, of_then = np.searchsorted(everybody, core.people), np.searchsorted(everybody, before.people)
    weight[of_now], weighed[of_then] = factors.person, old.person
    now, then = sp.coo_array(core.interactions), sp.coo_array(before.interactions)
    people_now, people_then = of_now[now.row], of_then[then.row]
    columns_then = new_column[then.col]
    there = columns_then >= 0
    cells = np.setxor1d(
        people_now << 32 | now.col.astype(np.int64),
        people_then[there] << 32 | columns_then[there],
        assume_unique=True,
    )
    changed[cells & 0xFFFFFFFF] = True
    otherwise = weight != weighed
    changed[now.col[otherwise[people_now]]] = True
    changed[columns_then[otherwise[people_then] & there]] = True
    return changed


def _columns(core: Core, factors: Factors, columns: Ints) -> sp.csr_array:
    """These columns of W, artists × artists: sums over shared listeners are symmetric, so rows tell."""
    size = len(core.identities)
    found = [
        (
            others,
            np.full(len(others), column, np.int32),
            sums * factors.candidate[column] * factors.owned[others],
        )
        for column, others, sums in shared_rows(core.interactions, factors.person, columns)
    ]
    if not found:
        return sp.csr_array((size, size), dtype=np.float64)
    rows, places, entries = (np.concatenate(part) for part in zip(*found, strict=True))
    return sp.csr_array((entries, (rows, places)), shape=(size, size))
