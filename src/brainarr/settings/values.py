"""What the sections of the configuration are made of."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema


class Section(BaseModel):
    """One section: it refuses unknown keys, NaN and infinity, and never changes once read."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, str_strip_whitespace=True, hide_input_in_errors=True
    )


def web_address(text: str) -> str:
    """`text` when it is an absolute http(s) address without credentials, query or fragment, else ValueError.

    The message says what is allowed, as the message of every validator of a setting does.
    """
    allowed = "an address such as http://lidarr:8686 or https://example.org/base"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(allowed) from None
    if "@" in parts.netloc:
        raise ValueError(f"{allowed}, without a user name or password in it")
    if parts.query or parts.fragment:
        raise ValueError(f"{allowed}, without '?' and '#'")
    unusable = any(char.isspace() or not char.isprintable() or char in '"<>\\^`{|}' for char in text)
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or unusable:
        raise ValueError(allowed)
    return text


def place_of(address: str) -> str:
    """Scheme, host and port, however they are written: whom a key is told. "" for what is no address."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.hostname else ""


_URI = {"type": "string", "format": "uri"}
ServiceAddress = Annotated[str, WithJsonSchema(_URI)]
"""Of a service, which is told the secrets beside it; judged elsewhere."""
WebAddress = Annotated[str, AfterValidator(web_address), WithJsonSchema(_URI)]
OwnAddress = Annotated[str, AfterValidator(web_address), WithJsonSchema({**_URI, "readOnly": True})]
"""Our own: nothing is told there."""
