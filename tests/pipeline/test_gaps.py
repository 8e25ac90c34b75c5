"""What a library nearly has, with reasons that can be counted."""

import pytest
from inline_snapshot import snapshot

from brainarr.domain.music import OwnedAlbum
from brainarr.domain.recommendation import RunOverrides
from brainarr.domain.taste import Gap, GapKind, Profile
from brainarr.pipeline.gaps import plan_gaps
from brainarr.pipeline.profile import profile_library
from tests.conftest import NOW
from tests.pipeline.builders import library, owned

INDIE = ("math rock", "midwest emo")
ALTERNATIVE = ("shoegaze", "dream pop", "britpop", "grunge", "post-rock", "noise rock")


async def profile_of(*genres: str, years: dict[int, int] | None = None) -> Profile:
    """One artist for each genre given; `years`: year → albums, all of the first artist."""
    artists = [owned(number, f"Owned {number}", genre) for number, genre in enumerate(genres, start=1)]
    dated = [year for year, count in (years or {}).items() for _ in range(count)]
    albums = {1: [OwnedAlbum(n, f"LP {n}", None, year, track_files=9) for n, year in enumerate(dated)]}
    return await profile_library(library(*artists, albums=albums if dated else None), NOW)


def by_name(gaps: tuple[Gap, ...]) -> dict[str, Gap]:
    return {gap.name: gap for gap in gaps}


async def test_a_style_that_its_loved_family_has_and_the_library_lacks_is_a_gap():
    gaps = by_name(plan_gaps(await profile_of(*ALTERNATIVE * 4)))
    gap = gaps["college rock"]
    assert gap.reason == snapshot(
        "None of your 24 artists is of college rock. Of the 12 other styles of alternative rock you have 6, "
        "usually with 4 artists."
    )
    assert (gap.kind, gap.own, gap.run) == (
        GapKind.STYLE,
        0.0,
        RunOverrides(styles_include=("college rock",)),
    )
    assert not set(ALTERNATIVE) & set(gaps)


async def test_a_style_of_which_there_is_enough_is_no_gap_and_few_of_many_is():
    plenty = [*ALTERNATIVE * 10, *["college rock"] * 3]
    assert "college rock" not in by_name(plan_gaps(await profile_of(*plenty)))
    near = [("college rock", "rock")] * 2 + [("shoegaze",)] * 8
    few = by_name(plan_gaps(await profile_of(*ALTERNATIVE * 10, "college rock"), near))["college rock"]
    assert few.reason.startswith("1 of your 61 artists is of college rock.")
    assert few.own == pytest.approx(1 / 61)


async def test_a_style_that_close_artists_are_of_is_a_gap_in_any_family_and_the_first():
    near = [("slowcore",)] * 3 + [("shoegaze",)] * 7 + [("seen live",)] * 9
    first, *_ = plan_gaps(await profile_of(*["shoegaze"] * 20), near)
    assert first.name == "slowcore"
    assert "3 of 19 artists found close to your library are of it." in first.reason


async def test_what_close_artists_only_mirror_is_no_gap():
    profile = await profile_of(*["shoegaze"] * 15, *["techno"] * 5)
    assert plan_gaps(profile, [("shoegaze",)] * 8 + [("techno",)] * 3 + [("dub",)]) == ()


async def test_no_family_fills_the_plan_alone():
    gaps = plan_gaps(await profile_of(*ALTERNATIVE * 4), [("dub",), ("dub",)])
    assert sum("styles of alternative rock" in gap.reason for gap in gaps) == 3
    assert any(gap.name == "dub" for gap in gaps)


async def test_a_thin_decade_between_two_strong_ones_is_a_gap():
    (gap,) = plan_gaps(await profile_of("shoegaze", years={1974: 40, 1985: 10, 1994: 50, 2003: 20}))
    assert gap.reason == snapshot(
        "8% of your library's first releases are from the 1980s, between the 1970s (33%) and the 1990s (42%)."
    )
    assert (gap.kind, gap.name, gap.run) == (GapKind.ERA, "1980s", RunOverrides(decades_include=(1980,)))


async def test_an_empty_library_and_one_of_one_artist_have_no_gaps():
    assert plan_gaps(await profile_of()) == ()
    assert plan_gaps(await profile_of("shoegaze")) == ()
