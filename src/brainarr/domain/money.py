"""Money is counted in integer micro-dollars; a price that is not known is None, never a guess."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """What may be spent, in micro-dollars; None sets no limit."""

    month: int | None = None
    """In one calendar month (UTC)."""
    run: int | None = None

    @property
    def none(self) -> bool:
        return self.month is None and self.run is None


NO_LIMITS = Limits()


class Reservation(msgspec.Struct, frozen=True):
    """Money kept aside for a call that is about to be made."""

    id: int | None
    """None: there is no room for it within the limits."""
    month: int
    """Spent this month and kept aside by other calls, in micro-dollars."""
    run: int
    """The same of this run alone."""


class CallEstimate(msgspec.Struct, frozen=True):
    """What asking one entry of the provider chain once would cost at most."""

    name: str
    kind: str
    local: bool
    model: str | None = None
    """None when it could not be found out; `problem` says why."""
    prompt_tokens: int = 0
    output_tokens: int = 0
    """The longest answer it may give, thinking included."""
    cost_microdollars: int | None = 0
    """None: unpriced."""
    problem: str = ""


def dollars(microdollars: int) -> str:
    """For people: at least cents, at most as exact as it is known. 13_500 is $0.0135, 2_000_000 is $2.00."""
    whole, rest = divmod(microdollars, 1_000_000)
    decimals = f"{rest:06}".rstrip("0")
    return f"${whole:,}.{decimals:0<2}"
