"""Names judged for what they are, on lines labelled by hand (labelled.txt, written for this test)."""

from pathlib import Path

import pytest

from brainarr.domain.names import Tier, name_keys
from brainarr.domain.prompt import Answer
from brainarr.domain.recommendation import Verdict
from brainarr.pipeline.answers import read_answer
from brainarr.pipeline.sift import sift

LIBRARY = (
    "Led Zeppelin", "Radiohead", "Björk", "Nirvana", "Metallica", "Weezer", "Kraftwerk", "Aphex Twin",
    "Portishead", "The Cure", "Queen", "Bob Marley", "The Wailers", "Nick Cave",
)  # fmt: skip
KNOWN = frozenset(name_keys(name)[Tier.WORDS] for name in LIBRARY)
LABELLED = [
    tuple(line.split(" = ", maxsplit=1))
    for line in (Path(__file__).parent / "labelled.txt").read_text(encoding="utf-8").splitlines()
]


def judged(text: str) -> Answer:
    return sift(read_answer("home", text, 50), KNOWN)


def label_of(line: str) -> str:
    """What the reader makes of one numbered line, in the words of the labels."""
    answer = judged(f"1. {line}")
    verdicts = [item.verdict for item in answer.judged]
    if Verdict.COLLABORATION in verdicts:
        return "collaboration: " + " + ".join(item.artist for item in answer.candidates)
    if verdicts:
        return str(verdicts[0])
    if not answer.candidates:
        return "nothing"
    (found,) = answer.candidates
    return f"album: {found.artist} / {found.album}" if found.album else f"artist: {found.artist}"


def test_the_sample_is_large_enough():
    assert len(LABELLED) >= 200


@pytest.mark.parametrize(("line", "label"), LABELLED, ids=lambda text: text[:40])
def test_a_labelled_line_is_read_as_what_it_is(line: str, label: str):
    assert label_of(line) == label


def numbered(*names: str) -> str:
    return "\n".join(f"{place}. {name}" for place, name in enumerate(names, start=1))


def test_a_stretch_that_repeats_an_earlier_one_is_a_loop():
    answer = judged(numbered("Low", "Slint", "Codeine", "Seam", "Low", "Slint", "Codeine", "Seam", "Low"))
    assert [item.artist for item in answer.candidates] == ["Low", "Slint", "Codeine", "Seam"]
    assert [item.verdict for item in answer.judged] == [Verdict.LOOP] * 5


def test_one_name_over_and_over_is_a_loop():
    answer = judged(numbered("Low", "Slint", *["Codeine"] * 6))
    assert [item.artist for item in answer.candidates] == ["Low", "Slint", "Codeine"]
    assert {item.verdict for item in answer.judged} == {Verdict.LOOP}


def test_single_repeats_are_no_loop_but_left_to_the_fusion():
    answer = judged(numbered("Low", "Slint", "Low", "Codeine", "Slint", "Seam"))
    assert len(answer.candidates) == 6
    assert answer.judged == ()


def test_the_artists_of_a_joined_name_are_not_named_twice():
    answer = judged(numbered("Tricky", "Tricky feat. Martina", "Low"))
    assert [(item.artist, item.rank) for item in answer.candidates] == [
        ("Tricky", 1),
        ("Martina", 2),
        ("Low", 3),
    ]


def test_what_was_sifted_stays_so():
    once = judged(numbered("Led Zeppelin II", "Low", "Tricky vs. Moloko", "Radiohead & Björk"))
    assert sift(once, KNOWN) == once
