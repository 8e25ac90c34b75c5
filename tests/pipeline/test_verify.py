"""Does it exist, which one is it, and may it be recommended?"""

from collections.abc import Sequence
from typing import Any

import pytest

from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS, CatalogArtist, Library, Mbid, ReleaseGroup
from brainarr.domain.recommendation import Fused, Memory, RunOptions, Target, Verdict
from brainarr.errors import ProviderUnavailable
from brainarr.pipeline.ports import Catalog, Preflight
from brainarr.pipeline.verify import Owned, Verification
from tests.fakes import FakeCatalog, FakeCharts
from tests.pipeline.builders import fused, library, mbid, owned


def artist(name: str, identity: str | None = None, **facts: object) -> CatalogArtist:
    return CatalogArtist(mbid(identity or name), name, **facts)  # type: ignore[arg-type]


def album(
    by: str, title: str, year: int, *secondary: str, kind: str = "album", **facts: object
) -> ReleaseGroup:
    return ReleaseGroup(mbid(by + title), title, mbid(by), year, kind, secondary, **facts)  # type: ignore[arg-type]


def catalog_of(*names: str) -> FakeCatalog:
    return FakeCatalog(
        [artist(name, genres=(("shoegaze", 5.0),)) for name in names],
        [album(name, "Debut", 1991) for name in names],
    )


async def verify(
    ranking: Sequence[Fused],
    catalog: Catalog,
    *,
    owned_library: Library | None = None,
    memory: Memory | None = None,
    charts: Sequence[FakeCharts] = (),
    preflight: Preflight | None = None,
    **options: object,
) -> Verification:
    verification = Verification(
        Owned.of(owned_library or library()),
        memory or Memory(),
        RunOptions(**options),  # type: ignore[arg-type]
        catalog,
        charts,
        preflight,
    )
    async for _ in verification.steps(ranking):
        pass
    return verification


def verdicts(verification: Verification) -> dict[str, Verdict]:
    return {judged.artist: judged.verdict for judged in verification.judged}


async def test_an_artist_of_the_library_is_owned_and_costs_no_question():
    catalog = catalog_of("Slowdive")
    done = await verify(
        [fused("Slowdive"), fused("SLOWDIVE!", mbid=None)],
        catalog,
        owned_library=library(owned(1, "Slowdive")),
    )
    assert verdicts(done) == {"Slowdive": Verdict.OWNED, "SLOWDIVE!": Verdict.OWNED}
    assert catalog.asked == []


async def test_a_namesake_of_an_owned_artist_under_another_mbid_is_not_owned():
    done = await verify(
        [fused("Slint", mbid=mbid("Slint, the other"))],
        FakeCatalog([artist("Slint", "Slint, the other")], [album("Slint, the other", "Debut", 1999)]),
        owned_library=library(owned(1, "Slint")),
    )
    assert [item.artist.mbid for item in done.kept] == [mbid("Slint, the other")]


async def test_an_owned_artist_without_mbid_is_recognised_by_name():
    done = await verify([fused("Low")], catalog_of("Low"), owned_library=library(owned(1, "Low", mbid=None)))
    assert verdicts(done) == {"Low": Verdict.OWNED}


async def test_an_artist_found_to_be_owned_only_under_its_canonical_mbid_is_owned():
    catalog = FakeCatalog([artist("Prince")], merged={mbid("TAFKAP"): mbid("Prince")})
    done = await verify([fused("TAFKAP")], catalog, owned_library=library(owned(1, "Prince")))
    assert verdicts(done) == {"TAFKAP": Verdict.OWNED}


async def test_a_merged_mbid_becomes_canonical():
    catalog = FakeCatalog(
        [artist("Lush")], [album("Lush", "Spooky", 1992)], merged={mbid("old"): mbid("Lush")}
    )
    done = await verify([fused("Lush", mbid=mbid("old"))], catalog)
    assert done.kept[0].artist.mbid == mbid("Lush")


