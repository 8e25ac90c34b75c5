"""What the code says to people, found in its source: the messages of health issues and of errors.

They are written where they arise and not in a table, so this reads the calls that make them. What is known
only at run time becomes "…".
"""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

UNKNOWN = "…"
_OPEN = re.compile(rf"{UNKNOWN}( ?{UNKNOWN}|\.)*")
_MOST = 16
"""Alternatives of one text; beyond that its parts are left open."""


class Said(NamedTuple):
    """One call, by what it may say."""

    called: str
    place: str
    """File and line."""
    given: tuple[tuple[str, ...], ...]
    """Of each positional argument, what it may be."""
    named: dict[str, tuple[str, ...]]


def calls(folder: Path, names: Iterable[str]) -> Iterator[Said]:
    """Every call of `names` below `folder`, by file and line."""
    wanted = frozenset(names)
    for file in sorted(folder.rglob("*.py")):
        text = file.read_text()
        if not any(f"{name}(" in text for name in wanted):
            continue
        tree = ast.parse(text, str(file))
        for scope in _scopes(tree):
            texts = _Texts(scope, tree)
            for node in _within(scope):
                # A pattern of `match` is no ast.Call, so only what is made is found.
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in wanted:
                    yield Said(
                        node.func.id,
                        f"{file.name}:{node.lineno}",
                        tuple(texts.of(value) for value in node.args),
                        {word.arg: texts.of(word.value) for word in node.keywords if word.arg},
                    )


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    yield tree
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """Every node of a scope but those of functions inside it."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _within(node)


class _Assigned(NamedTuple):
    value: ast.expr
    line: int
    block: tuple[int, ...]
    """The blocks that it stands in, the outermost first."""

    def replaces(self, earlier: "_Assigned") -> bool:
        return self.line > earlier.line and self.block == earlier.block[: len(self.block)]


class _Texts:
    """What the expressions of one scope may come to."""

    def __init__(self, scope: ast.AST, module: ast.Module) -> None:
        self._values: dict[str, list[_Assigned]] = {}
        self._read(module, ())
        if scope is not module:
            self._read(scope, (id(scope),))

    def _read(self, node: ast.AST, block: tuple[int, ...]) -> None:
        for name, field in ast.iter_fields(node):
            inner = (*block, id(field)) if isinstance(field, list) and name in ("body", "orelse") else block
            for child in field if isinstance(field, list) else (field,):
                if isinstance(child, ast.Assign):
                    for target in child.targets:
                        self._bind(target, child.value, inner)
                elif isinstance(child, ast.comprehension | ast.For):
                    self._bind_each(child.target, child.iter, inner)
                # Names within another function are its own.
                if isinstance(child, ast.AST) and not isinstance(
                    child, ast.FunctionDef | ast.AsyncFunctionDef
                ):
                    self._read(child, inner)

    def _bind(self, target: ast.expr, value: ast.expr, block: tuple[int, ...]) -> None:
        if isinstance(target, ast.Name):
            self._values.setdefault(target.id, []).append(_Assigned(value, value.lineno, block))
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for inner, part in zip(target.elts, value.elts, strict=False):
                self._bind(inner, part, block)

    def _bind_each(self, target: ast.expr, iterated: ast.expr, block: tuple[int, ...]) -> None:
        """A loop over what is written out, such as `for name, what in (("a", "b"), …)`: each in a block of
        its own, because none replaces another."""
        for value in self._reaching(iterated) if isinstance(iterated, ast.Name) else (iterated,):
            if isinstance(value, ast.Tuple | ast.List):
                for part in value.elts:
                    self._bind(target, part, (*block, id(part)))

    def _reaching(self, name: ast.Name) -> Iterator[ast.expr]:
        """What may stand in `name` where it is used: assigned before, and not replaced since."""
        known = self._values.get(name.id, [])
        before = [each for each in known if each.line <= name.lineno] or known
        return (each.value for each in before if not any(later.replaces(each) for later in before))

    def of(self, node: ast.expr, depth: int = 0) -> tuple[str, ...]:
        if depth > 6:
            return (UNKNOWN,)
        match node:
            case ast.Constant(value=str(text)):
                return (text,)
            case ast.Attribute(value=ast.Name(id="Severity"), attr=name):
                return (name.lower(),)
            case ast.JoinedStr(values=parts):
                return _joined([self.of(part, depth + 1) for part in parts])
            case ast.FormattedValue(value=value):
                return self.of(value, depth + 1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _joined([self.of(left, depth + 1), self.of(right, depth + 1)])
            case ast.IfExp(body=body, orelse=other):
                return _distinct((*self.of(body, depth + 1), *self.of(other, depth + 1)))
            case ast.Call(func=ast.Attribute(value=value, attr="strip" | "rstrip"), args=[]):
                return self.of(value, depth + 1)
            case ast.Name(id=name) if name in self._values:
                return _distinct(text for value in self._reaching(node) for text in self.of(value, depth + 1))
        return (UNKNOWN,)


def _joined(parts: list[tuple[str, ...]]) -> tuple[str, ...]:
    several = 1
    for part in parts:
        several *= len(part)
    if several > _MOST:
        parts = [part if len(part) == 1 else (UNKNOWN,) for part in parts]
    return _distinct("".join(chosen) for chosen in product(*parts))


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Without repeats; what is open several times in a row is open once."""
    return tuple(dict.fromkeys(_OPEN.sub(UNKNOWN, text) for text in texts))
