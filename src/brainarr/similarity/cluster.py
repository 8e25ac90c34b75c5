"""The same filter as a Spark program, for dumps that no single machine should read.

Listens become (person, artist) pairs, people and artists without enough of each other go, every two artists
of a person become one term of the sums that `models.Factors` describes, and the strongest neighbours of each
artist come back to the driver. The formulas are those of the local engine: weights depend on nothing but an
artist's listeners or a person's number of artists, so the driver computes them once and Spark joins them.

Executors import brainarr to read names, so it must be installed where they run.
"""

# PySpark is an extra, and its columns and frames carry no types that would help.
# pyright: basic, reportMissingImports=false

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS
from brainarr.errors import ConfigurationError, Fault
from brainarr.similarity.artifact import Header
from brainarr.similarity.build import no_core, write_filter
from brainarr.similarity.bulk import artists_of
from brainarr.similarity.exports import LISTENS, ReadReport, find_files, kind_of, read_tsv_columns
from brainarr.similarity.heard import NAMED, PLAYS_LIMIT, UnusableLine, hash64, identity, name_key
from brainarr.similarity.interactions import CORE_ROUNDS, NOBODY
from brainarr.similarity.neighbours import Neighbours, ease_by_people, ease_of_shared, no_neighbours, set_row
from brainarr.similarity.recipe import Recipe
from brainarr.similarity.spectral import LEAST_SINGULAR, low_pass_of, thinned
from brainarr.similarity.train import co_listening_factors

NEEDS = (
    "PySpark with Java 17, which is not installed: pip install 'brainarr[spark]', and openjdk-17-jre-headless"
)
LISTEN = (
    "user_name string, user_id bigint, track_metadata struct<artist_name: string,"
    " additional_info: struct<artist_mbids: array<string>>,"
    " mbid_mapping: struct<artist_mbids: array<string>,"
    " artists: array<struct<artist_mbid: string, artist_credit_name: string>>>>"
)


