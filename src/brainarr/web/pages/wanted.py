"""A form that asks for a run, read as the API reads its body."""

from typing import Any

import msgspec
from pydantic import ValidationError
from starlette.datastructures import FormData

from brainarr.domain.genres import canonical_genre
from brainarr.domain.recommendation import Discovery, Target
from brainarr.web.api.runs import RunRequest

TARGETS = (
    ("", "As in the settings"),
    (Target.ALBUMS.value, "Albums"),
    (Target.ARTISTS.value, "Artists"),
    (Target.MIXED.value, "Both"),
)
DISCOVERIES = (
    ("", "As in the settings"),
    (Discovery.SIMILAR.value, "Similar: close to what you know"),
    (Discovery.ADJACENT.value, "Adjacent: next door"),
    (Discovery.EXPLORATORY.value, "Exploratory: far out, less famous"),
)

_ONE = ("list", "wish", "target", "discovery", "max_recommendations")
_SEVERAL = {"style": "styles_include", "avoid": "styles_avoid", "decade": "decades_include"}


class Wanted(msgspec.Struct, frozen=True):
    """What a form asks for, or what is wrong with it."""

    request: RunRequest | None
    given: dict[str, str]
    """As it was typed, to be shown again."""
    faults: dict[str, str]
    """By the name of the field."""


def read_wanted(form: FormData) -> Wanted:
    """Fields: list, wish, target, discovery, max_recommendations, dry_run; several each of style, avoid,
    decade, and seed ("MBID name"). What is blank is as the settings say."""
    given = {name: _text(form.get(name)) for name in _ONE}
    values: dict[str, Any] = {name: text for name, text in given.items() if text}
    for name, field in _SEVERAL.items():
        if several := [text for one in form.getlist(name) if (text := _text(one))]:
            values[field] = (
                several if name == "decade" else list(dict.fromkeys(map(canonical_genre, several)))
            )
    if seeds := [text for one in form.getlist("seed") if (text := _text(one))]:
        named = (seed.partition(" ") for seed in seeds)
        values["seeds"] = [{"mbid": mbid, "name": name} for mbid, _, name in named]
    try:
        request = RunRequest.model_validate({**values, "dry_run": "dry_run" in form})
    except ValidationError as error:
        return Wanted(None, given, {str(one["loc"][0]): one["msg"] for one in error.errors() if one["loc"]})
    return Wanted(request, given, {})


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
