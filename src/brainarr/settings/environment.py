"""Reads the environment: `BRAINARR__SECTION__KEY`, with numbers for list entries
(`BRAINARR__PROVIDER_CHAIN__0__NAME`), and `…_FILE` variables that name a file which holds a secret.
"""

from collections.abc import Mapping
from pathlib import Path as FilePath

from brainarr.errors import ConfigurationError, Fault
from brainarr.settings.file import read_yaml
from brainarr.settings.layers import Layer, Origin, Path
from brainarr.settings.schema import Schema

PREFIX = "BRAINARR__"
LARGEST_SECRET = 64 * 2**10


def read_environment(environ: Mapping[str, str], schema: Schema, folder: FilePath) -> Layer:
    """What the environment says. An empty variable says nothing: container files often pass them along unset.

    Relative paths in `…_FILE` variables are resolved against `folder`.
    """
    layer = Layer()
    for name in sorted(environ):
        if not name.upper().startswith(PREFIX) or not environ[name].strip():
            continue
        path = _path(name.upper().removeprefix(PREFIX))
        from_file = name.upper().endswith("_FILE") and not schema.knows(path)
        if from_file:
            path = _path(name.upper().removeprefix(PREFIX).removesuffix("_FILE"))
        if "" in path:
            layer.faults.append(Fault(name, "this name", "names such as BRAINARR__LIDARR__URL"))
        elif path in layer.given:
            layer.faults.append(
                Fault(name, "the same setting twice", f"either {name} or the other spelling of it")
            )
        elif from_file:
            _add_secret(layer, path, name, folder / environ[name].strip())
        else:
            _add(layer, path, name, environ[name], schema)
    return layer


def _path(name: str) -> Path:
    parts = name.lower().split("__")
    return tuple(int(part) if part.isascii() and part.isdigit() and len(part) < 4 else part for part in parts)


def _add(layer: Layer, path: Path, name: str, text: str, schema: Schema) -> None:
    """Lists and mappings are written as YAML (of which JSON is a part); all else is taken as it stands."""
    if text.strip() == "null":
        layer.add(path, None, Origin.ENVIRONMENT, name)
    elif not schema.is_container(path):
        layer.add(path, text, Origin.ENVIRONMENT, name)
    else:
        try:
            inner = read_yaml(f"value: {text.strip()}")
        except ConfigurationError:
            allowed = f"a list such as [a, b], or one variable for each entry: {name}__0"
            layer.faults.append(Fault(name, "this text", allowed))
            return
        for inner_path, given in inner.given.items():
            layer.add((*path, *inner_path[1:]), given.value, Origin.ENVIRONMENT, name)
        layer.lists |= {(*path, *inner_path[1:]) for inner_path in inner.lists}


def _add_secret(layer: Layer, path: Path, name: str, file: FilePath) -> None:
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST_SECRET + 1)
        text = raw.decode().strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not text in UTF-8"
        layer.faults.append(Fault(name, f"{str(file)!r} ({reason})", "a readable file that holds the secret"))
        return
    if not text or len(raw) > LARGEST_SECRET:
        size = "an empty file" if not text else "a file of more than 64 KiB"
        layer.faults.append(Fault(name, f"{size}, {str(file)!r}", "a readable file that holds the secret"))
        return
    layer.add(path, text, Origin.ENVIRONMENT, name)