def build_on_spark(
    inputs: Sequence[Path], recipe: Recipe, folder: Path, *, trained_at: datetime
) -> tuple[Header, ReadReport]:
    """Reads, trains and writes the filter to `folder` on the driver. Runs in the session that spark-submit
    began, else in a local one. Raises ConfigurationError, also where PySpark is missing.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise ConfigurationError([Fault("--engine", "spark", NEEDS)]) from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = SparkSession.builder.appName("brainarr similarity").getOrCreate()
    try:
        report = ReadReport()
        heard, names = _read(session, inputs, report)
        pairs = _core(heard, recipe)
        return _train(session, pairs, names, recipe, folder, trained_at), report
    finally:
        session.stop()


def _read(session: Any, inputs: Sequence[Path], report: ReadReport) -> tuple[Any, Any]:
    """(person, identity, plays) and (identity, name), names joined as `interactions.join_names` does."""
    from pyspark.sql import DataFrame
    from pyspark.sql import functions as F

    files = find_files(inputs)
    report.files += len(files)
    lines = reduce(DataFrame.unionByName, (_read_file(session, path) for path in files))
    counted = lines.groupBy("person", "credit").agg(
        F.least(F.sum("plays"), F.lit(PLAYS_LIMIT)).alias("plays"), F.count("*").alias("lines")
    )
    read_credit = F.udf(_credit, "array<struct<identity: string, name: string>>")
    credits = counted.select("credit").distinct().withColumn("artists", read_credit("credit"))
    counted = counted.join(credits, "credit", "left").persist()
    usable = (F.size("artists") > 0) & (F.col("person") != "")
    unusable = F.sum(F.when(usable, 0).otherwise(F.col("lines")))
    [(total, skipped)] = counted.agg(F.sum("lines"), unusable).collect()
    report.lines += total or 0
    if skipped:
        report.skip_all("all files", "no listen with a user and an artist", skipped)
    heard = counted.where(usable).select("person", "plays", F.inline("artists"))
    heard = heard.groupBy("person", "identity", "name").agg(F.sum("plays").alias("plays")).persist()
    spelt = heard.groupBy("identity", "name").agg(F.sum("plays").alias("plays"))
    voted = F.max_by("name", F.when(F.col("name") != "", F.struct("plays", "name")))
    names = spelt.groupBy("identity").agg(F.coalesce(voted, F.lit("")).alias("name")).persist()
    key = F.udf(name_key, "string")
    real = names.where(~F.col("identity").isin(*SPECIAL_PURPOSE_ARTISTS))
    bearers = (
        real.where(~F.col("identity").startswith(NAMED) & (F.col("name") != ""))
        .groupBy(F.concat(F.lit(NAMED), key("name")).alias("identity"))
        .agg(F.min("identity").alias("bearer"), F.count("*").alias("bearers"))
        .where("bearers = 1")
    )
    nobody = [*SPECIAL_PURPOSE_ARTISTS, *(NAMED + name for name in NOBODY)]
    heard = (
        heard.where(~F.col("identity").isin(*nobody))
        .join(bearers.select("identity", "bearer"), "identity", "left")
        .groupBy("person", F.coalesce("bearer", "identity").alias("identity"))
        .agg(F.sum("plays").alias("plays"))
    )
    return heard, names


def _credit(credit: str) -> list[tuple[str, str]]:
    """(identity, name) of the artists that it names; none where it cannot be used."""
    try:
        return [(identity(heard.name, heard.mbid), heard.name) for heard in artists_of(credit)]
    except UnusableLine:
        return []


def _read_file(session: Any, path: Path) -> Any:
    """(person, credit, plays), one row a line; what has no form has an empty credit."""
    from pyspark.sql import functions as F

    kind = kind_of(path)
    if kind == ".parquet":
        mapping = F.struct(F.col("artist_credit_mbids").alias("artist_mbids"))
        track = F.struct("artist_name", mapping.alias("mbid_mapping")).alias("track_metadata")
        person = F.concat(F.lit("#"), F.col("user_id").cast("string"))
        rows = session.read.parquet(str(path))
        return rows.select(
            person.alias("person"), F.to_json(F.struct(track)).alias("credit"), F.lit(1).alias("plays")
        )
    lines = session.read.text(str(path)).where("value <> ''")
    if kind in LISTENS:
        listen = lines.select(F.from_json("value", LISTEN).alias("listen")).select("listen.*")
        number = F.concat(F.lit("#"), F.col("user_id").cast("string"))
        person = F.coalesce(F.when(F.col("user_name") != "", F.col("user_name")), number, F.lit(""))
        credit = F.coalesce(F.to_json(F.struct("track_metadata")), F.lit("{}"))
        return listen.select(person.alias("person"), credit.alias("credit"), F.lit(1).alias("plays"))
    if kind == ".tsv":
        columns = read_tsv_columns(path)
        fields = F.split(F.regexp_replace("value", "\r$", ""), "\t", -1)
        by_name = {name: F.get(fields, place) for place, name in enumerate(columns)}
        plays = by_name.get("plays", F.lit("1"))
        formed = (F.size(fields) == len(columns)) & plays.rlike("^0*[1-9][0-9]{0,17}$")
        pair = F.array(by_name.get("name", F.lit("")), F.trim(by_name.get("mbid", F.lit(""))))
        return lines.where(
            F.lower(F.regexp_replace("value", "^\ufeff|\r$", "")) != "\t".join(columns)
        ).select(
            F.coalesce(by_name["user"], F.lit("")).alias("person"),
            F.when(formed, F.to_json(pair)).otherwise("{}").alias("credit"),
            F.when(formed, F.least(plays.cast("bigint"), F.lit(PLAYS_LIMIT))).otherwise(1).alias("plays"),
        )
    raise ConfigurationError(
        [Fault(str(path), kind, "--engine local for it; spark reads .tsv, .jsonl, .listens and .parquet")]
    )


def _core(heard: Any, recipe: Recipe) -> Any:
    """(person, identity), each person cut to the most played, both sides thinned: `interactions.core`."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    order = Window.partitionBy("person").orderBy(F.desc("plays"), "identity")
    pairs = heard.withColumn("place", F.row_number().over(order)).where(F.col("place") <= recipe.most_artists)
    pairs = pairs.select("person", "identity").localCheckpoint()
    size = pairs.count()
    for _ in range(CORE_ROUNDS):
        enough = pairs.groupBy("identity").count().where(F.col("count") >= recipe.least_listeners)
        telling = pairs.groupBy("person").count().where(F.col("count") >= recipe.least_artists)
        pairs = (
            pairs.join(enough, "identity", "left_semi").join(telling, "person", "left_semi").localCheckpoint()
        )
        before, size = size, pairs.count()
        if size == before:
            break
    return pairs


