"""Reasons in words, from evidence alone."""

from inline_snapshot import snapshot

from brainarr.domain.recommendation import Evidence
from brainarr.pipeline.explain import reason

LABELS = {"listenbrainz": "ListenBrainz", "deezer": "Deezer"}


def test_a_reason_names_the_owned_artists_the_sources_and_what_is_shared():
    evidence = Evidence(
        seeds=("Slowdive", "Ride", "Lush"),
        sources=("listenbrainz", "lastfm", "deezer"),
        seed_sources={
            "Slowdive": ("listenbrainz", "lastfm", "deezer"),
            "Ride": ("listenbrainz", "lastfm", "deezer"),
        },
        shared_genres=("dream pop", "shoegaze"),
        decade=1990,
        decade_share=0.314,
        album_choice="deezer",
    )
    assert reason(evidence, LABELS) == snapshot(
        "Because you have Slowdive and Ride, both close in listening (ListenBrainz and lastfm) and related "
        "(Deezer). It shares dream pop and shoegaze with your library, 31% of which is from the 1990s too. "
        "Start with the favourite on Deezer."
    )


def test_each_owned_artist_is_told_with_the_sources_that_really_led_from_it():
    evidence = Evidence(
        seeds=("Slowdive", "Ride"),
        sources=("listenbrainz", "deezer", "radio", "home"),
        seed_sources={"Slowdive": ("listenbrainz",), "Ride": ("deezer", "radio")},
        named_by=("home",),
    )
    assert reason(evidence, LABELS) == snapshot(
        "Because you have Slowdive, close in listening (ListenBrainz), and Ride, related (Deezer) and close "
        "(radio). home named it too."
    )


def test_a_models_proposal_is_said_to_be_one_and_its_words_are_not_repeated_as_fact():
    evidence = Evidence(sources=("home",), opinions=("home: the best band ever",), album_choice="home")
    assert reason(evidence, LABELS) == snapshot("Proposed by home.")


def test_the_album_says_who_picked_it_when_nobody_named_it():
    evidence = Evidence(
        sources=("listenbrainz",),
        seeds=("Low",),
        seed_sources={"Low": ("listenbrainz",)},
        album_choice="first studio album",
    )
    assert reason(evidence, LABELS) == snapshot(
        "Because you have Low, close in listening (ListenBrainz). Start with the first studio album."
    )


def test_without_shared_genres_the_era_alone_is_told():
    evidence = Evidence(sources=("deezer",), decade=1990, decade_share=0.5)
    assert reason(evidence, LABELS) == snapshot(
        "Proposed by Deezer. It is from the 1990s, like 50% of your library."
    )


def test_a_decade_that_is_rare_in_the_library_is_no_reason():
    assert "1920s" not in reason(Evidence(sources=("x",), decade=1920, decade_share=0.01), {})


def test_who_more_was_asked_of_opens_the_sentence_and_no_owned_artist_is_told_beside_it():
    evidence = Evidence(
        asked=("Wished",),
        seeds=("Slowdive",),
        sources=("listenbrainz", "deezer"),
        seed_sources={"Wished": ("deezer",), "Slowdive": ("listenbrainz",)},
    )
    assert reason(evidence, LABELS) == snapshot("Because you asked for more like Wished, related (Deezer).")
