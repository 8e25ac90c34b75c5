"""Every address of the HTTP API, read out of its own description."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from brainarr.web.app import describe_api
from docs.site.markdown import code, page, prose, table

_METHODS = ("get", "post", "put", "patch", "delete")
_API = "/api/v1/"
_EVERYWHERE = frozenset(("401", "403", "422", "429"))
"""Answers that every address of the API has, and which the page therefore tells once."""
_UNSAID = "Successful Response"
_ABOUT = """\
Every address with what it takes and answers, read out of the description at `/api/v1/openapi.json`. [The
guide](../api-guide.md) shows how they go together, [api.md](../api.md) has keys, pages, events and errors.

Below `/api/v1/` each may also answer 401 (no key that fits), 403 (the key may not do that), 422 (some
values cannot be used) and 429 (too often), and each `POST` takes the header
[`Idempotency-Key`](../api.md#sending-a-request-again). All answers from 400 on are [problem
documents](../api.md#errors).
"""


class Route(NamedTuple):
    method: str
    path: str
    operation: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def routes(description: Mapping[str, Any]) -> Iterator[Route]:
    for path, methods in description["paths"].items():
        yield from (Route(method.upper(), path, methods[method]) for method in _METHODS if method in methods)


def routes_page() -> str:
    description = describe_api()
    by_noun: dict[str, list[Route]] = {}
    for route in routes(description):
        by_noun.setdefault(route.operation.get("tags", ["other"])[0], []).append(route)
    parts: list[str] = []
    for noun, found in by_noun.items():
        parts.append(f"## {prose(noun)}")
        for route in found:
            parts += _told(route, description)
    return page("Every address of the API", _ABOUT, *parts)


def _told(route: Route, description: Mapping[str, Any]) -> Iterator[str]:
    operation = route.operation
    yield f"### {route.name}"
    for paragraph in operation.get("description", operation["summary"]).split("\n\n"):
        yield prose(paragraph)
    taken = [*_parameters(operation), *_body(operation, description)]
    if taken:
        yield table(("takes", "in", "which is", ""), taken)
    yield "\n".join(f"- {answer}" for answer in _answers(route, description))


def _parameters(operation: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for parameter in operation.get("parameters", ()):
        if parameter["name"].lower() == "idempotency-key":
            continue
        shape = parameter["schema"]
        needed = "required. " if parameter.get("required") and parameter["in"] != "path" else ""
        meaning = parameter.get("description") or shape.get("description", "")
        yield code(parameter["name"]), parameter["in"], _kind(shape), needed + prose(meaning)


def _body(
    operation: Mapping[str, Any], description: Mapping[str, Any]
) -> Iterator[tuple[str, str, str, str]]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        shape = _resolved(content["schema"], description)
        for name, field in shape.get("properties", {}).items():
            needed = "required. " if name in shape.get("required", ()) else ""
            yield code(name), "body", _kind(field), needed + prose(field.get("description", ""))


def _answers(route: Route, description: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in route.operation["responses"].items():
        if status in _EVERYWHERE and route.path.startswith(_API):
            continue
        shape = next((each.get("schema", {}) for each in answer.get("content", {}).values()), {})
        told = "" if answer["description"] == _UNSAID else f"{prose(answer['description']).rstrip('.')}."
        fields = _fields(shape, description) if status < "4" else ""
        yield " ".join(filter(None, (f"**{status}**", told, fields)))


def _fields(shape: Mapping[str, Any], description: Mapping[str, Any]) -> str:
    """The names within an answer, one level deep."""
    several = shape.get("type") == "array"
    inner = _resolved(shape["items"] if several else shape, description)
    names = ", ".join(map(code, inner.get("properties", ())))
    return f"{'An array, each with' if several else 'With'} {names}." if names else ""


def _resolved(shape: Mapping[str, Any], description: Mapping[str, Any]) -> Mapping[str, Any]:
    for alternative in (shape, *shape.get("anyOf", ())):
        if "$ref" in alternative:
            return description["components"]["schemas"][alternative["$ref"].rpartition("/")[2]]
    return shape


def _kind(shape: Mapping[str, Any]) -> str:
    """A value's type and its limits, in a few words."""
    if "anyOf" in shape:
        return " or ".join(dict.fromkeys(map(_kind, shape["anyOf"])))
    if "$ref" in shape:
        return shape["$ref"].rpartition("/")[2]
    if "enum" in shape or "const" in shape:
        return ", ".join(code(value) for value in shape.get("enum", [shape.get("const")]))
    if shape.get("type") == "array":
        return f"list of {_kind(shape.get('items', {}))}"
    low, high = shape.get("minimum"), shape.get("maximum")
    longest = shape.get("maxLength")
    limits = [f"from {low}" if low is not None else "", f"to {high}" if high is not None else ""]
    limits.append(f"up to {longest} characters" if longest is not None else "")
    return " ".join((shape.get("format") or shape.get("type", "anything"), *filter(None, limits)))
