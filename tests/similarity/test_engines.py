"""Every engine agrees with the local one: DuckDB on what was read, Spark on the whole filter."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import brainarr
from brainarr.errors import ConfigurationError
from brainarr.similarity.artifact import load
from brainarr.similarity.build import build, refresh
from brainarr.similarity.exports import ReadReport, read_files
from brainarr.similarity.interactions import Listening
from brainarr.similarity.recipe import Recipe
from brainarr.similarity.verify import verify
from tests.conftest import EVERYTHING
from tests.similarity.worlds import listening_of, mbid, name, tsv_of_scenes

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def as_listens(text: str) -> str:
    """A TSV of ours as a dump of ListenBrainz, each play a line."""
    lines: list[str] = []
    for row in text.splitlines()[1:]:
        user, artist, known, plays = row.split("\t")
        track = {"artist_name": artist, "additional_info": {"artist_mbids": [known]} if known else {}}
        lines += [json.dumps({"user_name": user, "track_metadata": track})] * (int(plays) % 3 + 1)
    return "\n".join(lines) + "\n"


def mixed_folder(folder: Path) -> Path:
    """A dump with lines that cannot be used, in two formats."""
    folder.mkdir()
    text = tsv_of_scenes(range(40), without_mbid=frozenset({3, 20}))
    (folder / "1.listens").write_text(as_listens(text) + '{"broken\n[]\n{"track_metadata": {}}\n')
    bad = f"ann\tX\tzz\t1\nann\t\t\t1\nann\tY\t\t-1\nann\n\t{name(3)}\t\t1\nann\t{name(3).upper()}\t\t5\n"
    (folder / "2.tsv").write_text(tsv_of_scenes(range(40, 60)) + bad)
    return folder


def same(one: Listening, other: Listening) -> None:
    assert (one.identities, one.names) == (other.identities, other.names)
    assert one.people.tolist() == other.people.tolist()
    assert np.array_equal(one.plays.toarray(), other.plays.toarray())


def counts(report: ReadReport) -> tuple[int, int, int]:
    return report.files, report.lines, report.skipped


def read_bulk(inputs: list[Path]) -> tuple[Listening, ReadReport]:
    pytest.importorskip("duckdb", reason="needs DuckDB: pip install 'brainarr[bulk]'")
    from brainarr.similarity import bulk

    return bulk.read_bulk(inputs)


def test_duckdb_reads_what_the_local_engine_reads_and_skips_what_it_skips(tmp_path: Path):
    folder = mixed_folder(tmp_path / "dump")
    local, local_report = read_files([folder])
    other, report = read_bulk([folder])
    same(local, other)
    assert counts(report) == counts(local_report)
    assert local_report.skipped == 8
    assert "2.tsv: mbid is no MusicBrainz identifier (1 lines)" in map(str, report.first_skipped)


def test_duckdb_reads_the_parquet_that_listenbrainz_makes_for_spark(tmp_path: Path):
    duckdb = pytest.importorskip("duckdb", reason="needs DuckDB: pip install 'brainarr[bulk]'")
    rows = f"""(values (1, 'Air', ['{mbid(1)}']), (1, 'Air', ['{mbid(1)}']), (2, 'Moon', null),
        (2, 'A & B', ['{mbid(2)}', '{mbid(3)}'])) as listens (user_id, artist_name, artist_credit_mbids)"""
    path = tmp_path / "0.parquet"
    duckdb.sql(f"copy (select now() as listened_at, * from {rows}) to '{path}'")
    listening, report = read_bulk([path])
    assert listening.identities == (mbid(1), mbid(2), mbid(3), "=moon")
    assert listening.names == ("Air", "", "", "Moon")
    assert (sorted(listening.plays.data.tolist()), report.lines) == ([1, 1, 1, 2], 4)


@pytest.mark.parametrize(
    ("file", "content"), [("x.parquet", b"PAR1"), ("x.csv", b"a,b,c,d"), ("x.jsonl", b"\x00{")]
)
def test_duckdb_refuses_what_it_cannot_read_by_name(tmp_path: Path, file: str, content: bytes):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ConfigurationError, match=file):
        read_bulk([tmp_path / file])


def test_a_missing_engine_is_named_with_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from brainarr.similarity import bulk, cluster

    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'brainarr\[bulk\]'"):
        bulk.read_bulk([tmp_path])
    with pytest.raises(ConfigurationError, match=r"pip install 'brainarr\[spark\]'.*openjdk-17-jre-headless"):
        cluster.build_on_spark([tmp_path], Recipe(), tmp_path / "filter", trained_at=NOW)


def spark_submit() -> Path:
    """What starts a Spark program, as on a cluster."""
    if not EVERYTHING:
        pytest.skip("half a minute of processor time: .ci/run has it, BRAINARR_REQUIRE_SERVERS=1")
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        pytest.skip("needs PySpark: pip install --require-hashes -r requirements/spark.txt")
    if shutil.which("java") is None:
        pytest.skip("needs Java 17: apt-get install openjdk-17-jre-headless")
    return Path(found.origin).parent / "bin" / "spark-submit"


def test_spark_builds_the_same_filter_through_spark_submit(tmp_path: Path):
    submit = spark_submit()
    folder = mixed_folder(tmp_path / "dump")
    done = subprocess.run(
        [
            submit, "--master", "local[1]", "--conf", "spark.ui.enabled=false",
            "--conf", "spark.sql.shuffle.partitions=1", "--conf", "spark.default.parallelism=1",
            "--conf", "spark.sql.adaptive.enabled=false", "--conf", "spark.driver.host=127.0.0.1",
            # A thousand lines are done before code for them would be compiled.
            "--conf", "spark.sql.codegen.wholeStage=false",
            "--conf", "spark.sql.codegen.factoryMode=NO_CODEGEN",
            "--driver-java-options", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "--conf", f"spark.local.dir={tmp_path}", Path(brainarr.__file__).parent / "__main__.py",
            "similarity", "build", folder, "--output", tmp_path / "spark",
            "--engine", "spark", "--keep", "12",
        ],
        env={
            **os.environ, "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1", "PYTHONPATH": str(Path(brainarr.__file__).parent.parent),
        },
        capture_output=True, text=True, cwd=tmp_path, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    # spark-submit has one stream for all that the program says.
    said = [line for line in done.stdout.splitlines() if "could not be used" in line]
    assert said == ["8 of 966 lines could not be used:"]
    listening, _ = read_files([folder])
    build(listening, Recipe(keep=12), tmp_path / "local", trained_at=NOW, engine="local")
    spark, local = load(tmp_path / "spark"), load(tmp_path / "local")
    verify(spark)
    assert (spark.header.people, spark.header.engine) == (local.header.people, "spark")
    assert spark.header.models == local.header.models
    for key, array in spark.arrays.items():
        if key.endswith("_weights"):
            assert np.allclose(array, local.arrays[key], rtol=1e-5, atol=1e-7), key
        elif key not in (
            "ease_artists",
            "spectral_artists",
        ):  # equal weights but for the last digit may stand in another order
            assert np.array_equal(array, local.arrays[key]), key
    with pytest.raises(ConfigurationError, match="without its listens"):
        refresh(tmp_path / "spark", listening, trained_at=NOW, engine="local")


def test_a_filter_of_listens_and_one_of_counts_agree_on_who_is_near(tmp_path: Path):
    counted = listening_of(tmp_path, tsv_of_scenes(range(30)))
    listens = listening_of(tmp_path, as_listens(tsv_of_scenes(range(30))), "1.listens")
    assert counted.identities == listens.identities
    assert np.array_equal(counted.plays.toarray() > 0, listens.plays.toarray() > 0)
