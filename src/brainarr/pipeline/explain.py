"""Recommendation → the same with its reason: one or two sentences, from stored evidence alone."""

from collections.abc import Mapping, Sequence

import msgspec

from brainarr.domain.recommendation import FIRST_STUDIO_ALBUM, Evidence, Recommendation

# A decade below this share of the library is no reason to recommend anything.
_TELLING_SHARE = 0.1
_A_TRY = "A try: its place was drawn, to learn something new."


def explain(recommendation: Recommendation, labels: Mapping[str, str]) -> Recommendation:
    """`labels`: how people know each source ("listenbrainz" → "ListenBrainz"); others go by their own
    name."""
    why = reason(recommendation.evidence, labels)
    if recommendation.explored:
        why = f"{why} {_A_TRY}"
    return msgspec.structs.replace(recommendation, reason=why)


def reason(evidence: Evidence, labels: Mapping[str, str]) -> str:
    """Every name and number in it stands in `evidence`; a model's opinion is never repeated as fact."""
    said = (_near(evidence, labels), _fit(evidence), _album(evidence, labels))
    return " ".join(sentence for sentence in said if sentence)


def _near(evidence: Evidence, labels: Mapping[str, str]) -> str:
    sources = _and([labels.get(source, source) for source in evidence.sources])
    if evidence.asked:
        return f"Because you asked for more like {_and(evidence.asked[:2])}: close in {sources}."
    if not evidence.seeds:
        return f"Proposed by {sources}."
    return f"Because you have {_and(evidence.seeds[:2])}: close in {sources}."


def _fit(evidence: Evidence) -> str:
    share = evidence.decade_share or 0.0
    era = f"from the {evidence.decade}s" if evidence.decade is not None and share >= _TELLING_SHARE else ""
    if evidence.shared_genres:
        besides = f", {share:.0%} of which is {era} too" if era else ""
        return f"It shares {_and(evidence.shared_genres)} with your library{besides}."
    return f"It is {era}, like {share:.0%} of your library." if era else ""


def _album(evidence: Evidence, labels: Mapping[str, str]) -> str:
    """Who picked the album, unless the proposal itself named it."""
    chooser = evidence.album_choice
    if chooser == FIRST_STUDIO_ALBUM:
        return f"Start with the {chooser}."
    label = labels.get(chooser or "")
    return f"Start with the favourite on {label}." if label else ""


def _and(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " and " + words[-1]
