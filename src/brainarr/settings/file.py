"""Reads config.yaml: every scalar as the text that was written, with the line it stands on.

Numbers and booleans are made by the settings' own types. So an API key of digits only keeps its leading
zeros, a model may be called "on", and nothing but `null`, `~` and an empty value has a meaning of its own.
"""

from pathlib import Path as FilePath
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from brainarr.errors import ConfigurationError, Fault
from brainarr.settings.layers import Layer, Origin, Path, dotted

FILE_NAME = "config.yaml"
LARGEST = 2**20
DEEPEST = 12
_NULLS = ("", "~", "null", "Null", "NULL")


def read_file(folder: FilePath) -> Layer:
    """What `config.yaml` in `folder` says; an empty layer where there is none. Raises ConfigurationError."""
    path = folder / FILE_NAME
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Layer()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unusable(str(path), "a readable file", reason) from error
    if len(raw) > LARGEST:
        raise _unusable(f"{len(raw)} bytes", f"at most {LARGEST} bytes")
    try:
        return read_yaml(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _unusable(f"the bytes at line {line}", "text in UTF-8") from error


def read_yaml(text: str) -> Layer:
    """What a YAML document says. Raises ConfigurationError with line and column when it is not one."""
    try:
        root = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        what = f"the text at {where}" + (f" ({error.problem})" if error.problem else "")
        raise _unusable(what, "YAML") from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _unusable(f"the character U+{ord(text[error.position]):04X} in line {line}", "text") from error
    layer = Layer()
    if root is None or _is_null(root):
        return layer
    if not isinstance(root, MappingNode):
        raise _unusable("the text at line 1, column 1", "YAML with one section per line, such as `lidarr:`")
    if root.value:
        _collect(root, (), layer)
    return layer


class _Composer(yaml.SafeLoader):
    """Composes nodes only. Aliases and deep nesting are refused: a few lines of them can fill the memory."""

    depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise ComposerError(None, None, "aliases are not read here", mark)
        self.depth += 1
        if self.depth > DEEPEST:
            mark = self.peek_event().start_mark
            raise ComposerError(None, None, "nested too deeply", mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _collect(node: Node, path: Path, layer: Layer) -> None:
    place = f"{FILE_NAME}, line {node.start_mark.line + 1}"
    if isinstance(node, MappingNode) and node.value:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            at = f"{FILE_NAME}, line {key_node.start_mark.line + 1}"
            if not isinstance(key_node, ScalarNode) or _is_null(key_node):
                layer.faults.append(Fault(dotted(path) or FILE_NAME, f"the key at {at}", "a name"))
            elif key_node.value in seen:
                key = dotted((*path, key_node.value))
                layer.faults.append(Fault(key, f"a second value ({at})", "one value"))
            else:
                seen.add(key_node.value)
                _collect(value_node, (*path, key_node.value), layer)
    elif isinstance(node, SequenceNode) and node.value:
        layer.lists.add(path)
        for index, inner in enumerate(node.value):
            _collect(inner, (*path, index), layer)
    elif isinstance(node, ScalarNode):
        layer.add(path, None if _is_null(node) else node.value, Origin.FILE, place)
    else:
        layer.add(path, [] if isinstance(node, SequenceNode) else {}, Origin.FILE, place)


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.style is None and node.value in _NULLS


def _unusable(given: str, allowed: str, reason: str = "") -> ConfigurationError:
    return ConfigurationError([Fault(FILE_NAME, given, f"{allowed} ({reason})" if reason else allowed)])
