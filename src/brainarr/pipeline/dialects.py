"""How each family of models wants to be spoken to: the same question, laid out differently.

A row of `DIALECTS` holds only what its vendor's guide, or the model's form, gives a reason for.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from brainarr.domain.prompt import ModelCard, OutputMode


class Layout(StrEnum):
    """Where the instructions stand."""

    SYSTEM = "system"
    """All in the system message, the data alone in the user's."""
    AFTER_DATA = "after the data"
    """In the user's message, below the data; the system message only says who is asked."""
    USER = "user"
    """All in the user's message: there is no system message."""


class Shape(StrEnum):
    """How the answer's form is put into words where nothing enforces it."""

    SCHEMA = "schema"
    EXAMPLE = "example"
    """One element with placeholders, instead of a JSON schema."""


class Dialect(msgspec.Struct, frozen=True):
    """What differs from family to family."""

    layout: Layout = Layout.SYSTEM
    shape: Shape = Shape.SCHEMA
    heading: str = "{name}:"
    """Before the rules."""
    ending: str = ""
    """After the rules."""
    bullet: str = "-"
    """Before each rule; "1." numbers them."""
    remind: bool = False
    """The task once more, below the data."""
    bridge: str = "{task}"
    """Leads to the task from what stands above it."""
    last_words: str = ""
    bounded_lists: bool = True
    """Its strict schemas know `maxItems`."""


GENERIC = Dialect()

DIALECTS: dict[tuple[str, bool], Dialect] = {
    # Long data on top and the question below it answers up to 30 % better, and XML tags keep parts apart:
    # https://platform.claude.com/docs/en/build-with-claude/prompt-engineering/claude-prompting-best-practices
    # Its structured outputs refuse `maxItems`: https://platform.claude.com/docs/en/build-with-claude/structured-outputs
    ("claude", False): Dialect(
        layout=Layout.AFTER_DATA, heading="<rules>", ending="</rules>", bounded_lists=False
    ),
    # Takes Markdown sections for structure, and instructions above and below long data work better than above
    # alone: https://cookbook.openai.com/examples/gpt4-1_prompting_guide
    ("gpt", False): Dialect(heading="# {name}", remind=True),
    # Reasoning models want the question simple, direct and once:
    # https://platform.openai.com/docs/guides/reasoning-best-practices
    ("gpt", True): Dialect(heading="# {name}"),
    # Instructions go below the data, tied to it by a bridging phrase:
    # https://docs.cloud.google.com/vertex-ai/generative-ai/docs/start/gemini-3-prompting-guide
    ("gemini", False): Dialect(layout=Layout.AFTER_DATA, bridge="Based on everything above: {task}"),
    # Its template knows the roles user and model only: https://ai.google.dev/gemma/docs/core/prompt-structure
    ("gemma", False): Dialect(layout=Layout.USER, shape=Shape.EXAMPLE, remind=True),
    # Mostly small and quantised at home: such models answer a schema by copying it, lose the middle of a long
    # prompt (Liu et al. 2023, arXiv:2307.03172) and follow numbered steps best:
    # https://www.llama.com/docs/how-to-guides/prompting
    ("llama", False): Dialect(shape=Shape.EXAMPLE, bullet="1.", remind=True),
    # Small and at home as well. Its soft switch ends the thinking, from which a list of names gains nothing:
    # https://qwen.readthedocs.io/en/v3.0/getting_started/quickstart.html
    ("qwen", True): Dialect(shape=Shape.EXAMPLE, last_words="/no_think"),
    ("qwen", False): Dialect(shape=Shape.EXAMPLE, remind=True),
    # R1: no system prompt, all instructions in the user's, and no worked examples:
    # https://github.com/deepseek-ai/DeepSeek-R1#usage-recommendations
    ("deepseek", True): Dialect(layout=Layout.USER),
    # Its JSON mode wants the word "json" and an example in the prompt: https://api-docs.deepseek.com/guides/json_mode
    ("deepseek", False): Dialect(shape=Shape.EXAMPLE),
}


def dialect_of(card: ModelCard) -> Dialect:
    """The dialect for `card`; a family may have the same for its models that think."""
    return DIALECTS.get((card.family, card.thinks)) or DIALECTS.get((card.family, False)) or GENERIC


class Question(msgspec.Struct, frozen=True):
    """What every family is asked, before it is laid out: the one core."""

    role: str
    task: str
    rules: tuple[str, ...]
    example: Mapping[str, Any]
    """The answer with placeholders instead of values."""
    schema: Mapping[str, Any]
    asides: tuple[tuple[str, str], ...] = ()
    """(tag, text) of the data beside the library, the stable first: what providers cache of a prompt is its
    beginning."""


def lay_out(question: Question, library: str | None, card: ModelCard) -> tuple[str, str]:
    """The system message ("" for none) and the user's message; `library` None: the question is not about
    one."""
    dialect = dialect_of(card)
    parts = question.asides if library is None else (("library", library), *question.asides)
    data = "\n".join(f"<{tag}>\n{text}\n</{tag}>" for tag, text in parts)
    instructions = "\n".join(
        [
            dialect.bridge.format(task=question.task),
            *_rules(question.rules, dialect),
            *_form(question, card, dialect),
        ]
    )
    last = f"Now: {question.task}" if dialect.remind else dialect.last_words
    match dialect.layout:
        case Layout.SYSTEM:
            system, user = [question.role, instructions], [data, last]
        case Layout.AFTER_DATA:
            system, user = [question.role], [data, instructions, last]
        case Layout.USER:
            system, user = [], [question.role, instructions, data, last]
    return "\n".join(system), "\n".join(part for part in user if part)


def _rules(rules: tuple[str, ...], dialect: Dialect) -> list[str]:
    marks = [
        f"{number}." if dialect.bullet == "1." else dialect.bullet for number in range(1, len(rules) + 1)
    ]
    lines = [f"{mark} {rule}" for mark, rule in zip(marks, rules, strict=True)]
    return [line for line in (dialect.heading.format(name="Rules"), *lines, dialect.ending) if line]


def _form(question: Question, card: ModelCard, dialect: Dialect) -> list[str]:
    if card.output is OutputMode.NATIVE:
        return []
    if card.output is OutputMode.TOOL:
        return ["Answer by calling the tool that you are given, once, with everything in it."]
    if dialect.shape is Shape.EXAMPLE:
        form = json.dumps(question.example, ensure_ascii=False)
        return ["Answer with JSON of this form, with real values, and nothing else:", form]
    return ["Answer with JSON of exactly this schema, and nothing else:", json.dumps(question.schema)]