@pytest.mark.parametrize("name", ["Various Artists", "various", "[unknown]", "VA"])
async def test_nobody_in_particular_is_never_recommended(name: str):
    done = await verify([fused(name, mbid=None)], catalog_of(name))
    assert verdicts(done) == {name: Verdict.EXCLUDED}


async def test_special_purpose_identifiers_are_never_recommended():
    for identifier in SPECIAL_PURPOSE_ARTISTS:
        done = await verify([fused("Whatever", mbid=identifier)], catalog_of())
        assert verdicts(done) == {"Whatever": Verdict.EXCLUDED}


async def test_exclusions_rejections_and_what_waits_are_told_apart():
    done = await verify(
        [fused("Excluded"), fused("Rejected"), fused("Waiting")],
        catalog_of("Excluded", "Rejected", "Waiting"),
        owned_library=library(exclusions=[mbid("Excluded")]),
        memory=Memory(rejected=frozenset({mbid("Rejected")}), waiting=frozenset({mbid("Waiting")})),
    )
    assert verdicts(done) == {
        "Excluded": Verdict.EXCLUDED,
        "Rejected": Verdict.REJECTED_BEFORE,
        "Waiting": Verdict.RECOMMENDED_BEFORE,
    }


async def test_below_the_users_confidence_nobody_is_asked():
    catalog = catalog_of("Faint")
    done = await verify([fused("Faint", confidence=0.2)], catalog, minimum_confidence=0.3)
    assert verdicts(done) == {"Faint": Verdict.BELOW_CONFIDENCE}
    assert catalog.asked == []


async def test_an_invented_artist_is_unknown():
    done = await verify([fused("Led Zeppelin II", mbid=None)], catalog_of("Led Zeppelin"))
    assert verdicts(done) == {"Led Zeppelin II": Verdict.UNKNOWN}


async def test_an_invented_collaboration_is_unknown_and_its_parts_are_named():
    done = await verify([fused("Daft Punk vs. Stardust", mbid=None)], catalog_of("Daft Punk", "Stardust"))
    assert done.judged[0].verdict is Verdict.UNKNOWN
    assert "Daft Punk, Stardust" in done.judged[0].detail


async def test_a_close_misspelling_is_told_but_never_taken():
    class Lenient(FakeCatalog):
        async def find_artists(self, name: str) -> tuple[CatalogArtist, ...]:
            return (artist("Radiohead"),)

    done = await verify([fused("Radiohaed", mbid=None)], Lenient())
    assert verdicts(done) == {"Radiohaed": Verdict.UNKNOWN}
    assert "Radiohead" in done.judged[0].detail


async def test_namesakes_are_settled_by_the_album_that_was_named():
    catalog = FakeCatalog(
        [artist("Nirvana", "US"), artist("Nirvana", "UK")],
        [album("US", "Nevermind", 1991), album("UK", "All of Us", 1968)],
    )
    done = await verify([fused("Nirvana", mbid=None, album="All Of Us", named_by="model")], catalog)
    assert [(item.artist.mbid, item.year) for item in done.kept] == [(mbid("UK"), 1968)]


async def test_namesakes_are_settled_by_a_genre_that_only_one_of_them_plays():
    catalog = FakeCatalog(
        [artist("Bush", "a", genres=(("grunge", 3.0),)), artist("Bush", "b", genres=(("techno", 1.0),))],
        [album("a", "Sixteen Stone", 1994), album("b", "X", 2001)],
    )
    done = await verify([fused("Bush", mbid=None, genres=("Grunge",))], catalog)
    assert done.kept[0].artist.mbid == mbid("a")


async def test_namesakes_that_nothing_settles_are_ambiguous():
    catalog = FakeCatalog(
        [artist("Low", "a", disambiguation="US slowcore"), artist("Low", "b", country="DE")]
    )
    done = await verify([fused("Low", mbid=None)], catalog)
    assert verdicts(done) == {"Low": Verdict.AMBIGUOUS}
    assert "US slowcore; DE" in done.judged[0].detail


