"""What the protocols share: one HTTP client per entry, and how a refused form is recognised."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from brainarr.domain.prompt import ModelCard, Prompt
from brainarr.errors import ProviderRejected
from brainarr.http import Http
from brainarr.llm.kinds import KINDS
from brainarr.llm.registry import ProviderEntry

# The longest honest answer, 200 items with a reason each, is below 100 kB; a server may add its log to it.
MAX_BODY = 4 * 2**20

ANSWER_NAME = "recommendations"
"""How the schema or the tool is called."""

# Reasoning is counted as output: without this allowance a thinking model is cut off before its first word.
THINKING_TOKENS = 4_096

# The last is what Groq says when its model did not keep to the form: the reader may well understand it.
_FORM_WORDS = ("format", "schema", "grammar", "structured", "guided", "tool", "json_validate_failed")


class SchemaRefused(ProviderRejected):
    """The server cannot hold the model to a form so. Its card names another way now, which may work."""


def open_http(entry: ProviderEntry, headers: Mapping[str, str] = MappingProxyType({})) -> Http:
    """The client for one entry. It never retries: what comes next is the chain's decision."""
    key = entry.api_key.get_secret_value().strip() if entry.api_key else ""
    header = KINDS[entry.kind].auth
    sent = {header: f"Bearer {key}" if header == "Authorization" else key} if key else {}
    return Http(
        entry.name,
        entry.address,
        headers={**headers, **sent},
        secrets=(key,),
        timeout=entry.patience,
        connect_timeout=entry.connect_timeout,
        verify=entry.verify_tls,
        max_body=MAX_BODY,
        attempts=1,
    )


def refuses_form(refusal: ProviderRejected) -> bool:
    """Whether a 400 is about the enforced form; one that gives no reason at all may be."""
    if refusal.status not in (400, 422):
        return False
    said = "" if refusal.body is None else msgspec.json.encode(refusal.body).decode().lower()[:4000]
    return not said or any(word in said for word in _FORM_WORDS)


def output_allowance(card: ModelCard, prompt: Prompt) -> int:
    """The most tokens that the model may spend on its answer, thinking included."""
    wanted = prompt.output_tokens + (THINKING_TOKENS if card.thinks else 0)
    return wanted if card.max_output is None else min(wanted, card.max_output)


def count(number: Any) -> int:
    """A token count as a server reported it; 0 for nonsense."""
    return number if isinstance(number, int) and 0 < number < 1_000_000_000 else 0
