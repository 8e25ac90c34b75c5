"""How hard one entry of the provider chain may be asked, and how long each phase of its answer may take."""

from pydantic import Field

from brainarr.settings.values import Section


class AskingLimits(Section):
    """The part of a chain entry that holds for every kind."""

    connect_timeout: float = Field(default=10.0, gt=0, le=600)
    """Seconds until there is a connection."""
    first_token_timeout: float | None = Field(default=None, gt=0, le=3600)
    """Seconds until the first word, of a thought too; None: as long as the whole answer may take, because a
    cold model is loaded before it. From a server that cannot stream, the first word comes with the last."""
    idle_timeout: float = Field(default=60.0, gt=0, le=3600)
    """Seconds of silence between two words."""
    requests_per_minute: int | None = Field(default=None, ge=1, le=100_000)
    tokens_per_minute: int | None = Field(default=None, ge=1_000, le=1_000_000_000)
    """Of prompts and the room for their answers together, as providers count them."""
    concurrency: int | None = Field(default=None, ge=1, le=64)
    """Questions at the same time; None: 1 at home, where more would only wait in the server, 4 elsewhere."""
