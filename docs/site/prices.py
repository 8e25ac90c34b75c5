"""What a run costs with the default model of each kind of provider, by the built-in price list."""

from importlib.metadata import version

from brainarr.domain.money import dollars
from brainarr.llm.kinds import KINDS
from brainarr.llm.pricing import cost_of
from brainarr.llm.registry import ProviderEntry
from docs.site.markdown import code, page, prose, table

PROMPT, ANSWER = 6_000, 2_000
"""Tokens. A prompt for some thousand artists, and twenty proposals with what a model thinks before them."""
_ABOUT = f"""\
What each kind of provider costs with its default model, in US dollars, by the price list that this version
of Brainarr has in it: genai-prices {version("genai-prices")}. *A run* is one question of {PROMPT:,} tokens
and an answer of {ANSWER:,}. Before a run Brainarr shows [what yours would cost at
most](../costs.md#before-a-run), and `costs.monthly_budget` bounds it. [providers.md](../providers.md) has
all that can be set.
"""


def prices_page() -> str:
    head = ("kind", "", "model", "a million tokens in", "a million out", "a run")
    return page("What a run costs", _ABOUT, table(head, map(_row, KINDS)))


def _row(name: str) -> tuple[str, ...]:
    kind = KINDS[name]
    if kind.protocol is None:
        return code(name), prose(kind.title), "", "nothing", "nothing", "nothing"
    if not kind.needs_key and name != "openai_compatible":
        return code(name), prose(kind.title), "picked from what it has", "nothing", "nothing", "nothing"
    if kind.default_model is None:
        return code(name), prose(kind.title), "you name it", "", "", "by its model; else set `prices`"
    entry = ProviderEntry.model_validate({"kind": name, "api_key": "none"})
    nothing, prompt, answer, run = (
        cost_of(entry, kind.default_model, *tokens)
        for tokens in ((0, 0), (PROMPT, 0), (0, ANSWER), (PROMPT, ANSWER))
    )
    # Without what a request costs by itself, and at the rate of a prompt of this length.
    costs = (_by_million(nothing, prompt, PROMPT), _by_million(nothing, answer, ANSWER), run)
    return code(name), prose(kind.title), code(kind.default_model), *map(_dollars, costs)


def _by_million(without: int | None, cost: int | None, tokens: int) -> int | None:
    return None if cost is None or without is None else (cost - without) * 1_000_000 // tokens


def _dollars(cost: int | None) -> str:
    return "not known: set `prices`" if cost is None else dollars(cost)
