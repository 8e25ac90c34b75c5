"""What one entry of the provider chain may say. What it leaves out follows from its kind."""

import re
from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from brainarr.domain.prompt import OutputMode
from brainarr.llm.families import FamilyName
from brainarr.llm.kinds import KINDS, Kind, KindName
from brainarr.llm.limits import AskingLimits
from brainarr.settings.values import Section, ServiceAddress

_OUTPUTS = {
    "ollama": (OutputMode.NATIVE, OutputMode.JSON, OutputMode.PROMPTED),
    "anthropic": (OutputMode.NATIVE, OutputMode.TOOL, OutputMode.PROMPTED),
}
"""Protocols that do not know every output mode."""


class Prices(Section):
    """The user's own prices, in US dollars for a million tokens."""

    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)
    cached_input: Decimal | None = Field(default=None, ge=0)
    """None: cached tokens cost as much as the others."""


class ProviderEntry(AskingLimits):
    """One entry of `provider_chain`. What is left out follows from its kind."""

    kind: KindName
    name: Annotated[str, Field(max_length=60, validate_default=True)] = ""
    """Shown in runs and reports; the kind unless given."""
    base_url: Annotated[ServiceAddress | None, Field(validate_default=True)] = None
    api_key: Annotated[SecretStr | None, Field(validate_default=True)] = None
    api_version: str | None = Field(default=None, max_length=40)
    """Azure OpenAI's older API: a date such as 2024-10-21. None: its v1 API, which needs none."""
    model: Annotated[str | None, Field(min_length=1, max_length=200, validate_default=True)] = None
    timeout: float | None = Field(default=None, gt=0, le=3600)
    """Seconds for one whole answer, loading the model included."""
    context_window: int | None = Field(default=None, ge=1024, le=10_000_000)
    output: OutputMode | None = None
    """How the model is held to the answer's form; None: the best of its kind, a lesser one when refused."""
    family: FamilyName | None = None
    """None: what the model's name tells."""
    location: Literal["home", "cloud"] | None = None
    """Whether the model costs nothing and its memory is small; None: what the address tells."""
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
        parts = _split(kind.base_url if url is None else url)
        if parts is None:
            example = (
                "https://NAME.openai.azure.com" if kind.auth == "api-key" else "http://192.168.1.5:8080/v1"
            )
            raise ValueError(f"an address that begins with http:// or https://, such as {example}")
        if "@" in parts.netloc:
            # Addresses are shown in reports and errors.
            raise ValueError("an address without a user name or password in it; a key goes into api_key")
        return f"{parts.scheme}://{parts.netloc}{_path(kind, parts.path)}"

    @field_validator("api_key")
    @classmethod
    def _key_where_needed(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        kind = _kind(info)
        if kind is not None and kind.needs_key and not (key and key.get_secret_value().strip()):
            raise ValueError(f"the API key of your {info.data['kind']} account")
        return key

    @field_validator("api_version")
    @classmethod
    def _version_of_azure(cls, version: str | None, info: ValidationInfo) -> str | None:
        if version is None:
            return None
        if info.data.get("kind") != "azure_openai":
            raise ValueError("nothing: only the kind azure_openai has versions")
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(-preview)?", version):
            raise ValueError("a date such as 2024-10-21, or with -preview behind it")
        return version

    @field_validator("model")
    @classmethod
    def _model_where_needed(cls, model: str | None, info: ValidationInfo) -> str | None:
        kind = _kind(info)
        if kind is not None and kind.needs_model and model is None:
            raise ValueError("the name of your deployment")
        return model

    @field_validator("output")
    @classmethod
    def _output_of_its_protocol(cls, output: OutputMode | None, info: ValidationInfo) -> OutputMode | None:
        kind = _kind(info)
        known = _OUTPUTS.get(kind.protocol or "") if kind else None
        if output is not None and known and output not in known:
            raise ValueError(f"{', '.join(known)}")
        return output

    @property
    def address(self) -> str:
        """The server's address, the kind's own where none was given; "" for a kind without a server."""
        return self.base_url or ""

    @property
    def local(self) -> bool:
        """Whether the model runs at home: it costs nothing, and its memory is small."""
        if self.location is not None:
            return self.location == "home"
        return KINDS[self.kind].protocol is None or is_at_home(self.address)

    @property
    def patience(self) -> float:
        return self.timeout or KINDS[self.kind].timeout

    @property
    def first_patience(self) -> float:
        """Seconds until the first word."""
        return self.first_token_timeout or self.patience


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


def _path(kind: Kind, path: str) -> str:
    """The path of the server's address, however much of the API's own path was given with it."""
    path = path.rstrip("/").removesuffix("/chat/completions")
    if kind.protocol == "ollama":
        return path.removesuffix("/v1").removesuffix("/api")
    if kind.api_path:
        first = f"/{kind.api_path.split('/')[1]}"
        return path.removesuffix(kind.api_path).removesuffix(first)
    return path or (urlsplit(kind.base_url).path if kind.base_url else "/v1")


def _split(url: str | None) -> SplitResult | None:
    """The parts of a usable web address, else None."""
    try:
        parts = urlsplit((url or "").strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return parts if usable else None
