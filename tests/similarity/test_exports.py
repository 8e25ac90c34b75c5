"""Files as people have them, and as nobody should send them."""

import gzip
import json
import lzma
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS
from brainarr.errors import ConfigurationError
from brainarr.similarity import exports
from brainarr.similarity.exports import read_files
from brainarr.similarity.heard import hash64
from brainarr.similarity.interactions import Listening, core, merge
from brainarr.similarity.recipe import Recipe
from tests.conftest import examples
from tests.similarity.worlds import listening_of, mbid, tsv_of_scenes


def table(listening: Listening) -> dict[tuple[int, str], int]:
    """(person, identity) → plays."""
    cells = listening.plays.tocoo()
    return {
        (int(listening.people[row]), listening.identities[column]): int(plays)
        for row, column, plays in zip(cells.row, cells.col, cells.data, strict=True)
    }


def listen(artist: str, user: str | None = "ann", **track: object) -> str:
    return json.dumps(
        {"user_name": user, "track_metadata": {"artist_name": artist, "track_name": "x", **track}}
    )


def read(folder: Path, file: str, content: str | bytes) -> tuple[Listening, exports.ReadReport]:
    (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_files([folder / file])


def test_our_own_format_adds_up_what_is_one_artist(tmp_path: Path):
    text = f"user\tname\tmbid\tplays\nann\tAir\t\t3\r\nann\tThe Air\t\t4\nbob\tAir\t{mbid(1).upper()}\t2\n"
    listening, report = read(tmp_path, "plays.tsv", text)
    assert table(listening) == {(hash64("ann"), "=air"): 7, (hash64("bob"), mbid(1)): 2}
    assert dict(zip(listening.identities, listening.names, strict=True))["=air"] == "The Air"
    assert (report.lines, report.skipped) == (3, 0)


@pytest.mark.parametrize("columns", ["user\tname", "plays\tname\tuser", "mbid\tuser"])
def test_columns_stand_in_any_order_and_only_what_is_needed_is_needed(tmp_path: Path, columns: str):
    row = "\t".join(
        {"user": "ann", "name": "Air", "plays": "1", "mbid": mbid(1)}[key] for key in columns.split("\t")
    )
    listening, _ = read(tmp_path, "plays.tsv", f"{columns}\n{row}\n")
    assert list(table(listening).values()) == [1]


@pytest.mark.parametrize("header", ["user\tplays", "name\tmbid", "user\tnmae", "user\tname\tname", ""])
def test_a_header_that_says_too_little_is_refused_with_what_is_allowed(tmp_path: Path, header: str):
    with pytest.raises(ConfigurationError, match=r"line 1: .* allowed: a first line with user"):
        read(tmp_path, "plays.tsv", f"{header}\nann\tAir\n")


def test_every_line_that_cannot_be_used_is_counted_with_file_line_and_reason(tmp_path: Path):
    text = (
        b"user\tname\tmbid\tplays\nann\tAir\t\t1\nann\tAir\tzz\t1\nann\t \t\t1\n\tAir\t\t1\nann\tAir\t\t-1\n"
    )
    text += (
        b"ann\tAir\t\t0\nann\tAir\n\nann\t\xff\t\t1\nann\t"
        + b"x" * exports.LINE_LIMIT
        + b"\t\t1\nann\tAir\t\t1"
    )
    listening, report = read(tmp_path, "plays.tsv", text)
    assert list(map(str, report.first_skipped)) == [
        "plays.tsv, line 3: mbid is no MusicBrainz identifier",
        "plays.tsv, line 4: neither name nor mbid",
        "plays.tsv, line 5: no user",
        "plays.tsv, line 6: plays is not a whole number",
        "plays.tsv, line 7: plays is below 1",
        "plays.tsv, line 8: 2 columns instead of 4",
        "plays.tsv, line 10: not UTF-8",
        "plays.tsv, line 11: longer than 1,000,000 bytes",
    ]
    assert (report.lines, report.skipped, list(table(listening).values())) == (10, 8, [2])


def test_a_listen_counts_for_the_artists_that_listenbrainz_found_else_for_those_that_were_sent(
    tmp_path: Path,
):
    both = [{"artist_mbid": mbid(n), "artist_credit_name": f"Artist {n}", "join_phrase": ""} for n in (1, 2)]
    lines = [
        listen("A & B", mbid_mapping={"artist_mbids": [mbid(1), mbid(2)], "artists": both}),
        listen("C", mbid_mapping={"artist_mbids": [mbid(3)]}, additional_info={"artist_mbids": [mbid(9)]}),
        listen("D", mbid_mapping=None, additional_info={"artist_mbids": [mbid(4)]}),
        listen("E", additional_info={"artist_mbids": ["junk"]}),
        listen("F", additional_info="junk"),
        listen("G & H", mbid_mapping={"artist_mbids": [mbid(5), mbid(6)]}),
    ]
    listening, report = read(tmp_path, "1.listens", "\n".join(lines))
    ann = hash64("ann")
    assert {who for _, who in table(listening)} == {*map(mbid, range(1, 7)), "=e", "=f"}
    assert all(person == ann for person, _ in table(listening))
    names = dict(zip(listening.identities, listening.names, strict=True))
    assert (names[mbid(1)], names[mbid(3)], names[mbid(5)]) == ("Artist 1", "C", "")
    assert report.skipped == 0


def test_who_listened_is_the_user_of_the_line_else_the_file(tmp_path: Path):
    nobody = json.dumps({"track_metadata": {"artist_name": "A"}})
    number = json.dumps({"user_id": 7, "track_metadata": {"artist_name": "A"}})
    listening, _ = read(tmp_path, "me.jsonl", f"{nobody}\n{number}\n{listen('A')}\n")
    assert set(listening.people.tolist()) == {hash64("me"), hash64("#7"), hash64("ann")}


def test_an_export_of_listenbrainz_is_read_as_it_comes(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "listenbrainz_x_17.zip", "w") as archive:
        archive.writestr("user.json", '{"user_id": 1, "username": "ann"}\n')
        archive.writestr("listens/2025/11.jsonl", listen("Air", None) + "\n" + listen("Air", None) + "\n{\n")
        archive.writestr("feedback.jsonl", '{"score": 1}\n')
    listening, report = read_files([tmp_path / "listenbrainz_x_17.zip"])
    assert table(listening) == {(hash64("ann"), "=air"): 2}
    assert str(report.first_skipped[0]).startswith(
        "listenbrainz_x_17.zip/listens/2025/11.jsonl, line 3: not a listen"
    )


@pytest.mark.parametrize(
    "text",
    [
        f'uts,utc_time,artist,artist_mbid\n1,now,Air,{mbid(1)}\n2,now,"Crosby, Stills & Nash",\n',
        f'Artist;Artist mbid\nAir;{mbid(1)}\n"Crosby, Stills & Nash";\n',
    ],
)
def test_scrobbles_with_a_header_are_read_by_its_columns(tmp_path: Path, text: str):
    listening, report = read(tmp_path, "ann.csv", text)
    assert {who for _, who in table(listening)} == {mbid(1), "=crosbystillsnash"}
    assert (set(listening.people.tolist()), report.lines) == ({hash64("ann")}, 2)


def test_scrobbles_without_a_header_are_artist_album_track_and_date(tmp_path: Path):
    text = 'Air,Moon,Kelly,22 Mar 2021 16:55\nAir,"Moon, two",Kelly,\nbroken,line\n'
    listening, report = read(tmp_path, "ann.csv", text)
    assert table(listening) == {(hash64("ann"), "=air"): 2}
    assert list(map(str, report.first_skipped)) == ["ann.csv, line 3: 2 columns instead of 4"]


def test_a_first_line_with_an_endless_field_is_a_line_that_cannot_be_used(tmp_path: Path):
    listening, report = read(tmp_path, "ann.csv", f'"{"x" * 200_000}",b,c,d\nAir,b,c,d\n')
    assert listening.plays.nnz == 1
    assert (report.lines, report.skipped) == (2, 1)
    assert "ann.csv, line 1: field larger than field limit" in str(report.first_skipped[0])


def test_an_export_without_a_username_and_without_a_listen_is_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        archive.writestr("user.json", "[1]")
        archive.writestr("listens/2024/1.jsonl", '{"track_metadata": 5}\n')
    with pytest.raises(ConfigurationError, match="without a usable line"):
        read_files([tmp_path / "ann.zip"])


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_packed_files_are_unpacked_as_they_are_read(tmp_path: Path, suffix: str, pack: object):
    packed = pack(b"user\tname\nann\tAir\n")  # type: ignore[operator]
    listening, _ = read(tmp_path, f"plays.tsv{suffix}", packed)
    assert len(table(listening)) == 1
    with pytest.raises(ConfigurationError, match="unreadable"):
        read(tmp_path, f"plays.tsv{suffix}", packed[:-9])


def test_a_folder_is_read_through_and_what_nobody_knows_in_it_is_passed_over(tmp_path: Path):
    (tmp_path / "dump" / "2025").mkdir(parents=True)
    (tmp_path / "dump" / "COPYING").write_text("licence")
    for month in (1, 2):
        (tmp_path / "dump" / "2025" / f"{month}.listens").write_text(listen("Air"))
    listening, report = read_files([tmp_path / "dump"])
    assert (list(table(listening).values()), report.files) == ([2], 2)


def test_every_input_that_is_not_usable_is_named_at_once(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "song.mp3").write_text("x")
    with pytest.raises(ConfigurationError) as refused:
        read_files([tmp_path / "none.tsv", tmp_path / "empty", tmp_path / "song.mp3"])
    assert [fault.given for fault in refused.value.faults] == [
        "not there", "a folder without listens", "of an unknown kind"
    ]  # fmt: skip


@pytest.mark.parametrize("file", ["x.jsonl", "x.tsv", "x.csv", "x.zip", "x.tsv.gz"])
def test_a_file_that_is_something_else_is_refused_by_name(tmp_path: Path, file: str):
    with pytest.raises(ConfigurationError, match=file):
        read(tmp_path, file, b"user\tname\n\x00\x01\n" if file == "x.tsv" else b"\x89PNG\r\n\x1a\n\x00\x00")


def test_parquet_is_for_the_other_engines(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="--engine duckdb or spark"):
        read(tmp_path, "0.parquet", b"PAR1")


@settings(deadline=None, max_examples=examples(60))
@given(st.sampled_from(["x.tsv", "x.jsonl", "x.csv"]), st.lists(st.binary(max_size=60), max_size=6))
def test_no_bytes_make_a_reader_fail_otherwise_than_by_refusing(file: str, lines: list[bytes]):
    start = {
        "x.tsv": b"user\tname\nann\tAir\n",
        "x.jsonl": listen("Air").encode() + b"\n",
        "x.csv": b"a,b,c,d\n",
    }
    with TemporaryDirectory() as folder:
        listening, report = read(Path(folder), file, start[file] + b"\n".join(lines))
    assert listening.plays.sum() >= 1
    assert report.lines >= report.skipped + 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["track_metadata", "artist_name", "additional_info", "mbid_mapping", "artist_mbids"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
@settings(deadline=None, max_examples=examples(60))
def test_any_json_is_a_listen_or_a_counted_line(value: object):
    with TemporaryDirectory() as folder:
        _, report = read(Path(folder), "x.jsonl", listen("Air") + "\n" + json.dumps(value))
    assert report.lines == 2
    assert report.skipped <= 1


def test_the_order_of_lines_and_files_changes_nothing(tmp_path: Path):
    lines = tsv_of_scenes(range(20)).splitlines()
    one = listening_of(tmp_path, "\n".join(lines), "one.tsv")
    other = listening_of(tmp_path, "\n".join([lines[0], *reversed(lines[1:])]), "other.tsv")
    assert (one.identities, one.names, table(one)) == (other.identities, other.names, table(other))


def test_a_person_who_comes_again_is_replaced(tmp_path: Path):
    old = listening_of(tmp_path, "user\tname\nann\tAir\nann\tGone\nbob\tAir\n", "old.tsv")
    new = listening_of(tmp_path, "user\tname\nann\tMoon\n", "new.tsv")
    assert table(merge(old, new)) == {(hash64("ann"), "=moon"): 1, (hash64("bob"), "=air"): 1}


ALL = Recipe(least_listeners=1, least_artists=1)


def test_a_name_joins_the_one_artist_who_bears_it_and_none_where_several_do(tmp_path: Path):
    text = f"user\tname\tmbid\nann\tAir\t{mbid(1)}\nbob\tair\t\nbob\tNirvana\t\n"
    text += f"ann\tNirvana\t{mbid(2)}\nann\tNirvana\t{mbid(3)}\n"
    found = core(listening_of(tmp_path, text), ALL)
    assert found.identities == (mbid(1), mbid(2), mbid(3), "=nirvana")
    assert found.interactions.toarray().sum() == 5


def test_nobody_in_particular_is_no_artist(tmp_path: Path):
    text = f"user\tname\tmbid\nann\tVarious Artists\t\nann\tAir\t\nann\tVA\t{min(SPECIAL_PURPOSE_ARTISTS)}\n"
    assert core(listening_of(tmp_path, text), ALL).identities == ("=air",)


def test_people_and_artists_are_thinned_until_both_have_enough(tmp_path: Path):
    text = "user\tname\n" + "".join(f"u{n}\tA\nu{n}\tB\n" for n in range(3)) + "u3\tA\nu3\tC\nu4\tA\n"
    found = core(listening_of(tmp_path, text), Recipe(least_listeners=2, least_artists=2))
    # C has one listener; without it u3 has one artist.
    assert (found.identities, len(found.people)) == (("=a", "=b"), 3)


def test_of_a_huge_library_the_most_played_count(tmp_path: Path):
    text = "user\tname\tplays\n" + "".join(f"ann\tBand {n}\t{n + 1}\n" for n in range(9))
    found = core(listening_of(tmp_path, text), Recipe(least_listeners=1, least_artists=1, most_artists=3))
    assert found.names == ("Band 6", "Band 7", "Band 8")
