"""Which model servers run at home: looked for to be offered, never used by themselves."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from brainarr.domain.servers import ModelServer
from brainarr.errors import ProviderError
from brainarr.http import Http
from brainarr.llm.models import open_links
from brainarr.llm.registry import ProviderEntry

# Where a server may be from here: on this machine, or on the one that the container runs on.
_HOSTS = ("127.0.0.1", "host.docker.internal")
_PORTS = {"Ollama": 11434, "LM Studio": 1234, "llama.cpp and LocalAI": 8080, "vLLM": 8000}
USUAL_PLACES = tuple((host, port) for host in _HOSTS for port in _PORTS.values())

# What is at home answers in milliseconds; a silent firewall must not hold up whoever waits.
PATIENCE_S = 1.0
_MOST_NAMES = 50


async def find_servers(
    chain: Iterable[ProviderEntry] = (),
    *,
    places: Sequence[tuple[str, int]] = USUAL_PLACES,
    patience: float = PATIENCE_S,
) -> tuple[ModelServer, ...]:
    """The model servers at `places` (host, port), all looked at together; each answer within `patience` s.

    A server that is reached by two names is found once, by the first. `chain` tells which are asked already.
    """
    found = await asyncio.gather(*(_look(host, port, patience) for host, port in places))
    servers: dict[tuple[str, int, tuple[str, ...]], ModelServer] = {}
    for (_, port), server in zip(places, found, strict=True):
        if server is not None:
            servers.setdefault((server.kind, port, server.models), server)
    asked = {_place(entry.address) for entry in chain}
    return tuple(
        msgspec.structs.replace(server, configured=_place(server.address) in asked)
        for server in servers.values()
    )


async def _look(host: str, port: int, patience: float) -> ModelServer | None:
    if not await _listens(host, port, patience):
        return None
    address = f"http://{host}:{port}"
    http = Http("detection", address, timeout=patience, attempts=1)
    try:
        shown = await asyncio.gather(*(_shows(http, path, sign) for _, path, sign in _SIGNS))
    finally:
        await http.aclose()
    kind = next((kind for (kind, _, _), seen in zip(_SIGNS, shown, strict=True) if seen), None)
    return await _introduce(kind, address, patience) if kind else None


def _place(address: str) -> tuple[str, int | None]:
    parts = urlsplit(address)
    host = parts.hostname or ""
    return "127.0.0.1" if host in ("localhost", "::1") else host, parts.port


async def _listens(host: str, port: int, patience: float) -> bool:
    try:
        async with asyncio.timeout(patience):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _shows(http: Http, path: str, sign: Any) -> bool:
    try:
        await http.get_json(path, shape=sign)
    except ProviderError:
        return False
    return True


async def _introduce(kind: str, address: str, patience: float) -> ModelServer:
    """The server with its models; without them where it keeps them behind a key."""
    entry = ProviderEntry.model_validate({"kind": kind, "base_url": address, "timeout": patience})
    model = open_links((entry,))[0].model
    if model is None:
        return ModelServer(kind, address)
    try:
        names = tuple(card.model for card in await model.list_models())
        chosen = (await model.describe()).model if names else None
    except ProviderError:
        return ModelServer(kind, address)
    finally:
        await model.aclose()
    return ModelServer(kind, address, names[:_MOST_NAMES], chosen)


class _LMStudioModel(msgspec.Struct):
    type: str
    state: str


class _LMStudio(msgspec.Struct):
    data: list[_LMStudioModel]


class _LlamaCpp(msgspec.Struct):
    default_generation_settings: dict[str, Any]


class _LocalAI(msgspec.Struct):
    backends: list[str] | None
    loaded_models: list[Any] | None


class _LocalAICard(msgspec.Struct):
    version: str
    endpoints: dict[str, Any]


class _VLLMModel(msgspec.Struct):
    owned_by: Literal["vllm"]


class _VLLM(msgspec.Struct):
    data: Annotated[list[_VLLMModel], msgspec.Meta(min_length=1)]


class _Ollama(msgspec.Struct):
    version: str


_SIGNS: tuple[tuple[str, str, Any], ...] = (
    # Address and shape that only this kind has; the first that fits counts, since several imitate Ollama.
    # https://lmstudio.ai/docs/developer/rest/endpoints
    ("lmstudio", "/api/v0/models", _LMStudio),
    # https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    ("llamacpp", "/props", _LlamaCpp),
    # https://localai.io/docs/reference/system-info, and what it shows without a key
    ("localai", "/system", _LocalAI),
    ("localai", "/.well-known/localai.json", _LocalAICard),
    # https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
    ("vllm", "/v1/models", _VLLM),
    # https://docs.ollama.com/api/version
    ("ollama", "/api/version", _Ollama),
)
