"""Recommendation → the same with its reason: one to three sentences, from stored evidence alone."""

from collections.abc import Mapping, Sequence

import msgspec

from brainarr.domain.recommendation import FIRST_STUDIO_ALBUM, Evidence, Recommendation

TELLING_SHARE = 0.1
"""A decade below this share of the library is no reason to recommend anything."""

# What a source's word for "similar" rests on; of others it is only known that they call it close.
_HEARD, _RELATED = "close in listening", "related"
_WAYS = {
    "listenbrainz": _HEARD,
    "lastfm": _HEARD,
    "similarity": _HEARD,
    "deezer": _RELATED,
    "musicbrainz": _RELATED,
}
_SEEDS_TOLD = 2
_A_TRY = "A try: its place was drawn, to learn something new."


def explain(recommendation: Recommendation, labels: Mapping[str, str]) -> Recommendation:
    """`labels`: how people know each source ("listenbrainz" → "ListenBrainz"); others go by their own
    name."""
    return msgspec.structs.replace(recommendation, reason=reason(recommendation.evidence, labels))


def tell_draw(recommendation: Recommendation) -> Recommendation:
    """With a last line where its slot was drawn. It comes after all wording: it is about the list, no fact of
    the artist that a model could put into words."""
    if not recommendation.explored:
        return recommendation
    return msgspec.structs.replace(recommendation, reason=f"{recommendation.reason} {_A_TRY}")


def reason(evidence: Evidence, labels: Mapping[str, str]) -> str:
    """Every name and number in it stands in `evidence`; a model's opinion is never repeated as fact."""
    said = (_near(evidence, labels), _fit(evidence), _album(evidence, labels))
    return " ".join(sentence for sentence in said if sentence)


def _near(evidence: Evidence, labels: Mapping[str, str]) -> str:
    """Which artists it was found from, and in which way each source sees them close. Those that more was
    asked of say why it is here; only without any the owned ones are told."""
    opening, told = "you asked for more like", evidence.asked[:_SEEDS_TOLD]
    if not told:
        opening, told = "you have", evidence.seeds[:_SEEDS_TOLD]
    if not told:
        return f"Proposed by {_labelled(evidence.sources, labels)}."
    ways = [_way(seed, evidence, labels) for seed in told]
    if len(set(ways)) == 1:
        near = f"{_and(told)}, {'both ' if len(told) > 1 else ''}{ways[0]}"
    else:
        near = ", and ".join(f"{seed}, {way}" for seed, way in zip(told, ways, strict=True))
    named = f" {_labelled(evidence.named_by, labels)} named it too." if evidence.named_by else ""
    return f"Because {opening} {near}.{named}"


def _way(seed: str, evidence: Evidence, labels: Mapping[str, str]) -> str:
    """ "close in listening (ListenBrainz and Last.fm) and related (Deezer)" """
    finders: dict[str, list[str]] = {}
    for source in evidence.seed_sources.get(seed, ()):
        finders.setdefault(_WAYS.get(source, "close"), []).append(source)
    return _and([f"{way} ({_labelled(sources, labels)})" for way, sources in finders.items()]) or "close"


def _fit(evidence: Evidence) -> str:
    share = evidence.decade_share or 0.0
    era = f"from the {evidence.decade}s" if evidence.decade is not None and share >= TELLING_SHARE else ""
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


def _labelled(sources: Sequence[str], labels: Mapping[str, str]) -> str:
    return _and([labels.get(source, source) for source in sources])


def _and(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " and " + words[-1]
