"""Reading libraries and the crowd that knows their artists; what is wrong with a table is said."""

import gzip
from pathlib import Path

import pytest

from brainarr.errors import ConfigurationError
from brainarr.similarity.libraries import Holding, read_crowd, read_libraries

TABLES = {
    "artists": "artist\tname\n1\tTin Harbour\n2\tThe Glass Parade\n3\tMoss\n4\tMOSS\n5\tAlone\n",
    "plays": "user\tartist\na\t1\na\t2\na\t3\na\t4\nb\t1\nb\t2\nb\t3\nb\t4\nc\t4\nc\t5\n",
    "tags": "user\tartist\ttag\na\t1\tshoegaze\nb\t1\tshoegaze\na\t1\tHip-Hop\na\t1\tseen live\na\t9\tpop\n",
    "libraries": "library\tname\tplays\n"
    "x\tglass parade\t7\nx\tTIN HARBOUR\t3\nx\tTin Harbour\t2\nx\tNobody\t9\ny\tMoss\t1\n",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for table, text in TABLES.items():
        (tmp_path / f"{table}.tsv.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


def rewrite(data: Path, table: str, old: str, new: str) -> None:
    assert old in TABLES[table]
    (data / f"{table}.tsv.gz").write_bytes(gzip.compress(TABLES[table].replace(old, new).encode()))


def test_the_crowd_knows_artists_of_two_listeners_with_the_genres_among_their_tags(data: Path):
    crowd = read_crowd(data)
    assert crowd.names == ("Tin Harbour", "The Glass Parade", "Moss", "MOSS")
    assert crowd.genres[0] == ("shoegaze", "hip hop")
    assert crowd.interactions.toarray().tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]]


def test_a_library_holds_the_known_artists_however_they_are_spelt(data: Path):
    libraries = read_libraries(data, read_crowd(data))
    assert libraries["x"] == {1: Holding("glass parade", 7), 0: Holding("TIN HARBOUR", 5)}
    assert list(libraries["y"]) == [3], "of namesakes the better known"


@pytest.mark.parametrize("table", TABLES)
def test_an_absent_table_is_named(data: Path, table: str):
    (data / f"{table}.tsv.gz").unlink()
    with pytest.raises(ConfigurationError, match=rf"no {table}\.tsv"):
        read_libraries(data, read_crowd(data))


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("libraries", "\tplays", "\tlistens", r"libraries\.tsv\.gz, line 1: columns library, name, listens"),
        ("libraries", "parade\t7", "parade\tseven", r"libraries\.tsv\.gz, line 2: plays 'seven'"),
        ("libraries", "parade\t7", "parade", r"libraries\.tsv\.gz, line 2: no plays"),
        ("tags", "\ttag", "\tlabel", r"tags\.tsv\.gz, line 1: columns user, artist, label"),
        ("plays", TABLES["plays"], "", r"plays\.tsv\.gz, line 1: columns none"),
    ],
)
def test_a_broken_table_is_named_with_the_place(data: Path, table: str, old: str, new: str, message: str):
    rewrite(data, table, old, new)
    with pytest.raises(ConfigurationError, match=message):
        read_libraries(data, read_crowd(data))


@pytest.mark.parametrize(
    "content",
    [
        b"library\tname\tplays\n",
        gzip.compress(b"a\tb\n" * 99, mtime=0)[:-20],
        b"\x1f\x8b",
        gzip.compress(b"a\tb\n" * 99, mtime=0)[:10] + b"\xff" * 40,
    ],
)
def test_what_is_no_gzip_file_is_refused(data: Path, content: bytes):
    (data / "libraries.tsv.gz").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"libraries\.tsv\.gz"):
        read_libraries(data, read_crowd(data))


def test_text_in_another_encoding_is_refused(data: Path):
    (data / "artists.tsv.gz").write_bytes(gzip.compress("artist\tname\n1\tBjörk\n".encode("latin-1")))
    with pytest.raises(
        ConfigurationError, match=r"artists\.tsv\.gz, after line 1: .*allowed: a readable table in UTF-8"
    ):
        read_crowd(data)


def test_tables_may_also_be_unpacked(data: Path):
    packed = read_crowd(data)
    for table in TABLES:
        (data / f"{table}.tsv.gz").unlink()
        (data / f"{table}.tsv").write_text(TABLES[table])
    assert read_crowd(data).names == packed.names
