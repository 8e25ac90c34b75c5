"""What one entry of the provider chain may say, and what follows from what it does not say."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from brainarr.llm.families import family_of
from brainarr.llm.pricing import cost_of, listed_context_window
from brainarr.llm.registry import KINDS, is_at_home
from brainarr.llm.tokens import CHARACTERS_PER_TOKEN, Characters, counter_for
from tests.llm.given import entry


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({"kind": "ollama"}, "http://127.0.0.1:11434"),
        ({"kind": "ollama", "base_url": "http://nas:11434/v1/"}, "http://nas:11434"),
        ({"kind": "ollama", "base_url": "http://nas:11434/api"}, "http://nas:11434"),
        ({"kind": "openai", "api_key": "k"}, "https://api.openai.com/v1"),
        ({"base_url": " http://nas:8080 "}, "http://nas:8080/v1"),
        ({"base_url": "https://openrouter.ai/api/v1/"}, "https://openrouter.ai/api/v1"),
        ({"kind": "builtin"}, ""),
    ],
)
def test_an_address_may_be_left_out_or_carry_the_path_of_either_api(
    settings: dict[str, Any], address: str
) -> None:
    assert entry(**settings).address == address


@pytest.mark.parametrize(
    ("settings", "key", "allowed"),
    [
        ({"kind": "openai_compatible"}, "base_url", "http:// or https://"),
        ({"base_url": "nas:8080"}, "base_url", "http:// or https://"),
        ({"base_url": "http://nas:99999999"}, "base_url", "http:// or https://"),
        ({"base_url": "http://bob:hunter22@nas:8080"}, "base_url", "without a user name or password"),
        ({"kind": "openai"}, "api_key", "the API key of your openai account"),
        ({"kind": "openai", "api_key": " "}, "api_key", "the API key"),
        ({"kind": "chatgpt"}, "kind", "builtin"),
        ({"kind": "ollama", "modell": "x"}, "modell", "not permitted"),
        ({"kind": "ollama", "timeout": 0}, "timeout", "greater than 0"),
        ({"kind": "ollama", "prices": {"input": -1, "output": 0}}, "prices", "greater than or equal to 0"),
    ],
)
def test_a_fault_names_its_key_and_what_is_allowed(settings: dict[str, Any], key: str, allowed: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        entry(**settings)
    (fault,) = refusal.value.errors()
    assert fault["loc"][0] == key
    assert allowed in fault["msg"]


def test_an_entry_is_named_after_its_kind_unless_named() -> None:
    assert entry(kind="ollama", name="").name == "ollama"
    assert entry(kind="ollama", name="home").name == "home"


def test_a_key_is_not_shown_by_an_entry() -> None:
    assert "hunter2" not in repr(entry(kind="openai", api_key="hunter2"))


def test_a_cold_ollama_is_waited_for_longer_than_a_cloud() -> None:
    assert entry(kind="ollama").patience > entry(kind="openai", api_key="k").patience
    assert entry(kind="ollama", timeout=5).patience == 5
    assert all(kind.protocol is None or kind.timeout > 0 for kind in KINDS.values())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "http://192.168.1.5",
        "http://[::1]:8080",
        "http://nas:1",
        "http://ai.local",
        "http://host.docker.internal",
    ],
)
def test_a_machine_of_this_network_is_at_home(url: str) -> None:
    assert is_at_home(url)


@pytest.mark.parametrize(
    "url", ["https://api.openai.com/v1", "http://8.8.8.8", "https://local.example.com", "http://"]
)
def test_the_rest_of_the_world_is_not(url: str) -> None:
    assert not is_at_home(url)


CLOUD = {"kind": "openai", "api_key": "k"}


@pytest.mark.parametrize(
    ("settings", "model", "cost"),
    [
        # 0.25 and 2 dollars for a million tokens, cached ones at a tenth: https://openai.com/api/pricing
        (CLOUD, "gpt-5-mini", 335),
        (CLOUD, "gpt-99-not-yet", None),
        ({"base_url": "https://unheard.example.com/v1"}, "gpt-5-mini", None),
        ({"base_url": "http://nas:8080"}, "gpt-5-mini", 0),
        ({"kind": "ollama"}, "qwen3:8b", 0),
        ({**CLOUD, "prices": {"input": 10, "output": 20}}, "gpt-5-mini", 9_000 + 2_000),
        ({"base_url": "http://nas:8080", "prices": {"input": "0.0001", "output": 0}}, "m", 1),
    ],
)
def test_a_price_is_known_or_none_but_never_guessed(
    settings: dict[str, Any], model: str, cost: int | None
) -> None:
    assert cost_of(entry(**settings), model, 900, 100, 400) == cost


def test_the_price_table_also_tells_context_windows() -> None:
    assert listed_context_window(entry(**CLOUD), "gpt-5-mini") == 400_000
    assert listed_context_window(entry(**CLOUD), "gpt-99-not-yet") is None


@pytest.mark.parametrize(
    ("model", "family", "thinks"),
    [
        ("qwen3:8b", "qwen", True),
        ("hf.co/someone/Qwen2.5-7B-Instruct-GGUF:Q4_K_M", "qwen", False),
        ("qwen3-4b-instruct-2507", "qwen", False),
        ("deepseek-r1-distill-llama-8b", "deepseek", True),
        ("gpt-oss:20b", "gpt", True),
        ("gpt-5-mini", "gpt", True),
        ("openai/o4-mini", "gpt", True),
        ("gpt-4o-mini", "gpt", False),
        ("Meta-Llama-3.1-8B", "llama", False),
        ("mistral-small", "mistral", False),
        ("something-new", "generic", False),
    ],
)
def test_a_models_name_tells_its_family(model: str, family: str, thinks: bool) -> None:
    assert (family_of(model).name, family_of(model).thinks) == (family, thinks)


@pytest.mark.parametrize(
    "model",
    [
        "gpt-5-mini",
        "gpt-4-turbo",
        "gpt-oss:20b",
        "llama3.2",
        "llama2",
        "qwen3:8b",
        "deepseek-chat",
        "mistral",
        "gemma3",
        "phi4",
        "glm-4.5",
        "kimi-k2",
        "unknown",
    ],
)
def test_every_familys_vocabulary_counts_offline(model: str) -> None:
    counter = counter_for(model)
    listed = "Sigur Rós; Godspeed You! Black Emperor; 坂本龍一; " * 20
    assert not isinstance(counter, Characters)
    assert len(listed) / 6 < counter.count(listed) < len(listed) / 1.2
    assert counter.count("") == 0
    assert counter.count("<|endoftext|>") > 1, "a library's text must not become a control token"
    assert counter.count("broken \ud800 pair") > 0
    assert counter_for(model) is counter


def test_without_a_vocabulary_characters_are_counted_on_the_safe_side() -> None:
    listed = "Sigur Rós; Low; Codeine; " * 40
    assert Characters().count(listed) > counter_for("gpt-5").count(listed)
    assert Characters().count("x") == 1
    assert CHARACTERS_PER_TOKEN < 4


def test_a_chain_that_is_not_asked_loads_no_sdk() -> None:
    check = "import sys, brainarr.llm.chain, brainarr.llm.tokens; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", check], capture_output=True, check=True, text=True).stdout
    assert not {"openai", "pydantic_ai", "splintr", "genai_prices"} & set(loaded.split())
