"""One question with a schema, asked through pydantic-ai. Imported late: it costs 2.5 seconds.

pydantic-ai knows what each model family accepts (roles, reasoning, strict schemas); every byte still goes
through our own HTTP client, so that bounds, timeouts and errors are the same as everywhere.
"""

from typing import Any

import httpx2
import msgspec
from openai import AsyncOpenAI
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import ModelRequest, SystemPromptPart, TextPart, UserPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings

from brainarr.domain.prompt import Completion, ModelCard, Prompt
from brainarr.errors import ProviderError, UnreadableAnswer
from brainarr.http import Http, excerpt, said
from brainarr.llm.families import family_of
from brainarr.llm.wire import count, output_allowance

# The SDK insists on a base URL; `Through` knows the real one.
_ANYWHERE = "http://model.invalid"


class Through(httpx2.AsyncBaseTransport):
    """Lets the OpenAI SDK speak through an `Http`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises ProviderError, which the SDK wraps."""
        question = msgspec.json.decode(await request.aread())
        answer = await self._http.post_json(request.url.path, question)
        choices = answer.get("choices") if isinstance(answer, dict) else None
        if not (isinstance(choices, list) and choices and isinstance(choices[0], dict)):
            raise UnreadableAnswer(
                self._http.provider,
                f"its answer is no chat completion{said(answer)}.",
                excerpt=excerpt(msgspec.json.encode(answer)),
            )
        # pydantic-ai warns of counts that make no sense; servers that send none at all are common.
        answer["usage"] = _sane_usage(answer.get("usage"))
        return httpx2.Response(200, json=answer, request=request)


def open_model(kind: str, model: str, http: Http) -> OpenAIChatModel:
    """`model` behind `http`; cheap, and closed with `http`."""
    client = AsyncOpenAI(
        api_key="sent by Http",
        base_url=_ANYWHERE,
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=Through(http), trust_env=False),
    )
    if kind == "openai":
        return OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client))
    # Most compatible servers know the older of the two names only.
    profile = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=False)
    return OpenAIChatModel(
        model, provider=OpenAICompatibleProvider(kind, openai_client=client), profile=profile
    )


async def ask(model: OpenAIChatModel, card: ModelCard, prompt: Prompt) -> Completion:
    """The model's answer; an empty text is an answer too. Raises ProviderError."""
    room = card.context_window - prompt.tokens
    settings = ModelSettings(max_tokens=max(256, min(output_allowance(card.model, prompt), room)))
    if card.kind == "openai" and family_of(card.model).thinks:
        # A list of names gains nothing from long thought, which is billed.
        settings["thinking"] = "low"
    try:
        response = await model_request(
            model,
            [ModelRequest(parts=[SystemPromptPart(prompt.system), UserPromptPart(prompt.user)])],
            model_settings=settings,
            model_request_parameters=_output(card, prompt),
        )
    except AgentRunError as error:
        raise _cause(error) or UnreadableAnswer(
            card.provider, "its answer is no chat completion.", excerpt=str(error)
        ) from error
    usage = response.usage
    return Completion(
        text="".join(part.content for part in response.parts if isinstance(part, TextPart)),
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        cached_tokens=usage.cache_read_tokens,
        truncated=response.finish_reason == "length",
    )


def _output(card: ModelCard, prompt: Prompt) -> ModelRequestParameters:
    if not card.native_schema:
        # The prompt asks for the form in words already.
        return ModelRequestParameters(output_mode="text")
    schema = OutputObjectDefinition(json_schema=dict(prompt.schema), name="recommendations", strict=True)
    return ModelRequestParameters(output_mode="native", output_object=schema)


def _sane_usage(given: Any) -> dict[str, Any]:
    usage = given if isinstance(given, dict) else {}
    details = usage.get("prompt_tokens_details")
    prompt, completion = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    cached = count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": min(cached, prompt)},
    }


def _cause(error: BaseException) -> ProviderError | None:
    """Our own error, from underneath what the SDK and pydantic-ai made of it."""
    under: BaseException | None = error
    while under is not None:
        if isinstance(under, ProviderError):
            return under
        under = under.__cause__ or under.__context__
    return None
