"""A small configuration, so that the machinery is tested apart from the real sections."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from brainarr.errors import ConfigurationError
from brainarr.settings.load import Loaded, load
from brainarr.settings.values import Section, WebAddress


class House(Section):
    port: int = Field(default=8690, ge=1, le=65535)
    motto: str = ""
    api_key: str | None = None


class Remote(Section):
    url: WebAddress | None = None
    api_key: str | None = None
    timeout: float = Field(default=60, gt=0)
    verify: bool = True


class Link(Section):
    name: str
    kind: Literal["builtin", "ollama", "openai"]
    api_key: str | None = None


class Small(Section):
    house: House = House()
    lidarr: Remote = Remote()
    chain: tuple[Link, ...] = Field(default=(Link(name="builtin", kind="builtin"),), min_length=1)
    urls: tuple[str, ...] = ()
    tokens: Annotated[int, Field(ge=200)] | None = None


Read = Callable[..., Loaded[Small]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(
        yaml: str | None = None,
        environ: Mapping[str, str] | None = None,
        database: Mapping[str, Any] | None = None,
    ) -> Loaded[Small]:
        if yaml is not None:
            (tmp_path / "config.yaml").write_text(yaml)
        return load(Small, tmp_path, environ or {}, database)

    return read


@pytest.fixture
def faults(read: Read) -> Callable[..., dict[str, str]]:
    """The faults of a configuration: key → the whole message."""

    def faults(
        yaml: str | None = None,
        environ: Mapping[str, str] | None = None,
        database: Mapping[str, Any] | None = None,
    ) -> dict[str, str]:
        with pytest.raises(ConfigurationError) as caught:
            read(yaml, environ, database)
        return {fault.key: str(fault) for fault in caught.value.faults}

    return faults
