"""What tokens cost, in integer micro-dollars; a price that is not known is None, never a guess."""

from decimal import ROUND_CEILING, Decimal

from brainarr.llm.kinds import KINDS
from brainarr.llm.registry import Prices, ProviderEntry


def cost_of(entry: ProviderEntry, model: str, prompt: int, completion: int, cached: int = 0) -> int | None:
    """Micro-dollars for `prompt` tokens, `cached` of them at the cached rate, and `completion` tokens.

    The user's own prices win; a model at home is free; else genai-prices' embedded table is asked. Its
    updater stays off: no price is fetched behind the user's back. https://github.com/pydantic/genai-prices
    """
    cached = min(cached, prompt)
    if entry.prices is not None:
        return _micro(_by_own_prices(entry.prices, prompt, completion, cached))
    if entry.local:
        return 0
    import genai_prices

    tokens = genai_prices.Usage(
        input_tokens=prompt, output_tokens=completion, cache_read_tokens=cached or None
    )
    price_list = KINDS[entry.kind].price_list
    try:
        price = (
            genai_prices.calc_price(tokens, model, provider_id=price_list)
            if price_list
            else genai_prices.calc_price(tokens, model, provider_api_url=entry.address)
        )
    except (LookupError, ValueError):
        return None
    return _micro(price.total_price)


def listed_context_window(entry: ProviderEntry, model: str) -> int | None:
    """The context window that the price table names for `model`, in tokens."""
    from genai_prices.data_snapshot import get_snapshot

    kind = KINDS[entry.kind]
    try:
        _, found = get_snapshot().find_provider_model(
            model, None, kind.price_list, None if kind.price_list else entry.address
        )
    except LookupError:
        return None
    return found.context_window


def _by_own_prices(prices: Prices, prompt: int, completion: int, cached: int) -> Decimal:
    reduced = prices.input if prices.cached_input is None else prices.cached_input
    return (prices.input * (prompt - cached) + reduced * cached + prices.output * completion) / 1_000_000


def _micro(dollars: Decimal) -> int:
    """Rounded up: a budget must not be overrun by a thousand roundings."""
    return int((dollars * 1_000_000).to_integral_value(ROUND_CEILING))
