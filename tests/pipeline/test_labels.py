"""From what became of a recommendation to what it says, and from what it says to words."""

import pytest

from brainarr.domain.learning import DEFAULT_WEIGHTS, FacetWeights, Feedback, Learnt, Liking
from brainarr.domain.recommendation import Blocks, Status
from brainarr.pipeline.labels import Fate, label_of
from brainarr.pipeline.learn import learn
from brainarr.pipeline.words import words
from tests.pipeline.builders import mbid


@pytest.mark.parametrize(
    ("fate", "label"),
    [
        (Fate(Status.KEPT), 1.0),
        (Fate(Status.IMPORTED), 0.8),
        (Fate(Status.APPROVED), 0.6),
        (Fate(Status.DELIVERED), 0.6),
        (Fate(Status.REJECTED), -1.0),
        (Fate(Status.BLOCKED), -1.0),
        (Fate(Status.REMOVED), -1.0),
        (Fate(Status.PENDING, days_waiting=13.9), 0.0),
        (Fate(Status.PENDING, days_waiting=14), -0.1),
        (Fate(Status.APPROVED, automatic=True), 0.0),
        (Fate(Status.IMPORTED, automatic=True), 0.0),
        (Fate(Status.KEPT, automatic=True), 1.0),
        (Fate(Status.IMPORTED, days_imported=59, plays=0), 0.8),
        (Fate(Status.IMPORTED, days_imported=60, plays=0), 0.6),
        (Fate(Status.IMPORTED, days_imported=60, plays=None), 0.8),
        (Fate(Status.KEPT, plays=100), 1.5),
        (Fate(Status.KEPT, plays=10_000), 1.5),
        (Fate(Status.REMOVED, plays=100), -1.0),
        (Fate(Status.REMOVED, was_kept=True), 0.0),
        (Fate(Status.PENDING, liking=1), 0.5),
        (Fate(Status.KEPT, liking=1), 1.0),
        (Fate(Status.PENDING, liking=-1), -0.5),
        (Fate(Status.KEPT, liking=-1), -0.5),
    ],
)
def test_what_became_of_it_says_how_much_it_was_wanted(fate: Fate, label: float):
    assert label_of(fate) == pytest.approx(label)


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_label(status: Status):
    assert -1 <= label_of(Fate(status, plays=3, days_imported=90)) <= 1.5


def test_more_plays_never_say_less():
    labels = [label_of(Fate(Status.IMPORTED, days_imported=90, plays=plays)) for plays in (0, 1, 5, 50, 500)]
    assert labels == sorted(set(labels))


def test_everything_learnt_is_said_in_words():
    same = (0.5, 0.5, 0.5, 0.5)
    told = [
        *[Feedback(same, 1.0, ("dream pop",), ("deezer",))] * 8,
        *[Feedback(same, -1.0, ("dream pop",), ("deezer",))] * 2,
        *[Feedback(same, -1.0, ("death metal",), ("home",))] * 8,
    ]
    learnt = learn(told)
    known = Learnt(
        weights=FacetWeights(0.3, 0.2, 0.19, 0.31),
        genres=learnt.genres,
        sources=learnt.sources,
        decisions=learnt.decisions,
        posterior=learnt.posterior,
        more=(Liking(mbid("Plaid"), "Plaid"),),
        less=(Liking(mbid("Tool"), "Tool"),),
    )
    said = words(known, DEFAULT_WEIGHTS, Blocks({mbid("Korn"): "Korn"}, ("nu metal",)))
    assert said[0] == "Learnt from what became of 18 recommendations."
    assert "Sharing your genres counts less for you (0.30 instead of 0.40)." in said
    assert "That sources agree counts more for you (0.31 instead of 0.20)." in said
    assert not any(sentence.startswith("Variety") for sentence in said)
    assert any(
        sentence.startswith("You took 8 of 10 dream pop suggestions: dream pop counts more (+0.")
        for sentence in said
    )
    assert any(
        sentence.startswith("You took 0 of 8 metal suggestions: metal counts less (-0.") for sentence in said
    )
    assert any("what deezer votes for" in sentence and "more" in sentence for sentence in said)
    assert said[-4:] == (
        "You asked for more like Plaid.",
        "You asked for less like Tool.",
        "Never again: the style nu metal and everything below it.",
        "Never again: Korn.",
    )


def test_nothing_learnt_is_said_too():
    assert words(Learnt(), DEFAULT_WEIGHTS, Blocks()) == (
        "Nothing has been learnt yet: the score is as the settings say.",
    )
