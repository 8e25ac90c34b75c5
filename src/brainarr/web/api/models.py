"""models: which the configured providers have, and which servers at home could be asked too."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from brainarr.domain.prompt import OutputMode
from brainarr.errors import NotFound
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.problems import NOT_FOUND, PROVIDER_FAILED, PROVIDER_UNAVAILABLE, problems

router = APIRouter(prefix="/providers", tags=["providers"])


class ModelDocument(Document):
    """What is known of one model; the entry of the chain may say otherwise, and is heard first."""

    model: str = Field(examples=["qwen3:8b"])
    family: str = Field(examples=["qwen"])
    context_window: int = Field(description="Tokens of prompt and answer together.", examples=[16384])
    max_output: int | None = Field(description="Tokens of an answer; null: only the window limits it.")
    output: OutputMode = Field(description="How it is held to the form of its answer.")
    thinks: bool = Field(description="It may reason before it answers.")
    local: bool = Field(description="It runs at home.")
    prompt_price: float | None = Field(
        description="US dollars for a million tokens; null: unpriced.", examples=[0.25]
    )
    output_price: float | None = Field(description="The same for the answer.", examples=[2.0])


class ServerDocument(Document):
    """A model server that was found at home."""

    kind: str = Field(examples=["ollama"])
    address: str = Field(examples=["http://127.0.0.1:11434"])
    models: tuple[str, ...] = Field(description="Empty where it shows them with a key only.")
    model: str | None = Field(description="Which of them would be asked.", examples=["qwen3:8b"])
    configured: bool = Field(description="An entry of the chain asks it already.")


@router.get("/detected")
async def detected(deps: Deps) -> list[ServerDocument]:
    """Looks for Ollama, LM Studio, llama.cpp, vLLM and LocalAI at home. Nothing found is used by itself."""
    return [ServerDocument.model_validate(server) for server in await deps.find_servers()]


@router.get("/{name}/models", responses=problems(NOT_FOUND, PROVIDER_FAILED, PROVIDER_UNAVAILABLE))
async def models(name: Annotated[str, Path(max_length=200)], deps: Deps) -> list[ModelDocument]:
    """Asks a provider which models it has; only the configured one where it has no such list."""
    wanted = next((provider for provider in deps.providers if provider.name == name), None)
    if wanted is None or wanted.list_models is None:
        raise NotFound("There is no model provider of that name.", remedy="GET /api/v1/providers names them.")
    return [ModelDocument.model_validate(card) for card in await wanted.list_models()]
