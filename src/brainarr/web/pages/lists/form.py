"""The form of what a list wants: each field says what the settings say, and stays blank where that counts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from brainarr.domain.lists import NO_TERMS, ListTerms
from brainarr.settings.setting import Setting
from brainarr.web.api.list_terms import TermsRequest

_SETTINGS = {
    "target": "recommend.target",
    "discovery": "recommend.discovery",
    "max_recommendations": "recommend.max_recommendations",
    "minimum_confidence": "recommend.minimum_confidence_score",
    "styles_include": "recommend.styles_include",
    "styles_avoid": "recommend.styles_avoid",
    "decades_include": "recommend.decades_include",
    "wish": "recommend.wish",
    "schedule": "recommend.schedule",
    "approval": "recommend.approval",
}
"""Each term, and the setting that counts where a list has none of its own."""

CHOSEN, TYPED = (
    ("target", "discovery", "approval"),
    ("max_recommendations", "minimum_confidence", "wish", "schedule"),
)
EMPTIED = ("styles_include", "styles_avoid", "decades_include", "wish")
"""What a list may want nothing of, whatever the settings say: the field `none` names it."""

SEVERAL = {"styles_include": "style", "styles_avoid": "avoid"}
"""Names of styles, with commas between them."""


@dataclass(frozen=True)
class TermsForm:
    """What stands in the fields."""

    given: Mapping[str, str]
    """Of one value each, as it was typed or is stored."""
    decades: Collection[int] = ()
    providers: Sequence[str] = ()
    """In the order in which they are asked; none: as in the settings."""
    none: Collection[str] = ()
    faults: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the name of the term."""


def form_of(terms: ListTerms = NO_TERMS) -> TermsForm:
    """As they are stored."""
    single = {name: getattr(terms, name) for name in (*CHOSEN, *TYPED)}
    given = {
        name: f"{value:g}" if isinstance(value, float) else str(value or "") for name, value in single.items()
    }
    given |= {name: ", ".join(getattr(terms, name) or ()) for name in SEVERAL}
    return TermsForm(
        given,
        terms.decades_include or (),
        terms.providers or (),
        [name for name in EMPTIED if getattr(terms, name) is not None and not getattr(terms, name)],
    )


def read_form(form: FormData) -> tuple[TermsForm, TermsRequest | None]:
    """As a person left it, and what that asks for; None: something is wrong with it."""
    given = {name: _text(form.get(name)) for name in (*CHOSEN, *TYPED, *SEVERAL)}
    decades = [text for one in form.getlist("decade") if (text := _text(one))]
    providers = [text for one in form.getlist("provider") if (text := _text(one))]
    none = [name for one in form.getlist("none") if (name := _text(one)) in EMPTIED]
    # All of them are sent, so that what was emptied is taken back.
    values: dict[str, Any] = {name: given[name] or None for name in (*CHOSEN, *TYPED)}
    values |= {name: _split(given[name]) or None for name in SEVERAL}
    values |= {"decades_include": decades or None, "providers": providers or None}
    values |= {name: "" if name == "wish" else () for name in none if not values[name]}
    shown = TermsForm(given, [int(one) for one in decades if one.isdecimal()], providers, none)
    try:
        return shown, TermsRequest.model_validate(values)
    except ValidationError as error:
        faults = {str(one["loc"][0]): one["msg"].removeprefix("Value error, ") for one in error.errors()}
        return TermsForm(given, shown.decades, providers, none, faults), None


def usual(settings: Sequence[Setting], chain: Sequence[str]) -> dict[str, str]:
    """What counts where a list wants nothing of its own, in words, by term."""
    known = {setting.key: setting for setting in settings}
    words = {name: _worded(known[key]) for name, key in _SETTINGS.items()}
    return words | {"providers": ", then ".join(chain) or "nobody"}


def choices(settings: Sequence[Setting], name: str) -> list[tuple[str, str]]:
    """Of a term that is chosen: each value with its words, after the one for what the settings say."""
    setting = next(one for one in settings if one.key == _SETTINGS[name])
    return [("", f"As in Settings ({_worded(setting)})"), *setting.choices]


def _worded(setting: Setting) -> str:
    value = setting.value
    if isinstance(value, list):
        several = [f"{one}s" if isinstance(one, int) else str(one) for one in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return ", ".join(several) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _split(text: str) -> list[str]:
    return [one for part in text.split(",") if (one := part.strip())]


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
