"""Reads our compose files as Docker Compose would, and no key that they do not use: typing mistakes fail.

https://docs.docker.com/reference/compose-file/
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from tests.packaging.clone import ROOT

FOLDER = ROOT / "deploy/compose"
FILES = sorted(FOLDER.glob("*.yaml"))

Words = Annotated[list[str], msgspec.Meta(min_length=1)]
Duration = Annotated[str, msgspec.Meta(pattern=r"^\d+(s|m)$")]


class _Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    pass


class Health(_Strict, frozen=True, kw_only=True):
    test: Words
    interval: Duration = "30s"
    timeout: Duration = "30s"
    retries: int = 3


class Condition(_Strict, frozen=True, kw_only=True):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Service(_Strict, frozen=True, kw_only=True):
    image: str
    build: str | None = None
    container_name: str | None = None
    restart: Literal["unless-stopped"]
    user: str | None = None
    environment: dict[str, str] = {}
    volumes: list[Annotated[str, msgspec.Meta(pattern=r"^\.?/[^:]*:/[^:]+$")]] = []
    ports: list[Annotated[str, msgspec.Meta(pattern=r"^\d+:\d+$")]] = []
    command: list[str] | None = None
    healthcheck: Health | None = None
    depends_on: dict[str, Condition] = {}
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    cap_add: list[str] = []
    security_opt: list[str] = []
    stop_grace_period: Duration | None = None
    labels: dict[str, str] = {}


class Compose(_Strict, frozen=True, kw_only=True):
    name: str
    services: dict[str, Service]


_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def variables(text: str) -> set[str]:
    """What it takes from .env."""
    return {found[1] for found in _VARIABLE.finditer(text)}


def read_compose(text: str, environ: Mapping[str, str]) -> Compose:
    """Raises KeyError for a variable that must be set and is not, ValidationError for an unknown key."""

    def put_in(found: re.Match[str]) -> str:
        name, how, words = found.groups()
        if given := environ.get(name):
            return given
        if how != "-":
            raise KeyError(name)
        return words

    given: dict[str, Any] = yaml.safe_load(text)
    filled = _each(given, lambda one: _VARIABLE.sub(put_in, one))
    return msgspec.convert(
        {key: value for key, value in filled.items() if not key.startswith("x-")}, Compose, strict=False
    )


def _each(node: Any, change: Any) -> Any:
    """Compose puts variables into values, after YAML was read."""
    if isinstance(node, dict):
        return {key: _each(value, change) for key, value in node.items()}  # type: ignore[misc]
    if isinstance(node, list):
        return [_each(value, change) for value in node]  # type: ignore[misc]
    # Environment is text to Compose, numbers too.
    return change(node) if isinstance(node, str) else str(node) if type(node) is int else node


def brainarrs(path: Path, environ: Mapping[str, str]) -> dict[str, Service]:
    """The services of that file which are Brainarr."""
    services = read_compose(path.read_text(), environ).services
    return {name: one for name, one in services.items() if "brainarr" in one.image}
