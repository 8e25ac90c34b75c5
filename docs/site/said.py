"""What the code says to people, found in its source: the messages of health issues and of errors.

They are written where they arise and not in a table, so this reads the calls that make them. What is known
only at run time becomes "…".
"""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple, TypeGuard

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
    yield from (node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS))


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """Every node of a scope but those of functions inside it."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, _FUNCTIONS):
            yield from _within(node)


_Block = tuple[tuple[int, str], ...]
"""Where a statement stands: the nodes around it, the outermost first, each with the branch of it."""
_BRANCHES = ("body", "orelse", "finalbody")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_WHOLE = (ast.Module, *_FUNCTIONS)
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class _Assigned(NamedTuple):
    values: tuple[ast.expr, ...]
    line: int
    block: _Block


class _Texts:
    """What the expressions of one scope may come to."""

    def __init__(self, scope: ast.AST, module: ast.Module) -> None:
        self._assigned: dict[str, list[_Assigned]] = {}
        self._blocks: dict[int, _Block] = {}
        self._left: set[tuple[int, str]] = set()
        """Branches at whose end nothing goes on."""
        # All of it is placed before anything is looked up.
        for node, block in [
            *self._placed(module, ()),
            *(self._placed(scope, ()) if scope is not module else ()),
        ]:
            self._note(node, block)

    def _placed(self, node: ast.AST, block: _Block) -> Iterator[tuple[ast.AST, _Block]]:
        for name, field in ast.iter_fields(node):
            inner = block
            if isinstance(field, list) and name in _BRANCHES and not isinstance(node, _WHOLE):
                inner = (*block, (id(node), name))
                if field and isinstance(field[-1], _LEAVES):
                    self._left.add(inner[-1])
            for child in field if isinstance(field, list) else (field,):
                # Names within another function are its own.
                if isinstance(child, ast.AST) and not isinstance(child, _FUNCTIONS):
                    self._blocks[id(child)] = inner
                    yield child, inner
                    yield from self._placed(child, inner)

    def _note(self, node: ast.AST, block: _Block) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, [value], node.lineno, block)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, [value], node.lineno, block)
            case ast.AugAssign(target=target):
                # What is added to it may come to anything.
                self._bind(target, [], node.lineno, block)
            case ast.For(target=target, iter=iterated):
                self._bind(target, list(self._each(iterated)), node.lineno, block)
            case ast.comprehension(target=target, iter=iterated):
                # What it is used in stands before it.
                self._bind(target, list(self._each(iterated)), 0, block)

    def _bind(self, target: ast.expr, values: list[ast.expr], line: int, block: _Block) -> None:
        values = [one for value in values for one in _alternatives(value)]
        if isinstance(target, ast.Name):
            self._assigned.setdefault(target.id, []).append(_Assigned(tuple(values), line, block))
        elif isinstance(target, ast.Tuple):
            for place, inner in enumerate(target.elts):
                parts = [value.elts[place] for value in values if _reaches_to(value, place)]
                self._bind(inner, parts, line, block)

    def _each(self, iterated: ast.expr) -> Iterator[ast.expr]:
        """What a loop over something written out goes through: `for name, what in (("a", "b"), …)`."""
        for value in self._values(iterated) if isinstance(iterated, ast.Name) else [iterated]:
            if isinstance(value, ast.Tuple | ast.List):
                yield from value.elts

    def _values(self, name: ast.Name) -> Iterator[ast.expr]:
        """What may stand in `name` where it is used: assigned last on the way there, or in a branch since."""
        here = self._blocks[id(name)]
        known = self._assigned.get(name.id, [])
        before = [each for each in known if each.line <= name.lineno] or known
        on_the_way = [each for each in before if each.block == here[: len(each.block)]]
        last = max(on_the_way, key=lambda each: each.line, default=None)
        for each in before:
            if each is last or ((last is None or each.line > last.line) and self._goes_on(each.block, here)):
                yield from each.values

    def _goes_on(self, block: _Block, here: _Block) -> bool:
        """Whether what is done in `block` may be followed by what is done `here`, further down."""
        apart = next(
            (place for place, (one, other) in enumerate(zip(block, here, strict=False)) if one != other), None
        )
        if apart is not None and block[apart][0] == here[apart][0]:
            # Two branches of one node.
            return False
        return not self._left & set(block[len(here) if apart is None else apart :])

    def of(self, node: ast.expr, depth: int = 0) -> tuple[str, ...]:
        """Everything that `node` may say; at least that it is open."""
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
            case ast.Name() if found := _distinct(
                text for value in self._values(node) for text in self.of(value, depth + 1)
            ):
                return found
        return (UNKNOWN,)


def _alternatives(value: ast.expr) -> tuple[ast.expr, ...]:
    if isinstance(value, ast.IfExp):
        return (*_alternatives(value.body), *_alternatives(value.orelse))
    return (value,)


def _reaches_to(value: ast.expr, place: int) -> TypeGuard[ast.Tuple]:
    return isinstance(value, ast.Tuple) and place < len(value.elts)


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
