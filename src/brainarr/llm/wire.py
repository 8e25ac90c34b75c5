"""What the protocols share: one HTTP client per entry, and how a refused schema is recognised."""

from typing import Any

import msgspec

from brainarr.domain.prompt import Prompt
from brainarr.errors import ProviderRejected
from brainarr.http import Http
from brainarr.llm.families import family_of
from brainarr.llm.registry import ProviderEntry

# The longest honest answer, 200 items with a reason each, is below 100 kB; a server may add its log to it.
MAX_BODY = 4 * 2**20

# Reasoning is counted as output: without this allowance a thinking model is cut off before its first word.
THINKING_TOKENS = 4_096

_SCHEMA_WORDS = ("response_format", "schema", "grammar", "structured", "guided", "format")


class SchemaRefused(ProviderRejected):
    """The server cannot enforce a schema. The model's card says so from now on; asking in words may work."""


def open_http(entry: ProviderEntry) -> Http:
    """The client for one entry. It never retries: what comes next is the chain's decision."""
    key = entry.api_key.get_secret_value().strip() if entry.api_key else ""
    return Http(
        entry.name,
        entry.address,
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=entry.patience,
        verify=entry.verify_tls,
        max_body=MAX_BODY,
        attempts=1,
    )


def refuses_schema(refusal: ProviderRejected) -> bool:
    """Whether a 400 is about the enforced schema; one that gives no reason at all may be."""
    if refusal.status not in (400, 422):
        return False
    said = "" if refusal.body is None else msgspec.json.encode(refusal.body).decode().lower()[:4000]
    return not said or any(word in said for word in _SCHEMA_WORDS)


def output_allowance(model: str, prompt: Prompt) -> int:
    """The most tokens that `model` may spend on its answer, thinking included."""
    return prompt.output_tokens + (THINKING_TOKENS if family_of(model).thinks else 0)


def count(number: Any) -> int:
    """A token count as a server reported it; 0 for nonsense."""
    return number if isinstance(number, int) and 0 < number < 1_000_000_000 else 0
