"""What models there are: of the providers that are configured, and at home."""

from dataclasses import replace

import httpx2

from brainarr.domain.prompt import ModelCard, OutputMode
from brainarr.domain.servers import ModelServer
from brainarr.errors import ProviderRejected
from tests.web.conftest import House

CARD = ModelCard(
    "cloud",
    "openai",
    "gpt-5-mini",
    context_window=400_000,
    family="gpt",
    thinks=True,
    prompt_price=0.25,
    output_price=2.0,
)
SMALL = ModelCard("home", "ollama", "qwen3:8b", context_window=16_384, local=True, output=OutputMode.PROMPTED)
FOUND = ModelServer("ollama", "http://127.0.0.1:11434", ("qwen3:8b",), "qwen3:8b")


async def cards() -> tuple[ModelCard, ...]:
    return CARD, SMALL


async def refused() -> tuple[ModelCard, ...]:
    raise ProviderRejected("home", "the key is not valid.")


def door(house: House) -> httpx2.AsyncClient:
    home, cloud = house.deps.providers
    providers = (
        replace(home, list_models=refused),
        replace(cloud, list_models=cards, card=lambda: CARD, model=None),
    )

    async def find() -> tuple[ModelServer, ...]:
        return FOUND, ModelServer("vllm", "http://127.0.0.1:8000", configured=True)

    return house.door(house.deps.api_key(), providers=providers, find_servers=find)


async def test_the_chain_shows_what_each_model_can(house: House):
    async with door(house) as client:
        home, cloud = (await client.get("/api/v1/providers")).json()
    assert home["capabilities"] is None
    assert cloud["model"] == "gpt-5-mini"
    assert cloud["capabilities"] == {
        "model": "gpt-5-mini",
        "family": "gpt",
        "context_window": 400_000,
        "max_output": None,
        "output": "native",
        "thinks": True,
        "local": False,
        "prompt_price": 0.25,
        "output_price": 2.0,
    }


async def test_the_models_of_a_provider_are_listed(house: House):
    async with door(house) as client:
        found = (await client.get("/api/v1/providers/cloud/models")).json()
        failed = await client.get("/api/v1/providers/home/models")
        missing = await client.get("/api/v1/providers/nobody/models")
    assert [(row["model"], row["output"], row["prompt_price"]) for row in found] == [
        ("gpt-5-mini", "native", 0.25),
        ("qwen3:8b", "prompted", None),
    ]
    assert (failed.status_code, missing.status_code) == (502, 404)


async def test_servers_at_home_are_offered(house: House):
    async with door(house) as client:
        found = (await client.get("/api/v1/providers/detected")).json()
    assert found[0] == {
        "kind": "ollama",
        "address": "http://127.0.0.1:11434",
        "models": ["qwen3:8b"],
        "model": "qwen3:8b",
        "configured": False,
    }
    assert found[1]["configured"] is True


async def test_nothing_is_found_where_nothing_looks(api: httpx2.AsyncClient):
    assert (await api.get("/api/v1/providers/detected")).json() == []
