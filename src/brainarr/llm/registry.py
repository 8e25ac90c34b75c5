"""Which kinds of language-model provider there are, and what one entry of the provider chain may say.

A new OpenAI-compatible provider is one row of `KINDS`; a provider of another protocol is one file, and one
line in `brainarr.llm.models`.
"""

from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from brainarr.settings.values import Section

KindName = Literal["openai", "openai_compatible", "ollama", "builtin"]


class Kind(msgspec.Struct, frozen=True):
    """What is known of a kind of provider before its server is asked."""

    protocol: Literal["openai", "ollama"] | None
    """None: no model at all."""
    base_url: str | None = None
    """None: the user must name it."""
    needs_key: bool = False
    default_model: str | None = None
    """None: picked from what the server has installed."""
    context_window: int = 8_192
    """Tokens assumed of a model that nothing is known about."""
    price_list: str | None = None
    """The provider's id in genai-prices; None: looked up by the address."""
    timeout: float = 120.0


KINDS: dict[str, Kind] = {
    "builtin": Kind(protocol=None),
    "openai": Kind(
        protocol="openai",
        base_url="https://api.openai.com/v1",
        needs_key=True,
        default_model="gpt-5-mini",
        context_window=128_000,
        price_list="openai",
    ),
    "openai_compatible": Kind(protocol="openai", timeout=180.0),
    # A cold load of a large model from a slow disk alone takes minutes.
    "ollama": Kind(protocol="ollama", base_url="http://127.0.0.1:11434", timeout=300.0),
}


class Prices(Section):
    """The user's own prices, in US dollars for a million tokens."""

    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)
    cached_input: Decimal | None = Field(default=None, ge=0)
    """None: cached tokens cost as much as the others."""


class ProviderEntry(Section):
    """One entry of `provider_chain`. What is left out follows from its kind."""

    kind: KindName
    name: Annotated[str, Field(max_length=60, validate_default=True)] = ""
    """Shown in runs and reports; the kind unless given."""
    base_url: Annotated[str | None, Field(validate_default=True)] = None
    api_key: Annotated[SecretStr | None, Field(validate_default=True)] = None
    model: str | None = Field(default=None, min_length=1, max_length=200)
    timeout: float | None = Field(default=None, gt=0, le=3600)
    """Seconds for one whole answer, loading the model included."""
    context_window: int | None = Field(default=None, ge=1024, le=10_000_000)
    native_schema: bool | None = None
    """Whether the server can enforce a JSON schema; None: tried, and remembered when it refuses."""
    verify_tls: bool = True
    prices: Prices | None = None

    @field_validator("name")
    @classmethod
    def _named_after_its_kind(cls, name: str, info: ValidationInfo) -> str:
        return name.strip() or info.data.get("kind", "")

    @field_validator("base_url")
    @classmethod
    def _usable_address(cls, url: str | None, info: ValidationInfo) -> str | None:
        kind = _kind(info)
        if kind is None or kind.protocol is None:
            return url
        if url is None:
            url = kind.base_url
        parts = _split(url)
        if parts is None:
            raise ValueError(
                "an address that begins with http:// or https://, such as http://192.168.1.5:8080/v1"
            )
        # Both spellings are common: the server's own address, and the path of its OpenAI-compatible API.
        path = parts.path.rstrip("/")
        if kind.protocol == "ollama":
            path = path.removesuffix("/v1").removesuffix("/api")
        elif not path:
            path = "/v1"
        return f"{parts.scheme}://{parts.netloc}{path}"

    @field_validator("api_key")
    @classmethod
    def _key_where_needed(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        kind = _kind(info)
        if kind is not None and kind.needs_key and not (key and key.get_secret_value().strip()):
            raise ValueError(f"the API key of your {info.data['kind']} account")
        return key

    @property
    def address(self) -> str:
        """The base URL, the kind's own where none was given; "" for a kind without a server."""
        return self.base_url or ""

    @property
    def local(self) -> bool:
        """Whether the model runs at home: it costs nothing, and its memory is small."""
        return KINDS[self.kind].protocol is None or is_at_home(self.address)

    @property
    def patience(self) -> float:
        return self.timeout or KINDS[self.kind].timeout


def is_at_home(url: str) -> bool:
    """Whether `url` names a machine of this network, by its form alone; no name is resolved."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        # A name without a dot is a container or a machine of the home network.
        home = (".local", ".lan", ".home", ".internal", ".localdomain", ".home.arpa")
        return bool(host) and ("." not in host or host.endswith(home))
    return address.is_private or address.is_loopback or address.is_link_local


def _kind(info: ValidationInfo) -> Kind | None:
    return KINDS.get(info.data.get("kind", ""))


def _split(url: str | None) -> Any:
    """The parts of a usable web address, else None."""
    try:
        parts = urlsplit((url or "").strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return parts if usable else None
