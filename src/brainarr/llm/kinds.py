"""Which kinds of language-model provider there are, and what is known of each before its server is asked.

A new OpenAI-compatible provider is one row of `KINDS`. A provider of another protocol is one file and one
line in `brainarr.llm.models`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from brainarr.domain.prompt import OutputMode

KindName = Literal[
    "ollama",
    "lmstudio",
    "llamacpp",
    "vllm",
    "localai",
    "openai",
    "azure_openai",
    "anthropic",
    "gemini",
    "mistral",
    "groq",
    "deepseek",
    "openrouter",
    "perplexity",
    "xai",
    "zai",
    "together",
    "fireworks",
    "openai_compatible",
    "builtin",
]

# What a provider offers to hold a model to a form, best first. Each is tried when the one before is refused.
_SCHEMA = (OutputMode.NATIVE, OutputMode.PROMPTED)
_SCHEMA_OR_JSON = (OutputMode.NATIVE, OutputMode.JSON, OutputMode.PROMPTED)
_SCHEMA_OR_TOOL = (OutputMode.NATIVE, OutputMode.TOOL, OutputMode.PROMPTED)
_JSON = (OutputMode.JSON, OutputMode.PROMPTED)

_NOTHING: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
_EFFORT = {"reasoning_effort": "low"}
_NO_THOUGHT = {"thinking": {"type": "disabled"}}


class Kind(msgspec.Struct, frozen=True):
    """What is known of a kind of provider before its server is asked."""

    title: str
    """How people know it."""
    protocol: Literal["openai", "ollama", "anthropic"] | None
    """None: no model at all."""
    base_url: str | None = None
    """The server's address without `api_path`; None: the user must name it."""
    api_path: str = ""
    """Where the API lies below the address. Both spellings of an address are taken, with and without it."""
    auth: Literal["Authorization", "x-api-key", "api-key"] = "Authorization"
    """The header that carries the key; in Authorization it is a bearer token."""
    needs_key: bool = False
    outputs: tuple[OutputMode, ...] = _SCHEMA
    default_model: str | None = None
    """None: picked from what the server has installed."""
    needs_model: bool = False
    """Nothing sensible can be picked."""
    lists: bool = True
    """Whether its list of models, where it has one, is of models that can be asked."""
    family: str = "generic"
    """Of models whose names tell none."""
    little_thought: Mapping[str, Mapping[str, Any]] = _NOTHING
    """Family → what a question carries so that its models think little: a list of names gains nothing from
    long thought, which is billed."""
    context_window: int = 8_192
    """Tokens assumed of a model that nothing is known about."""
    price_list: str | None = None
    """The provider's id in genai-prices; None: looked up by the address."""
    timeout: float = 120.0


