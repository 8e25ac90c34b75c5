"""Every command, read out of the command line itself."""

from collections.abc import Iterator
from typing import Any

import typer.main

from brainarr.cli.app import app
from docs.site.markdown import code, page, prose, table

_ABOUT = """\
Every command with its arguments and options, read out of the program. `brainarr COMMAND --help` says the
same. `--config DIR` may stand before or after any of them. Exit codes: 0 done, 1 failed (`doctor`:
something needs you), 2 unusable arguments or configuration, 130 stopped by Ctrl-C.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Each command that does something, with its whole name."""
    return _below(typer.main.get_command(app), "brainarr")


def _below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not getattr(command, "commands", None) or command.invoke_without_command:
        yield name, command
    for word, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from _below(inner, f"{name} {word}")


def commands_page() -> str:
    whole = typer.main.get_command(app)
    parts = ["## brainarr", _options(whole)]
    for name, command in commands():
        if command is not whole:
            parts += [f"## {name}", _told(command.help), _usage(name, command), _options(command)]
    return page("Every command", _ABOUT, *parts)


def _told(help: str | None) -> str:
    """A docstring's paragraphs."""
    # What comes after a form feed is for readers of the code.
    paragraphs = (help or "").partition("\f")[0].split("\n\n")
    return "\n\n".join(prose(paragraph) for paragraph in paragraphs)


def _usage(name: str, command: Any) -> str:
    return f"```\n{name} {' '.join(map(_as_typed, command.params))}\n```".replace(" \n", "\n")


def _as_typed(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        placeholder = parameter.metavar or parameter.name.upper()
        return placeholder if parameter.required else f"[{placeholder}]"
    return _option(parameter) if parameter.required else f"[{_option(parameter)}]"


def _option(parameter: Any) -> str:
    spelled = "/".join((*parameter.opts, *parameter.secondary_opts))
    return spelled if parameter.is_flag else f"{spelled} {_placeholder(parameter)}"


def _placeholder(parameter: Any) -> str:
    allowed = _choices(parameter)
    return parameter.metavar or ("|".join(allowed) if allowed else parameter.name.upper())


def _choices(parameter: Any) -> tuple[str, ...]:
    """The words that may stand there, where the type names them."""
    kind = parameter.type_descriptor.annotation
    return tuple(str(each.value) for each in getattr(kind, "__members__", {}).values())


def _options(command: Any) -> str:
    rows = [
        (code(_option(parameter)), _meaning(parameter))
        for parameter in command.params
        if parameter.param_type_name == "option"
    ]
    return table(("option", ""), rows) if rows else ""


def _meaning(parameter: Any) -> str:
    said = [prose(parameter.help or "")]
    if choices := _choices(parameter):
        said.append(f"One of {', '.join(map(code, choices))}.")
    if parameter.min is not None and parameter.max is not None:
        said.append(f"{parameter.min} to {parameter.max}.")
    if parameter.default not in (None, False, "") and not callable(parameter.default):
        said.append(f"Default: {code(getattr(parameter.default, 'value', parameter.default))}.")
    return " ".join(filter(None, said))