async def test_a_tribute_with_the_name_as_alias_does_not_make_the_original_ambiguous():
    catalog = FakeCatalog(
        [artist("Muse"), artist("Museum", aliases=("Muse",))], [album("Muse", "Showbiz", 1999)]
    )
    done = await verify([fused("Muse", mbid=None)], catalog)
    assert done.kept[0].artist.name == "Muse"


async def test_one_artist_under_two_names_is_kept_once():
    catalog = FakeCatalog([artist("Sigur Rós", aliases=("Victory Rose",))], [album("Sigur Rós", "Von", 1997)])
    done = await verify([fused("Sigur Ros", mbid=None), fused("Victory Rose", mbid=None)], catalog)
    assert len(done.kept) == 1
    assert verdicts(done) == {"Victory Rose": Verdict.DUPLICATE}


async def test_a_named_album_wins_in_its_studio_version():
    catalog = FakeCatalog(
        [artist("Low")],
        [album("Low", "Trust", 2001, "live"), album("Low", "Trust", 2002), album("Low", "Other", 1999)],
    )
    done = await verify([fused("Low", album="Trust (Deluxe Edition)", named_by="model")], catalog)
    assert (done.kept[0].album.year, done.kept[0].album_choice) == (2002, "model")  # type: ignore[union-attr]


async def test_an_invented_album_by_a_real_artist_is_unknown_when_only_a_model_speaks_for_it():
    done = await verify([fused("Low", mbid=None, album="Never Made", named_by="model")], catalog_of("Low"))
    assert verdicts(done) == {"Low": Verdict.UNKNOWN}
    assert "Never Made" in done.judged[0].detail


async def test_without_a_named_album_listeners_choose_and_never_a_compilation():
    catalog = FakeCatalog(
        [artist("Low")],
        [
            album("Low", "Best Of", 2010, "compilation"),
            album("Low", "First", 1994),
            album("Low", "Loved", 2005),
        ],
    )
    charts = [FakeCharts({mbid("Low"): ["Best Of", "Loved", "First"]}, name="deezer")]
    done = await verify([fused("Low")], catalog, charts=charts)
    assert done.kept[0].album.title == "Loved"  # type: ignore[union-attr]
    assert done.kept[0].album_choice == "deezer"


async def test_when_charts_fail_ratings_choose_and_without_ratings_the_first_studio_album():
    charts = FakeCharts(name="deezer")
    charts.failure = ProviderUnavailable("deezer", "gone")
    rated = FakeCatalog(
        [artist("Low")],
        [album("Low", "First", 1994), album("Low", "Best rated", 2005, rating=9.0, votes=12)],
    )
    done = await verify([fused("Low")], rated, charts=[charts])
    assert (done.kept[0].album.title, done.kept[0].album_choice) == ("Best rated", "musicbrainz")  # type: ignore[union-attr]
    plain = FakeCatalog([artist("Low")], [album("Low", "Second", 1996), album("Low", "First", 1994)])
    done = await verify([fused("Low")], plain, charts=[charts])
    assert (done.kept[0].album.title, done.kept[0].album_choice) == ("First", "first studio album")  # type: ignore[union-attr]


async def test_an_artist_with_nothing_but_compilations_has_no_album():
    catalog = FakeCatalog([artist("Low")], [album("Low", "Hits", 2000, "compilation")])
    done = await verify([fused("Low")], catalog)
    assert verdicts(done) == {"Low": Verdict.NO_ALBUM}


async def test_an_excluded_album_is_not_chosen():
    catalog = FakeCatalog([artist("Low")], [album("Low", "First", 1994), album("Low", "Second", 1996)])
    done = await verify([fused("Low")], catalog, owned_library=library(exclusions=[mbid("LowFirst")]))
    assert done.kept[0].album.title == "Second"  # type: ignore[union-attr]