KINDS: dict[str, Kind] = {
    # At home. Loading a large model from a slow disk alone takes minutes. Where the server does not tell the
    # context window, 4k is what most of them start with.
    "ollama": Kind("Ollama", "ollama", "http://127.0.0.1:11434", timeout=300.0),
    "lmstudio": Kind(
        "LM Studio", "openai", "http://127.0.0.1:1234", "/v1", context_window=4_096, timeout=300.0
    ),
    "llamacpp": Kind(
        "llama.cpp", "openai", "http://127.0.0.1:8080", "/v1", context_window=4_096, timeout=300.0
    ),
    "vllm": Kind("vLLM", "openai", "http://127.0.0.1:8000", "/v1", timeout=300.0),
    "localai": Kind(
        "LocalAI",
        "openai",
        "http://127.0.0.1:8080",
        "/v1",
        outputs=_SCHEMA_OR_JSON,
        context_window=4_096,
        timeout=300.0,
    ),
    # https://platform.openai.com/docs/api-reference/chat
    "openai": Kind(
        "OpenAI",
        "openai",
        "https://api.openai.com/v1",
        needs_key=True,
        outputs=_SCHEMA_OR_JSON,
        default_model="gpt-5-mini",
        family="gpt",
        little_thought={"gpt": _EFFORT},
        context_window=128_000,
        price_list="openai",
    ),
    # Models are called by the names of their deployments, and only those can be asked, while /models lists
    # all there are. https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
    "azure_openai": Kind(
        "Azure OpenAI",
        "openai",
        api_path="/openai/v1",
        auth="api-key",
        needs_key=True,
        outputs=_SCHEMA_OR_JSON,
        needs_model=True,
        lists=False,
        family="gpt",
        little_thought={"gpt": _EFFORT},
        context_window=128_000,
        price_list="azure",
    ),
    # https://platform.claude.com/docs/en/api/messages
    "anthropic": Kind(
        "Anthropic",
        "anthropic",
        "https://api.anthropic.com",
        "/v1",
        auth="x-api-key",
        needs_key=True,
        outputs=_SCHEMA_OR_TOOL,
        default_model="claude-haiku-5-5",
        family="claude",
        context_window=200_000,
        price_list="anthropic",
    ),
    # https://ai.google.dev/gemini-api/docs/openai
    "gemini": Kind(
        "Google Gemini",
        "openai",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        needs_key=True,
        outputs=_SCHEMA_OR_JSON,
        # A name that outlives the versions.
        default_model="gemini-flash-lite-latest",
        family="gemini",
        little_thought={"gemini": _EFFORT},
        context_window=128_000,
        price_list="google",
    ),
    # https://docs.mistral.ai/capabilities/structured_output
    "mistral": Kind(
        "Mistral AI",
        "openai",
        "https://api.mistral.ai/v1",
        needs_key=True,
        outputs=_SCHEMA_OR_JSON,
        default_model="mistral-small-latest",
        family="mistral",
        context_window=32_000,
        price_list="mistral",
    ),
    # Some of its models know schemas, others only JSON: https://console.groq.com/docs/structured-outputs
    "groq": Kind(
        "Groq",
        "openai",
        "https://api.groq.com/openai/v1",
        needs_key=True,
        outputs=_SCHEMA_OR_JSON,
        default_model="openai/gpt-oss-120b",
        little_thought={"gpt": _EFFORT},
        price_list="groq",
    ),
    # https://api-docs.deepseek.com/guides/json_mode
    "deepseek": Kind(
        "DeepSeek",
        "openai",
        "https://api.deepseek.com",
        needs_key=True,
        outputs=_JSON,
        default_model="deepseek-flash",
        family="deepseek",
        little_thought={"deepseek": _NO_THOUGHT},
        context_window=64_000,
        price_list="deepseek",
    ),
    # https://openrouter.ai/docs/features/structured-outputs
    "openrouter": Kind(
        "OpenRouter",
        "openai",
        "https://openrouter.ai/api/v1",
        needs_key=True,
        outputs=_SCHEMA_OR_JSON,
        default_model="openai/gpt-5-mini",
        little_thought={
            family: {"reasoning": {"effort": "low"}}
            for family in ("gpt", "gemini", "claude", "qwen", "deepseek", "glm")
        },
        price_list="openrouter",
    ),
    # https://docs.perplexity.ai/guides/structured-outputs
    "perplexity": Kind(
        "Perplexity",
        "openai",
        "https://api.perplexity.ai",
        needs_key=True,
        default_model="sonar",
        lists=False,
        context_window=128_000,
        price_list="perplexity",
    ),
    # https://docs.x.ai/docs/guides/structured-outputs
    "xai": Kind(
        "xAI",
        "openai",
        "https://api.x.ai/v1",
        needs_key=True,
        outputs=_SCHEMA_OR_JSON,
        default_model="grok-4.3",
        family="grok",
        context_window=128_000,
        price_list="x-ai",
    ),
    # https://docs.z.ai/guides/capabilities/struct-output
    "zai": Kind(
        "Z.AI",
        "openai",
        "https://api.z.ai/api/paas/v4",
        needs_key=True,
        outputs=_JSON,
        default_model="glm-5.3-flash",
        family="glm",
        little_thought={"glm": _NO_THOUGHT},
        context_window=128_000,
        price_list="zai",
    ),
    # https://docs.together.ai/docs/json-mode
    "together": Kind(
        "Together AI",
        "openai",
        "https://api.together.xyz/v1",
        needs_key=True,
        outputs=_SCHEMA_OR_JSON,
        default_model="openai/gpt-oss-120b",
        little_thought={"gpt": _EFFORT},
        price_list="together",
    ),
    # https://docs.fireworks.ai/structured-responses/structured-response-formatting
    "fireworks": Kind(
        "Fireworks AI",
        "openai",
        "https://api.fireworks.ai/inference/v1",
        needs_key=True,
        outputs=_SCHEMA_OR_JSON,
        default_model="accounts/fireworks/models/gpt-oss-120b",
        little_thought={"gpt": _EFFORT},
        price_list="fireworks",
    ),
    # Servers that know only this protocol mostly know JSON by schema or not at all.
    "openai_compatible": Kind("OpenAI-compatible server", "openai", timeout=180.0),
    "builtin": Kind("no model", protocol=None),
}