def _train(
    session: Any, pairs: Any, names: Any, recipe: Recipe, folder: Path, trained_at: datetime
) -> Header:
    from pyspark.sql import functions as F

    counted = pairs.groupBy("identity").agg(F.count("*").alias("listeners")).join(names, "identity")
    artists = sorted((row.identity, row.name, row.listeners) for row in counted.collect())
    if not artists:
        raise no_core("no people and artists left", recipe)
    listeners = np.array([artist[2] for artist in artists], np.float64)
    columns = session.createDataFrame(
        [(artist[0], column) for column, artist in enumerate(artists)], "identity string, column int"
    )
    breadth = pairs.groupBy("person").agg(F.count("*").alias("breadth"))
    cells = pairs.join(F.broadcast(columns), "identity").join(breadth, "person")
    cells = cells.select("person", "column", "breadth").localCheckpoint()
    people = breadth.count()
    trained: dict[str, Neighbours] = {}
    fitted = {name: people for name in recipe.weights}
    shared = _shared(session, cells, listeners, recipe)
    for name in recipe.weights:
        if name == "ease":
            trained[name], fitted[name] = _ease(session, cells, shared, listeners, people, recipe)
        elif name == "spectral":
            trained[name] = _spectral(session, cells, shared, listeners, people, recipe)
        else:
            trained[name] = _strongest(session, shared, name, listeners, recipe)
    return write_filter(
        folder,
        recipe,
        trained,
        fitted,
        identities=tuple(artist[0] for artist in artists),
        names=tuple(artist[1] for artist in artists),
        listeners=listeners.astype(np.int32),
        people=people,
        trained_at=trained_at,
        engine="spark",
        kept={},
    )


def _shared(session: Any, cells: Any, listeners: Any, recipe: Recipe) -> Any:
    """(row, column, both, and for each model but EASE its co-listening sum) of every two artists that share a
    listener.
    """
    from pyspark.sql import functions as F

    widths = np.array([row.breadth for row in cells.select("breadth").distinct().collect()], np.float64)
    models = [name for name in recipe.weights if name != "ease"]
    weights = [co_listening_factors(name, listeners, widths, recipe).person for name in models]
    schema = ", ".join(["breadth bigint", *(f"{name} double" for name in models)])
    rows = [(int(width), *map(float, of_model)) for width, *of_model in zip(widths, *weights, strict=True)]
    ones = cells.select("person", F.col("column").alias("row"), "breadth")
    others = cells.select("person", "column")
    pairs = ones.join(others, "person").where("row < column")
    pairs = pairs.join(F.broadcast(session.createDataFrame(rows, schema)), "breadth")
    sums = [F.sum(name).alias(name) for name in models]
    half = pairs.groupBy("row", "column").agg(F.count("*").alias("both"), *sums).persist()
    mirrored = half.select(F.col("column").alias("row"), F.col("row").alias("column"), "both", *models)
    return half.unionByName(mirrored)


def _strongest(session: Any, shared: Any, name: str, listeners: Any, recipe: Recipe) -> Neighbours:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    factors = co_listening_factors(name, listeners, np.ones(1), recipe)
    columns = range(len(listeners))
    owned = session.createDataFrame(
        list(zip(columns, factors.owned.tolist(), strict=True)), "row int, owned double"
    )
    candidate = session.createDataFrame(
        list(zip(columns, factors.candidate.tolist(), strict=True)), "column int, candidate double"
    )
    # Single precision before the choice, as in the local engine, so that both break ties in the same way.
    weight = (F.col(name) * F.col("candidate") * F.col("owned")).cast("float")
    weighed = shared.join(F.broadcast(owned), "row").join(F.broadcast(candidate), "column")
    weighed = weighed.select("row", "column", weight.alias("weight")).where("weight > 0")
    order = Window.partitionBy("row").orderBy(F.desc("weight"), "column")
    best = weighed.withColumn("place", F.row_number().over(order)).where(F.col("place") <= recipe.keep)
    rows = best.groupBy("row").agg(
        F.array_sort(F.collect_list(F.struct("place", "column", "weight"))).alias("best")
    )
    found = no_neighbours(len(listeners), recipe.keep)
    for row in rows.toLocalIterator():
        set_row(
            found,
            row.row,
            np.array([entry.column for entry in row.best], np.int64),
            np.array([entry.weight for entry in row.best], np.float32),
        )
    return found


