"""Settings as fields of a form, and what a person did to them.

Every field comes with what it said when the page was made (`was.KEY`). Only what is different now is a
change: so two people with the same page open take nothing back from each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from starlette.datastructures import FormData

from brainarr.errors import Fault
from brainarr.settings.setting import Kind, Setting


@dataclass(frozen=True)
class SettingField:
    """One setting as its field shows it."""

    setting: Setting
    text: str
    """What stands in the field; of a switch "on" or "off"; never a secret."""
    was: str
    """What stood there when the page was made."""
    kept: tuple[str, ...] = ()
    """Of a list of secrets: the marks of those that stay."""
    to_default: bool = False
    fault: str = ""
    next_at: object = None
    """Of a schedule: when it is due next."""

    @property
    def slug(self) -> str:
        """For ids, which selectors read more easily without dots."""
        return self.setting.key.replace(".", "-")

    @property
    def marks(self) -> tuple[str, ...]:
        """Of a list of secrets: all that are there."""
        return tuple(self.setting.value) if is_secret_list(self.setting) else ()  # type: ignore[arg-type]

    @property
    def default(self) -> str:
        """The default in words."""
        setting = self.setting
        if setting.default in (None, [], {}):
            return setting.none or "nothing"
        if setting.kind is Kind.LIST:
            return text_of(setting.default).replace("\n", ", ")
        return text_of(setting.default) or "nothing"

    @property
    def is_changed(self) -> bool:
        return self.to_default or self.text != self.was


@dataclass(frozen=True)
class Edit:
    """What a form asks for."""

    values: Mapping[str, object] = field(default_factory=dict[str, object])
    forget: frozenset[str] = frozenset()
    faults: tuple[Fault, ...] = ()
    """What cannot even be read."""

    @property
    def count(self) -> int:
        return len(self.values.keys() | self.forget)


def fields_of(settings: Iterable[Setting]) -> dict[str, SettingField]:
    """Untouched fields, by key."""
    fields: dict[str, SettingField] = {}
    for setting in settings:
        text = "" if is_secret_list(setting) else text_of(setting.value)
        was = text_of(setting.value)
        marks = tuple(was.splitlines()) if is_secret_list(setting) else ()
        fields[setting.key] = SettingField(setting, text, was, marks)
    return fields


def filled_in(fields: Mapping[str, SettingField], form: FormData) -> dict[str, SettingField]:
    """The fields as a person left them; those that the form did not have stay as they are."""
    return {
        key: _filled_in(one, form) if f"was.{key}" in form and not one.setting.locked else one
        for key, one in fields.items()
    }


def read_edit(fields: Mapping[str, SettingField], form: FormData) -> Edit:
    """What the form with these fields, filled in, asks for."""
    values: dict[str, object] = {}
    forget: set[str] = set()
    faults: list[Fault] = []
    for key, one in fields.items():
        if f"was.{key}" not in form or one.setting.locked:
            continue
        if one.to_default or f"clear.{key}" in form:
            forget.add(key)
        elif one.setting.kind is not Kind.LIST and one.setting.secret:
            if one.text:
                values[key] = one.text
        elif is_secret_list(one.setting):
            wanted = [*one.kept, *_lines(one.text)]
            if wanted != one.was.splitlines():
                values[key] = wanted
        elif one.text != one.was:
            try:
                values[key] = _value(one.setting, one.text)
            except ValueError as error:
                faults.append(Fault(key, str(error), one.setting.allowed))
    return Edit(values, frozenset(forget), tuple(faults))


def with_faults(fields: Mapping[str, SettingField], faults: Sequence[Fault]) -> dict[str, SettingField]:
    """Each fault at its field; one inside a list or mapping at the whole."""
    found = dict(fields)
    for fault in faults:
        key = fault_at(fault, found)
        if key is not None:
            found[key] = replace(found[key], fault=said(fault))
    return found


def fault_at(fault: Fault, fields: Mapping[str, SettingField]) -> str | None:
    """The key of the field that it belongs to; None: of no single one."""
    return next((key for key in fields if f"{fault.key}.".startswith(f"{key}.")), None)


def said(fault: Fault) -> str:
    """What is allowed, for whoever sees what they wrote."""
    return f"Allowed: {fault.allowed}."


def is_secret_list(setting: Setting) -> bool:
    return setting.secret and setting.kind is Kind.LIST


def text_of(value: object) -> str:
    """A value as it stands in its field: a list by lines, a mapping as `name: value` by lines."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, list):
        return "\n".join(map(text_of, cast(list[object], value)))
    if isinstance(value, Mapping):
        parts = cast(Mapping[str, object], value)
        return "\n".join(f"{name}: {text_of(part)}" for name, part in parts.items())
    return str(value)


def _filled_in(one: SettingField, form: FormData) -> SettingField:
    key = one.setting.key
    text, was = (_lined(form.get(name)) for name in (key, f"was.{key}"))
    if one.setting.kind is Kind.SWITCH:
        text = "on" if text else "off"
    kept = tuple(str(mark) for mark in form.getlist(f"keep.{key}"))
    return replace(one, text=text, was=was, kept=kept, to_default=f"default.{key}" in form)


def _lined(text: object) -> str:
    """As browsers send it, line ends are CR LF."""
    return text.replace("\r\n", "\n").strip() if isinstance(text, str) else ""


def _value(setting: Setting, text: str) -> object:
    """What the text means. Raises ValueError where it is no list of pairs; all else the settings check."""
    if setting.kind is Kind.SWITCH:
        return text == "on"
    if setting.kind is Kind.LIST:
        return _lines(text)
    if setting.kind is Kind.MAPPING:
        return dict(map(_pair, _lines(text)))
    if not text and setting.optional:
        return None
    if setting.kind is Kind.NUMBER:
        return _number(text)
    return text.removeprefix("$").strip() if setting.kind is Kind.MONEY else text


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _pair(line: str) -> tuple[str, object]:
    name, colon, value = line.rpartition(":")
    if not colon or not name.strip():
        raise ValueError(f"the line {line[:60]!r}")
    return name.strip(), _number(value.strip())


def _number(text: str) -> object:
    """Stored as a number where it is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