async def test_artists_are_kept_without_an_album_but_with_the_year_of_their_first():
    catalog = FakeCatalog([artist("Low")], [album("Low", "First", 1994), album("Low", "Second", 1996)])
    done = await verify([fused("Low")], catalog, target=Target.ARTISTS)
    assert (done.kept[0].album, done.kept[0].year) == (None, 1994)


async def test_three_times_the_wanted_number_is_kept_and_the_rest_not_reached():
    names = [f"Band {number}" for number in range(8)]
    catalog = catalog_of(*names)
    done = await verify([fused(name) for name in names], catalog, max_recommendations=2)
    assert [item.artist.name for item in done.kept] == names[:6]
    assert verdicts(done) == dict.fromkeys(names[6:], Verdict.NOT_REACHED)


async def test_metadata_away_holds_the_rest_instead_of_waiting_for_each():
    catalog = catalog_of()
    catalog.failure = ProviderUnavailable("musicbrainz", "503 for minutes")
    names = [f"Band {number}" for number in range(50)]
    done = await verify([fused(name) for name in names], catalog)
    assert set(verdicts(done).values()) == {Verdict.HELD}
    assert len(catalog.asked) == 3


class Lidarr:
    """Preflight: identifiers it knows, by the one asked for."""

    def __init__(self, known: dict[Mbid, Mbid], failure: ProviderUnavailable | None = None) -> None:
        self.known = known
        self.failure = failure

    async def artist(self, mbid: Mbid) -> Mbid | None:
        if self.failure:
            raise self.failure
        return self.known.get(mbid)

    album = artist


async def test_lidarrs_metadata_has_the_last_word_on_identifiers():
    known = {mbid("Low"): mbid("Low canonical"), mbid("LowDebut"): mbid("LowDebut canonical")}
    done = await verify([fused("Low"), fused("Mum")], catalog_of("Low", "Mum"), preflight=Lidarr(known))
    assert done.kept[0].artist.mbid == mbid("Low canonical")
    assert done.kept[0].album.mbid == mbid("LowDebut canonical")  # type: ignore[union-attr]
    assert verdicts(done) == {"Mum": Verdict.UNKNOWN}


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"owned_library": library(owned(1, "Y"))}, Verdict.OWNED),
        ({"owned_library": library(exclusions=[mbid("Y")])}, Verdict.EXCLUDED),
        ({"memory": Memory(rejected=frozenset({mbid("Y")}))}, Verdict.REJECTED_BEFORE),
        ({"owned_library": library(exclusions=[mbid("LowDebut Y")])}, Verdict.EXCLUDED),
    ],
)
async def test_what_lidarr_calls_otherwise_is_judged_again(facts: dict[str, Any], verdict: Verdict):
    known = {mbid("Low"): mbid("Y"), mbid("LowDebut"): mbid("LowDebut Y")}
    done = await verify([fused("Low")], catalog_of("Low"), preflight=Lidarr(known), **facts)
    assert (verdicts(done), done.kept) == ({"Low": verdict}, [])


async def test_two_artists_that_are_one_to_lidarr_are_kept_once():
    known = {mbid(name + debut): mbid("Y" + debut) for name in ("Low", "Lo") for debut in ("", "Debut")}
    done = await verify([fused("Low"), fused("Lo")], catalog_of("Low", "Lo"), preflight=Lidarr(known))
    assert [item.artist.mbid for item in done.kept] == [mbid("Y")]
    assert verdicts(done) == {"Lo": Verdict.DUPLICATE}


async def test_an_album_that_lidarr_cannot_import_is_not_recommended():
    done = await verify([fused("Low")], catalog_of("Low"), preflight=Lidarr({mbid("Low"): mbid("Low")}))
    assert verdicts(done) == {"Low": Verdict.UNKNOWN}


async def test_a_lidarr_whose_metadata_is_away_holds():
    done = await verify(
        [fused("Low")], catalog_of("Low"), preflight=Lidarr({}, ProviderUnavailable("lidarr", "SkyHook 503"))
    )
    assert verdicts(done) == {"Low": Verdict.HELD}