def _ease(
    session: Any, cells: Any, shared: Any, listeners: Any, people: int, recipe: Recipe
) -> tuple[Neighbours, int]:
    """Solved on the driver, for all artists or the most telling people: `neighbours.ease_neighbours`."""
    from pyspark.sql import functions as F

    size = len(listeners)
    if size <= min(people, recipe.solver):
        both = np.diag(listeners)
        for row in shared.select("row", "column", "both").toLocalIterator():
            both[row.row, row.column] = row.both
        return ease_of_shared(both, recipe.l2, recipe.keep), people
    rarity = np.log1p(people / listeners).tolist()
    told = session.createDataFrame(list(enumerate(rarity)), "column int, rarity double")
    hashed = F.udf(lambda person: f"{hash64(person):016x}", "string")
    chosen = (
        cells.join(F.broadcast(told), "column")
        .groupBy("person")
        .agg(F.sum("rarity").alias("told"))
        .withColumn("hash", hashed("person"))
        .orderBy(F.desc("told"), "hash")
        .limit(recipe.solver)
    )
    rows = cells.join(F.broadcast(chosen), "person").select("hash", "column").collect()
    hashes, places = np.unique([row.hash for row in rows], return_inverse=True)
    columns = np.array([row.column for row in rows])
    interactions = sp.csr_array((np.ones(len(rows)), (places, columns)), shape=(len(hashes), size))
    return ease_by_people(interactions, recipe.l2, recipe.keep), len(hashes)


def _spectral(
    session: Any, cells: Any, shared: Any, listeners: Any, people: int, recipe: Recipe
) -> Neighbours:
    """`spectral.spectral_neighbours`: the singular vectors by Spark's own decomposition, whose products run
    on the executors; each row is put together and thinned there.
    """
    from pyspark.mllib.linalg import Vectors
    from pyspark.mllib.linalg.distributed import RowMatrix
    from pyspark.sql import functions as F

    size, keep = len(listeners), recipe.keep
    root = np.sqrt(listeners)

    def normed(row: Any) -> Any:
        columns = np.sort(np.array(row.columns, np.int64))
        return Vectors.sparse(size, columns, 1.0 / root[columns] / np.sqrt(row.breadth))

    of_person = cells.groupBy("person", "breadth").agg(F.collect_list("column").alias("columns"))
    matrix = RowMatrix(of_person.rdd.map(normed).persist(), people, size)
    rank = min(recipe.rank, min(people, size) - 1)
    if rank > 0:
        found = matrix.computeSVD(rank, rCond=LEAST_SINGULAR)
        smooth = low_pass_of(found.V.toArray(), found.s.toArray(), root, recipe.mixed)
    else:
        smooth = low_pass_of(np.empty((size, 0)), np.empty(0), root, recipe.mixed)
    sent = session.sparkContext.broadcast(smooth)
    factors = co_listening_factors("spectral", listeners, np.ones(1), recipe)

    def best_of(row: Any) -> tuple[int, list[int], list[float]]:
        others = np.array([entry.column for entry in row.direct or ()], np.int64)
        sums = np.array([entry.spectral for entry in row.direct or ()], np.float64)
        dense = sent.value.owned[row.row] @ sent.value.candidate.T
        columns, weights = thinned(dense, row.row, others, sums, factors, keep)
        return row.row, columns.tolist(), weights.tolist()

    direct = shared.groupBy("row").agg(F.collect_list(F.struct("column", "spectral")).alias("direct"))
    everybody = session.createDataFrame([(column,) for column in range(size)], "row int")
    neighbours = no_neighbours(size, keep)
    for row, columns, weights in everybody.join(direct, "row", "left").rdd.map(best_of).toLocalIterator():
        set_row(neighbours, row, np.array(columns, np.int64), np.array(weights, np.float32))
    return neighbours
