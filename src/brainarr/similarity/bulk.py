"""Reads files larger than memory on one machine: DuckDB adds up the plays, out of core, and we read the rest.

DuckDB groups millions of lines into (person, credit, plays); a credit is the little of a line that names its
artists, as the JSON of a listen. Each different credit is then read once, by the same code that reads lines
one by one, so that both engines agree on every artist.
"""

# ruff: noqa: S608 - the SQL is put together from our own constants; what files say are parameters and columns.

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np

from brainarr.errors import ConfigurationError, Fault
from brainarr.similarity.exports import (
    FORMATS,
    LINE_LIMIT,
    LISTENS,
    ReadReport,
    find_files,
    kind_of,
    read_tsv_columns,
    refuse_nonsense,
)
from brainarr.similarity.heard import PLAYS_LIMIT, Heard, UnusableLine, hash64, heard_of, identity
from brainarr.similarity.interactions import Listening, arrange
from brainarr.similarity.listens import read_listen

NEEDS = "DuckDB, which is not installed: pip install 'brainarr[bulk]'"
MEMORY = "2GB"
"""What DuckDB holds before it spills to a temporary folder."""
BATCH = 100_000

# The artists of a listen, shortened to what `read_listen` looks at.
CREDIT_OF_LISTEN = """json_object('track_metadata', json_object(
    'artist_name', json_extract(line, '$.track_metadata.artist_name'),
    'additional_info', json_object(
        'artist_mbids', json_extract(line, '$.track_metadata.additional_info.artist_mbids')
    ),
    'mbid_mapping', nullif(json_object(
        'artist_mbids', json_extract(line, '$.track_metadata.mbid_mapping.artist_mbids'),
        'artists', json_extract(line, '$.track_metadata.mbid_mapping.artists')
    ), '{"artist_mbids":null,"artists":null}'::json)))"""
PERSON_OF_LISTEN = """coalesce(nullif(json_extract_string(line, '$.user_name'), ''),
    '#' || json_extract_string(line, '$.user_id'), $person)"""


def read_bulk(inputs: Sequence[Path], memory: str = MEMORY) -> tuple[Listening, ReadReport]:
    """As `exports.read_files`, for .tsv, .jsonl, .listens (also .gz) and the .parquet of ListenBrainz' Spark
    dump.

    Raises ConfigurationError, also where DuckDB is missing.
    """
    try:
        import duckdb
    except ImportError:
        raise ConfigurationError([Fault("--engine", "duckdb", NEEDS)]) from None
    report = ReadReport()
    with TemporaryDirectory(prefix="brainarr-") as spill, duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{memory}'; set temp_directory = '{spill}'")
        # Its progress bar would stand between what we print.
        connection.execute("set preserve_insertion_order = false; set enable_progress_bar = false")
        connection.execute(
            """create table heard (person varchar, credit varchar, plays bigint);
            create table credits (credit varchar, identity varchar, name varchar);
            create table bad (credit varchar, why varchar)"""
        )
        for path in find_files(inputs):
            before = report.lines, report.skipped
            try:
                _add_file(connection, path, report)
            except (duckdb.Error, OSError, EOFError) as error:
                why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
                raise ConfigurationError([Fault(str(path), f"unreadable ({why})", FORMATS)]) from None
            report.files += 1
            _read_credits(connection, path, report)
            refuse_nonsense(path, report, before)
        return _listening(connection), report


def _add_file(connection: Any, path: Path, report: ReadReport) -> None:
    """Makes the table `new` of the file: person, credit, plays, lines. Counts the lines that have no form."""
    kind = kind_of(path)
    if kind == ".parquet":
        _add_parquet(connection, path, report)
    elif kind in LISTENS:
        _add_listens(connection, path, report)
    elif kind == ".tsv":
        _add_tsv(connection, path, report)
    else:
        allowed = "--engine local for it; duckdb reads .tsv, .jsonl, .listens and .parquet"
        raise ConfigurationError([Fault(str(path), kind, allowed)])


def _add_parquet(connection: Any, path: Path, report: ReadReport) -> None:
    """One row a listen, as listenstore/dump_listenstore.py of metabrainz/listenbrainz-server writes it."""
    _make_new(
        connection,
        "'#' || user_id::varchar",
        """json_object('track_metadata', json_object('artist_name', artist_name,
            'mbid_mapping', json_object('artist_mbids', to_json(artist_credit_mbids))))""",
        "count(*)",
        "read_parquet($path)",
        {"path": str(path)},
    )
    report.lines += connection.execute("select coalesce(sum(lines), 0)::bigint from new").fetchone()[0]


def _add_listens(connection: Any, path: Path, report: ReadReport) -> None:
    _add_lines(connection, path, report, [("not json_valid(line)", "not a listen (no JSON)")])
    person = {"person": path.name.split(".")[0]}
    _make_new(connection, PERSON_OF_LISTEN, CREDIT_OF_LISTEN, "count(*)", "usable", person)


def _add_tsv(connection: Any, path: Path, report: ReadReport) -> None:
    columns = read_tsv_columns(path)
    fields = {name: f"split_part(line, chr(9), {place})" for place, name in enumerate(columns, start=1)}
    plays = fields.get("plays", "'1'")
    faults = [
        (f"len(string_split(line, chr(9))) <> {len(columns)}", f"not {len(columns)} columns"),
        (f"not regexp_full_match({plays}, '0*[1-9][0-9]{{0,17}}')", "plays is not a whole number above 0"),
    ]
    _add_lines(connection, path, report, faults, skip=1)
    nothing = "''"
    credit = f"json_array({fields.get('name', nothing)}, trim({fields.get('mbid', nothing)}))"
    total = f"sum(least({plays}::bigint, {PLAYS_LIMIT}))::bigint"
    _make_new(connection, fields["user"], credit, total, "usable")


