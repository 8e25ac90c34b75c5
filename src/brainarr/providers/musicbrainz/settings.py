"""How MusicBrainz is reached, and how fast it may be asked."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from brainarr import __version__
from brainarr.http import Http
from brainarr.settings.values import Section, WebAddress


class MusicBrainzSettings(Section):
    base_url: WebAddress = "https://musicbrainz.org/ws/2"
    contact: (
        Annotated[str, Field(max_length=200, pattern=r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$")] | None
    ) = None
    """An e-mail or web address: MusicBrainz wants to reach whoever runs a client that misbehaves."""
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """The public server allows 1, a mirror more: https://musicbrainz.org/doc/MusicBrainz_API/Rate_Limiting"""

    neighbour_seeds: Annotated[int, Field(ge=0, le=60)] = 10
    """How many of a run's seeds it is asked about as a similarity source, the heaviest; 0: none. Each costs
    two requests of the budget that verification lives on, and is remembered for a month."""

    @field_validator("requests_per_second")
    @classmethod
    def _public_server_allows_one(cls, rate: float, info: ValidationInfo) -> float:
        host = urlsplit(info.data.get("base_url", "")).hostname or ""
        if rate > 1 and (host == "musicbrainz.org" or host.endswith(".musicbrainz.org")):
            raise ValueError(
                "a number above 0 and at most 1 for musicbrainz.org, which blocks whoever asks faster"
            )
        return rate


def connect(settings: MusicBrainzSettings) -> Http:
    contact = settings.contact or "self-hosted, no contact given"
    return Http(
        "musicbrainz",
        settings.base_url,
        headers={"User-Agent": f"Brainarr/{__version__} ( {contact} )"},
        requests_per_second=settings.requests_per_second,
        follow_redirects_same_host=True,  # a merged MBID answers 301 to the one that is left
        attempts=4,  # 503 is its way of saying "slower", and ends within seconds
    )
