"""What is known of a model: the user's word, else its server's, else the price table's, else its kind's."""

import msgspec

from brainarr.domain.prompt import ModelCard, OutputMode
from brainarr.errors import ProviderRejected
from brainarr.llm.families import family_of
from brainarr.llm.installed import Installed
from brainarr.llm.kinds import KINDS
from brainarr.llm.pricing import cost_of, listed_context_window
from brainarr.llm.registry import ProviderEntry
from brainarr.llm.wire import refuses_form

# Large enough for whole micro-dollars, small enough for the first of tiered prices.
_SAMPLE_TOKENS = 10_000


def card_of(entry: ProviderEntry, model: str, listed: Installed | None = None) -> ModelCard:
    """What a prompt for `model` must know; `listed` is how its server lists it.

    The first call for a model in the cloud loads the price table for 0.2 s: call it in a thread.
    """
    kind = KINDS[entry.kind]
    listed = listed or Installed(model)
    family = family_of(model)
    known = family.name if family.name != "generic" else kind.family
    prompt_price, output_price = _prices(entry, model)
    return ModelCard(
        provider=entry.name,
        kind=entry.kind,
        model=model,
        context_window=entry.context_window
        or listed.context_window
        or (None if entry.local else listed_context_window(entry, model))
        or kind.context_window,
        local=entry.local,
        output=entry.output or _best_output(kind.outputs, listed),
        family=entry.family or known,
        # A deployment may have any name: better too much room for its answer than none.
        thinks=family.thinks or (family.name == "generic" and kind.needs_model),
        max_output=listed.max_output,
        prompt_price=prompt_price,
        output_price=output_price,
    )


def expected_card(entry: ProviderEntry) -> ModelCard | None:
    """What is known without asking the server; None where only it knows which model it has."""
    model = entry.model or KINDS[entry.kind].default_model
    return card_of(entry, model) if model else None


def weaker(entry: ProviderEntry, card: ModelCard, refusal: ProviderRejected) -> ModelCard:
    """`card` with the next output mode that its kind knows; raises `refusal` when that is no answer to it."""
    outputs = KINDS[entry.kind].outputs
    if entry.output is None and refuses_form(refusal):
        for output in outputs[outputs.index(card.output) + 1 :]:
            return msgspec.structs.replace(card, output=output)
    raise refusal


def _best_output(outputs: tuple[OutputMode, ...], listed: Installed) -> OutputMode:
    possible = [
        output for output in outputs if output is not OutputMode.NATIVE or listed.enforces_schema is not False
    ]
    return possible[0]


def _prices(entry: ProviderEntry, model: str) -> tuple[float | None, float | None]:
    """Micro-dollars for a token of the prompt and for one of the answer; None: unpriced."""
    prompt = cost_of(entry, model, _SAMPLE_TOKENS, 0)
    both = cost_of(entry, model, _SAMPLE_TOKENS, _SAMPLE_TOKENS)
    if prompt is None or both is None:
        return None, None
    return prompt / _SAMPLE_TOKENS, (both - prompt) / _SAMPLE_TOKENS
