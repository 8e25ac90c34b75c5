"""Model servers at home, as they were found."""

import msgspec


class ModelServer(msgspec.Struct, frozen=True):
    """One that answers on this machine or on the container's host; found, not asked anything, not used."""

    kind: str
    """What a chain entry for it would name."""
    address: str
    models: tuple[str, ...] = ()
    model: str | None = None
    """Which of them an entry would take that names none."""
    configured: bool = False
    """An entry of the provider chain asks it already."""
