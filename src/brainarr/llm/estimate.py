"""What a question would cost, before it is asked."""

import asyncio
from collections.abc import Sequence

from brainarr.domain.money import CallEstimate
from brainarr.errors import ProviderError
from brainarr.llm.models import Link
from brainarr.llm.pricing import cost_of
from brainarr.llm.wire import output_allowance
from brainarr.pipeline.ports import WritePrompt


async def estimate_calls(links: Sequence[Link], write: WritePrompt) -> tuple[CallEstimate, ...]:
    """One estimate for each entry of the chain, in its order; no model is asked, none is billed.

    A server may be asked which models it has; one that is away is a result with its `problem`.
    """
    return tuple(await asyncio.gather(*(_estimate(link, write) for link in links)))


async def _estimate(link: Link, write: WritePrompt) -> CallEstimate:
    entry = link.entry
    if link.model is None:
        return CallEstimate(entry.name, entry.kind, local=True)
    try:
        card = await link.model.describe()
    except ProviderError as error:
        return CallEstimate(
            entry.name, entry.kind, entry.local, entry.model, cost_microdollars=None, problem=str(error)
        )
    prompt = await asyncio.to_thread(write, card)
    output = output_allowance(card, prompt)
    return CallEstimate(
        name=entry.name,
        kind=entry.kind,
        local=entry.local,
        model=card.model,
        prompt_tokens=prompt.tokens,
        output_tokens=output,
        cost_microdollars=await asyncio.to_thread(cost_of, entry, card.model, prompt.tokens, output),
    )
