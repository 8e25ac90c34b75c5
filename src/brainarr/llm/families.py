"""What a model's name tells: the family it is of, whose vocabulary it counts in, whether it thinks aloud."""

import re
from typing import Literal

import msgspec

FamilyName = Literal[
    "llama",
    "claude",
    "gpt",
    "gemini",
    "qwen",
    "deepseek",
    "mistral",
    "gemma",
    "phi",
    "glm",
    "kimi",
    "grok",
    "generic",
]


class Family(msgspec.Struct, frozen=True):
    """Models that behave alike."""

    name: FamilyName
    vocabulary: str
    """The tokenizer's name in splintr."""
    thinks: bool = False
    """It may spend answer tokens on reasoning before the first word of the answer."""


_GENERIC = Family("generic", "o200k_base")

# Searched in order within the lower-cased name, which servers decorate: "hf.co/someone/Qwen3-8B-GGUF:Q4_K_M".
_FAMILIES: tuple[tuple[str, Family], ...] = (
    (r"gpt-?oss", Family("gpt", "gpt-oss", thinks=True)),
    (r"deepseek.*(r1|reason)|r1.*distill", Family("deepseek", "deepseek_v3", thinks=True)),
    (r"deepseek", Family("deepseek", "deepseek_v3", thinks=True)),
    (r"qwq|qwen-?3(?!.*instruct)", Family("qwen", "qwen3", thinks=True)),
    (r"qwen", Family("qwen", "qwen3")),
    (r"magistral", Family("mistral", "mistral_v3", thinks=True)),
    (r"mistral|mixtral|ministral|devstral|codestral", Family("mistral", "mistral_v3")),
    (r"gemma", Family("gemma", "gemma3")),
    (r"gemini", Family("gemini", "gemma3", thinks=True)),
    (r"llama-?2", Family("llama", "llama2")),
    (r"llama|hermes", Family("llama", "llama3")),
    (r"phi-?[34]", Family("phi", "phi4")),
    (r"glm", Family("glm", "glm4", thinks=True)),
    (r"kimi", Family("kimi", "kimi_k2", thinks=True)),
    # From version 5 on they decide themselves whether to think, unless told otherwise.
    (r"claude-[a-z]+-[5-9]", Family("claude", "o200k_base", thinks=True)),
    (r"claude", Family("claude", "o200k_base")),
    (r"grok.*non-reasoning|grok-[23](?!-mini)", Family("grok", "o200k_base")),
    (r"grok", Family("grok", "o200k_base", thinks=True)),
    # Perplexity's own models are trained from llama's.
    (r"sonar.*reason", Family("llama", "llama3", thinks=True)),
    (r"sonar", Family("llama", "llama3")),
    (r"gpt-4o|gpt-4\.1", Family("gpt", "o200k_base")),
    (r"gpt-(3|4)", Family("gpt", "cl100k_base")),
    (r"gpt-[5-9]|(^|/)o\d", Family("gpt", "o200k_base", thinks=True)),
)


def family_of(model: str) -> Family:
    """The family that `model`'s name shows; an unknown one counts as the most common vocabulary does."""
    name = model.lower()[:300]
    return next((family for pattern, family in _FAMILIES if re.search(pattern, name)), _GENERIC)
