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


Key = Annotated[SecretStr, AfterValidator(_sendable)]


class _Manners(Section):
    """How a Lidarr is spoken to, wherever it is."""

    verify_tls: bool = True
    timeout: Annotated[float, Field(gt=0, le=600)] = 60
    """Seconds; Lidarr asks its metadata server while we wait."""
    root_folder: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """Where pushed artists go; without it the usable root folder with the most free space."""
    write_exclusions: bool = False
    """Whether "never again" also writes an exclusion there."""
    sync_after_approval: bool = True
    """Whether it is asked to fetch a list soon after something in that was approved."""


class LidarrSettings(_Manners):
    """The first Lidarr, which may not be there yet."""

    url: WebAddress | None = None
    """With Lidarr's URL base, where it has one: http://lidarr:8686 or https://example.org/lidarr"""
    api_key: Key | None = None


class NamedLidarr(_Manners):
    """A Lidarr beside the first one."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    """Short, for addresses: lists and the webhook name it."""
    url: WebAddress
    api_key: Key

    @property
    def as_first(self) -> LidarrSettings:
        """Spoken to as the first one is."""
        return LidarrSettings.model_construct(**self.model_dump(exclude={"name"}))


def connect(
    settings: LidarrSettings,
    *,
    name: str = "lidarr",
    timeout: float | None = None,
    attempts: int = 3,
    max_body: int = 16 * 2**20,
) -> Http:
    """The client of a configured Lidarr. Raises ConfigurationError when none is configured.

    `name`: as its errors call it.

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
        name,
        settings.url.rstrip("/").removesuffix(API) + API,
        headers={"X-Api-Key": settings.api_key.get_secret_value()},
        timeout=timeout or settings.timeout,
        verify=settings.verify_tls,
        attempts=attempts,
        max_body=max_body,
    )
