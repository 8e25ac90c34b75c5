"""What the sections allow, read from their JSON schema: which keys exist, what a value may be, in words."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from brainarr.settings.layers import Path, dotted

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "object": "a section with keys of its own",
    "null": "null",
}


@cache
def _json_schema(model: type[BaseModel]) -> Mapping[str, Any]:
    # 20 ms for the whole configuration, which a page of settings would pay at each question.
    return model.model_json_schema()


class Schema:
    """The keys below one settings model."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._root = _json_schema(model)

    def knows(self, path: Path) -> bool:
        return bool(self.branches(path))

    def is_container(self, path: Path) -> bool:
        """Whether a list or a mapping may stand there."""
        return any(branch.get("type") in ("array", "object") for branch in self.branches(path))

    def is_section(self, path: Path) -> bool:
        return any("properties" in branch for branch in self.branches(path))

    def is_secret(self, path: Path) -> bool:
        """Whether a secret may stand there, or a list of them."""
        inner = [found for node in self.branches(path) for found in self._alternatives(node.get("items", {}))]
        return any(node.get("format") == "password" for node in (*self.branches(path), *inner))

    def holds_secret(self, path: Path) -> bool:
        """Whether a secret may stand there or anywhere inside."""
        return self.is_secret(path) or any(map(self.is_secret, self._keys(path, path)))

    def is_service(self, path: Path) -> bool:
        """Whether the address of a service may stand there."""
        return any(
            branch.get("format") == "uri" and not branch.get("readOnly") for branch in self.branches(path)
        )

    def is_optional(self, path: Path) -> bool:
        """Whether null may stand there."""
        return any(branch.get("type") == "null" for branch in self.branches(path))

    def choices(self, path: Path) -> tuple[str, ...]:
        """The words that may stand there, where nothing else may."""
        return tuple(str(word) for branch in self.branches(path) for word in branch.get("enum", ()))

    def settings(self, at: Path = ()) -> Iterator[Path]:
        """Every place that takes a value: what is no section, a list or a mapping as a whole."""
        for name in (name for branch in self.branches(at) for name in branch.get("properties", ())):
            path = (*at, name)
            if self.is_section(path):
                yield from self.settings(path)
            else:
                yield path

    def allowed(self, path: Path, *, nothing: bool = True) -> str:
        """What may stand there, in words, with `nothing` null too; "" when nothing is known of the place."""
        branches = [each for each in self.branches(path) if nothing or each.get("type") != "null"]
        return " or ".join(dict.fromkeys(filter(None, map(_describe, branches))))

    def nearest(self, path: Path) -> str:
        """The known key that looks most like `path`, numbers of list entries kept."""
        from rapidfuzz import fuzz, process

        known = {key: key.rpartition(".")[2] for key in map(dotted, self._keys(path))}
        section = dotted(path[:-1])
        beside = {key: name for key, name in known.items() if key.rpartition(".")[0] == section}
        # Rather a slip in this section than a good name in a wrong one; else whatever looks alike as a whole.
        for names, alike in ((beside, 60), (known, 80)):
            found = process.extractOne(str(path[-1]), names, scorer=fuzz.ratio, score_cutoff=alike)
            if found:
                return found[2]
        return process.extractOne(dotted(path), list(known), scorer=fuzz.ratio)[0]

    def branches(self, path: Path) -> list[Mapping[str, Any]]:
        """The alternatives that the schema offers for one place; empty when there is no such place."""
        nodes = self._alternatives(self._root)
        for name in path:
            inner: list[Mapping[str, Any]] = []
            for node in nodes:
                child = _child(node, name)
                if isinstance(child, Mapping):
                    inner += self._alternatives(child)
            nodes = inner
        return nodes

    def _alternatives(self, node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        if "$ref" in node:
            return self._alternatives(self._root["$defs"][node["$ref"].rpartition("/")[2]])
        if "allOf" in node:
            return [found for inner in node["allOf"] for found in self._alternatives(inner)]
        if "anyOf" in node:
            return [found for inner in node["anyOf"] for found in self._alternatives(inner)]
        return [node]

    def _keys(self, beside: Path, at: Path = ()) -> Iterator[Path]:
        """Every known key and section; list entries are numbered as in `beside`, else 0."""
        for branch in self.branches(at):
            names: list[str | int] = list(branch.get("properties", ()))
            if "items" in branch:
                follows = len(beside) > len(at) and isinstance(beside[len(at)], int)
                names = [beside[len(at)] if follows else 0]
            for name in names:
                if not isinstance(name, int):
                    yield (*at, name)
                yield from self._keys(beside, (*at, name))


def _child(node: Mapping[str, Any], name: str | int) -> Any:
    if isinstance(name, int):
        return node.get("items")
    if name in node.get("properties", ()):
        return node["properties"][name]
    return node.get("additionalProperties")


def _describe(node: Mapping[str, Any]) -> str:
    if "enum" in node or "const" in node:
        values = [str(value) for value in node.get("enum", [node.get("const")])]
        return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"
    if node.get("type") == "array":
        return "a list with at least one entry" if node.get("minItems") else "a list"
    words = _KINDS.get(node.get("type", ""), "")
    low, high = node.get("minimum"), node.get("maximum")
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f"{words} from {low:.12g} to {high:.12g}"
    limits = [
        f"{text} {limit:.12g}"
        for text, limit in (("above", above), ("of at least", low), ("below", below), ("of at most", high))
        if limit is not None
    ]
    if node.get("minLength"):
        limits.append(
            "that is not empty" if node["minLength"] == 1 else f"of at least {node['minLength']} characters"
        )
    return " ".join((words, " and ".join(limits))).strip() if words else ""