def _make_new(
    connection: Any, person: str, credit: str, plays: str, source: str, given: dict[str, str] | None = None
) -> None:
    """`person` and the others are SQL of our own; what a file says comes in as a parameter or a column."""
    connection.execute(
        f"""create or replace table new as
        select {person} as person, {credit}::varchar as credit, {plays} as plays, count(*) as lines
        from {source} group by all""",
        given,
    )


def _add_lines(
    connection: Any, path: Path, report: ReadReport, faults: list[tuple[str, str]], skip: int = 0
) -> None:
    """Makes `usable` of the file's lines. A fault is a condition in SQL, and what it means."""
    # One column up to a delimiter that no text has: the lines as they are.
    connection.execute(
        f"""create or replace table lines as select rtrim(line, chr(13)) as line from read_csv($path, columns
        = {{'line': 'VARCHAR'}}, delim = chr(30),
            quote = '', escape = '', header = false, auto_detect = false, skip = {skip}, strict_mode = false,
            max_line_size = {LINE_LIMIT}, store_rejects = true)
        where line <> ''""",
        {"path": str(path)},
    )
    cases = " ".join(f"when {condition} then {place}" for place, (condition, _) in enumerate(faults))
    counts = dict(
        connection.execute(f"select case {cases} end as why, count(*) from lines group by why").fetchall()
    )
    report.lines += sum(counts.values())
    for place, (_, why) in enumerate(faults):
        if counts.get(place):
            report.skip_all(path.name, why, counts[place])
    rejected = connection.execute(
        "select distinct line, error_type from reject_errors order by line"
    ).fetchall()
    for line, why in rejected:
        report.lines += 1
        report.skip(path.name, line, f"unreadable ({str(why).lower()})")
    connection.execute("drop table reject_errors; drop table reject_scans")
    connection.execute(
        f"create or replace view usable as select line from lines where (case {cases} end) is null"
    )


def _read_credits(connection: Any, path: Path, report: ReadReport) -> None:
    """Reads each credit that was not seen before, and adds to `heard` what names a person and an artist."""
    found: dict[str, list[str]] = {"credit": [], "identity": [], "name": []}
    bad: dict[str, list[str]] = {"credit": [], "why": []}

    def put_away() -> None:
        for table, rows in (("credits", found), ("bad", bad)):
            texts = {name: np.array(column, dtype=object) for name, column in rows.items()}
            if rows["credit"]:
                connection.register("texts", texts)
                connection.execute(f"insert into {table} select * from texts")
                connection.unregister("texts")
            for column in rows.values():
                column.clear()

    unseen = connection.execute(
        "select distinct credit from new anti join credits using (credit) anti join bad using (credit)"
    ).fetchnumpy()["credit"]
    for credit in unseen.tolist():
        try:
            for heard in artists_of(credit):
                found["credit"].append(credit)
                found["identity"].append(identity(heard.name, heard.mbid))
                found["name"].append(heard.name)
        except UnusableLine as why:
            bad["credit"].append(credit)
            bad["why"].append(str(why))
        if len(found["credit"]) > BATCH:
            put_away()
    put_away()
    whys = "select why, sum(lines)::bigint from new join bad using (credit) group by why order by why"
    for why, lines in connection.execute(whys).fetchall():
        report.skip_all(path.name, why, lines)
    nobody = "select sum(lines)::bigint from new anti join bad using (credit) where person = ''"
    if lines := connection.execute(nobody).fetchone()[0]:
        report.skip_all(path.name, "no user", lines)
    connection.execute(
        """insert into heard select person, credit, plays
        from new anti join bad using (credit) where person <> ''"""
    )


def artists_of(credit: str) -> list[Heard]:
    """The artists that a credit names. Raises UnusableLine."""
    if credit.startswith("["):
        name, mbid = msgspec.json.decode(credit, type=tuple[str, str])
        return [heard_of("-", name, mbid)]
    return [heard_of(*fields) for fields in read_listen(credit, "-")]


def _listening(connection: Any) -> Listening:
    connection.execute(
        """create table people as
            select row_number() over () - 1 as person_id, person from (select distinct person from heard);
        create table artists as
            select row_number() over () - 1 as artist_id, identity
            from (select distinct identity from credits semi join heard using (credit))"""
    )
    # The spelling with most listens; of equally many, the last in the alphabet, as when lines are read one by
    # one.
    names = connection.execute(
        """select identity, coalesce(arg_max(name, (plays, name)) filter (name <> ''), '') as name
        from (select identity, name, sum(plays) as plays from heard join credits using (credit) group by all)
        join artists using (identity) group by artist_id, identity order by artist_id"""
    ).fetchnumpy()
    people = connection.execute("select person from people order by person_id").fetchnumpy()["person"]
    cells = connection.execute(
        f"""select person_id, artist_id, least(sum(plays), {PLAYS_LIMIT})::bigint as plays
        from heard join credits using (credit) join people using (person) join artists using (identity)
        group by all"""
    ).fetchnumpy()
    return arrange(
        np.fromiter(map(hash64, people.tolist()), np.uint64, len(people)),
        names["identity"].tolist(),
        names["name"].tolist(),
        *(np.asarray(cells[name]) for name in ("person_id", "artist_id", "plays")),
    )
