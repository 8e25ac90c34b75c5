"""Every setting, read out of the settings' models and the words of the settings page."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from brainarr.settings.layers import Path as Key
from brainarr.settings.schema import Schema
from brainarr.settings.setting import Setting, describe
from brainarr.wiring.changing import fixed_by
from brainarr.wiring.configuration import Settings, load_settings
from brainarr.wiring.words import CHAPTERS
from docs.site.markdown import code, page, prose, table

SCHEMA = Schema(Settings)
_HEAD = ("setting", "default", "allowed", "what it does")
_ABOUT = """\
Every setting that there is, with its environment variable, in the order of the page Settings. This page is
read out of the code; [settings.md](../settings.md) says how files, variables and the app go together, and
more about many of them.

Those marked *restart* count from the next start on, all others within seconds. What is marked *secret* is
never shown.
"""


def settings_page() -> str:
    with tempfile.TemporaryDirectory() as empty:
        loaded = load_settings(Path(empty), {})
    known = {setting.key: setting for setting in describe(loaded, SCHEMA, CHAPTERS, fixed_by(loaded.values))}
    parts: list[str] = []
    for chapter in CHAPTERS:
        parts += [f"## {prose(chapter.title)}", prose(chapter.about)]
        for group in chapter.groups:
            parts += [f"### {prose(group.title)}", table(_HEAD, (_row(known[key]) for key in group.settings))]
    parts += [f"## {prose('Lists of sections')}", *_lists()]
    return page("Every setting", _ABOUT, *parts)


def _row(setting: Setting) -> tuple[str, str, str, str]:
    marks = [
        word for word, holds in (("*restart*", setting.needs_restart), ("*secret*", setting.secret)) if holds
    ]
    meanings = [f"`{value}`: {prose(meaning)}" for value, meaning in setting.choices if meaning != value]
    told = (f"**{prose(setting.title)}**.", prose(setting.help), "; ".join(meanings), ", ".join(marks))
    allowed = prose(setting.allowed) + (f" ({prose(setting.unit)})" if setting.unit else "")
    return (
        _named(tuple(setting.key.split("."))),
        shown_default(setting.default) or prose(setting.none) or "none",
        allowed,
        " ".join(filter(None, told)),
    )


def lists_of_sections() -> Iterator[Key]:
    """The settings that are lists of sections, such as the provider chain: their entries have keys."""
    return (path for path in SCHEMA.settings() if SCHEMA.is_section((*path, 0)))


def _lists() -> Iterator[str]:
    for path in lists_of_sections():
        entry: Key = (*path, 0)
        keys = [(*entry, name) for branch in SCHEMA.branches(entry) for name in branch["properties"]]
        yield f"### {prose('.'.join(map(str, path)))}"
        yield (
            f"A list: its entries are numbered from 0, and [settings.md](../settings.md#{path[-1]}) has what "
            "each key means."
        )
        rows = ((_named(key), _entry_default(key), prose(SCHEMA.allowed(key, nothing=False))) for key in keys)
        yield table(_HEAD[:3], rows)


def _entry_default(key: Key) -> str:
    required = any(key[-1] in branch.get("required", ()) for branch in SCHEMA.branches(key[:-1]))
    usual = next((branch["default"] for branch in SCHEMA.branches(key) if "default" in branch), None)
    return "required" if required else shown_default(usual) or "none"


def _named(key: Key) -> str:
    """The key and its variable, with an anchor for links to it."""
    dotted = ".".join(map(str, key))
    return f'<a id="{dotted}"></a>{code(dotted)}<br>{code(variable(key))}'


def variable(key: Key) -> str:
    return "__".join(("BRAINARR", *(str(part).upper() for part in key)))


def shown_default(value: object) -> str:
    """A default as one would type it; "" where there is none."""
    if value is None or value in ("", (), [], {}):
        return ""
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, dict):
        return code("{" + ", ".join(f"{name}: {part}" for name, part in value.items()) + "}")
    if isinstance(value, list | tuple):
        return code("[" + ", ".join(map(str, value)) + "]")
    return code(value)
