"""How a Lidarr is reached."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from brainarr.errors import ConfigurationError, Fault
from brainarr.http import Http
from brainarr.settings.values import Section, WebAddress

API = "/api/v1"


def _sendable(key: SecretStr) -> SecretStr:
    text = key.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("the key that Lidarr shows under Settings > General > Security")
    return key


class LidarrSettings(Section):
    url: WebAddress | None = None
    """With Lidarr's URL base, where it has one: http://lidarr:8686 or https://example.org/lidarr"""
    api_key: Annotated[SecretStr, AfterValidator(_sendable)] | None = None
    verify_tls: bool = True
    timeout: Annotated[float, Field(gt=0, le=600)] = 60
    """Seconds; Lidarr asks its metadata server while we wait."""
    root_folder: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """Where pushed artists go; without it the usable root folder with the most free space."""


def connect(
    settings: LidarrSettings, *, timeout: float | None = None, attempts: int = 3, max_body: int = 16 * 2**20
) -> Http:
    """The client of the configured Lidarr. Raises ConfigurationError when none is configured.

    `timeout`: seconds, instead of those in the settings.
    """
    missing = [
        Fault(f"lidarr.{key}", "nothing", allowed)
        for key, value, allowed in (
            ("url", settings.url, "Lidarr's address, such as http://lidarr:8686"),
            ("api_key", settings.api_key, "the key that Lidarr shows under Settings > General > Security"),
        )
        if value is None
    ]
    if settings.url is None or settings.api_key is None:
        raise ConfigurationError(missing)
    return Http(
        "lidarr",
        settings.url.rstrip("/").removesuffix(API) + API,
        headers={"X-Api-Key": settings.api_key.get_secret_value()},
        timeout=timeout or settings.timeout,
        verify=settings.verify_tls,
        attempts=attempts,
        max_body=max_body,
    )
