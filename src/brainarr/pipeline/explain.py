"""Recommendation → the same with its reason: one or two sentences, from stored evidence alone."""

from collections.abc import Mapping, Sequence

import msgspec

from brainarr.domain.recommendation import Evidence, Recommendation

# A decade below this share of the library is no reason to recommend anything.
_TELLING_SHARE = 0.1


def explain(recommendation: Recommendation, labels: Mapping[str, str]) -> Recommendation:
    """`labels`: how people know each source ("listenbrainz" → "ListenBrainz"); others go by their own
    name."""
    return msgspec.structs.replace(recommendation, reason=reason(recommendation.evidence, labels))


def reason(evidence: Evidence, labels: Mapping[str, str]) -> str:
    """Every name and number in it stands in `evidence`; a model's opinion is never repeated as fact."""
    sources = [labels.get(source, source) for source in evidence.sources]
    if evidence.seeds:
        near = f"Because you have {_and(evidence.seeds[:2])}: close in {_and(sources)}"
    else:
        near = f"Proposed by {_and(sources)}"
    traits: list[str] = []
    if evidence.shared_genres:
        traits.append(f"shares {_and(evidence.shared_genres)} with your library")
    if evidence.decade is not None and (evidence.decade_share or 0.0) >= _TELLING_SHARE:
        traits.append(f"from the {evidence.decade}s, like {evidence.decade_share:.0%} of it")
    sentences = [near + "."]
    if traits:
        text = ", ".join(traits)
        sentences.append(text[0].upper() + text[1:] + ".")
    if evidence.album_choice is not None and evidence.album_choice not in evidence.sources:
        chooser = labels.get(evidence.album_choice, evidence.album_choice)
        sentences[-1] = sentences[-1][:-1] + f"; the album was picked as {_picked(chooser)}."
    return " ".join(sentences)


def _picked(chooser: str) -> str:
    return f"the {chooser}" if chooser.startswith("first ") else f"the favourite of {chooser} listeners"


def _and(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " and " + words[-1]
