"""Numbers as people read them; the filters of the templates."""


def dollars(microdollars: int | None) -> str:
    """1234567 as "$1.23", 1200 as "$0.0012"; None, whose price nobody knows, as "unpriced"."""
    if microdollars is None:
        return "unpriced"
    amount = microdollars / 1_000_000
    if amount == 0 or abs(amount) >= 0.01:
        return f"${amount:,.2f}"
    return f"${amount:.4f}" if abs(amount) >= 0.0001 else "<$0.0001"


def percent(share: float) -> str:
    """0.238 as "24%", and what is small as "0.4%"."""
    return f"{share:.1%}" if 0 < share < 0.0095 else f"{share:.0%}"


def compact(number: int) -> str:
    """1234 as "1,234"."""
    return f"{number:,}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """ "1 artist", "2 artists"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
