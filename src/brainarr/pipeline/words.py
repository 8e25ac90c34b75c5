"""Learnt → sentences: everything that was learnt, as a person would say it."""

from collections.abc import Iterator

from brainarr.domain.learning import FacetWeights, Learnt
from brainarr.domain.recommendation import Blocks

_FACETS = {
    "genre": "Sharing your genres",
    "era": "Being of your years",
    "diversity": "Variety within a list",
    "confidence": "That sources agree",
}
# Smaller differences are noise, and would only be read as more.
_TELLING_WEIGHT = 0.02
_TELLING_LEANING = 0.01
_TELLING_FACTOR = 0.05
_FEW = 3
_MOST_GENRES = 12


def words(learnt: Learnt, configured: FacetWeights, blocks: Blocks) -> tuple[str, ...]:
    """`configured`: the weights that the settings say, and that were learnt from."""
    if learnt.decisions:
        said = [f"Learnt from what became of {_counted(learnt.decisions, 'recommendation')}."]
    else:
        said = ["Nothing has been learnt yet: the score is as the settings say."]
    return (
        *said,
        *_facets(learnt.weights or configured, configured),
        *_genres(learnt),
        *_sources(learnt),
        *(f"You asked for more like {one.name}." for one in learnt.more),
        *(f"You asked for less like {one.name}." for one in learnt.less),
        *(f"Never again: the style {style} and everything below it." for style in blocks.styles),
        *(f"Never again: {name}." for name in blocks.artists.values()),
    )


def _facets(now: FacetWeights, configured: FacetWeights) -> Iterator[str]:
    for name, new, old in zip(_FACETS, now.each, configured.each, strict=True):
        if abs(new - old) >= _TELLING_WEIGHT:
            yield f"{_FACETS[name]} counts {_more(new > old)} for you ({new:.2f} instead of {old:.2f})."


def _genres(learnt: Learnt) -> Iterator[str]:
    if learnt.posterior is None:
        return
    telling = [
        (learnt.genres[genre], genre, taste)
        for genre, taste in learnt.posterior.genres.items()
        if taste.decided >= _FEW and abs(learnt.genres[genre]) >= _TELLING_LEANING
    ]
    telling.sort(key=lambda found: (-abs(found[0]), found[1]))
    for leaning, genre, taste in telling[:_MOST_GENRES]:
        yield (
            f"You took {taste.accepted} of {taste.decided} {genre} suggestions: "
            f"{genre} counts {_more(leaning > 0)} ({leaning:+.2f})."
        )


def _sources(learnt: Learnt) -> Iterator[str]:
    for source, factor in sorted(learnt.sources.items()):
        if abs(factor - 1.0) >= _TELLING_FACTOR:
            yield (
                f"You take {_more(factor > 1)} of what {source} votes for than of the rest: "
                f"its vote counts {factor:.2f} times."
            )


def _more(so: bool) -> str:
    return "more" if so else "less"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
