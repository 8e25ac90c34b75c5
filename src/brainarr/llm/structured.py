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
from pydantic_ai.messages import ModelRequest, SystemPromptPart, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from brainarr.domain.prompt import Completion, ModelCard, OutputMode, Prompt
from brainarr.errors import ProviderError, UnreadableAnswer
from brainarr.llm.families import family_of
from brainarr.llm.kinds import KINDS
from brainarr.llm.openai_stream import OpenAIStream
from brainarr.llm.wire import ANSWER_NAME, count, output_allowance

# The SDK insists on a base URL; `OpenAIStream` knows the real one.
_ANYWHERE = "http://model.invalid"


class Through(httpx2.AsyncBaseTransport):
    """Lets the OpenAI SDK speak through our own client, which streams; the SDK gets the answer whole."""

    def __init__(self, stream: OpenAIStream) -> None:
        self._stream = stream

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises ProviderError, which the SDK wraps."""
        question = msgspec.json.decode(await request.aread())
        answer = await self._stream.ask(question)
        # pydantic-ai warns of counts that make no sense; servers that send none at all are common.
        answer["usage"] = _sane_usage(answer.get("usage"))
        return httpx2.Response(200, json=answer, request=request)


def open_model(card: ModelCard, stream: OpenAIStream) -> OpenAIChatModel:
    """The model behind `stream`; cheap, and closed with the client of that."""
    client = AsyncOpenAI(
        api_key="sent by Http",
        base_url=_ANYWHERE,
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=Through(stream), trust_env=False),
    )
    # What a model can do is the server's to say, not to be guessed from its name.
    profile = OpenAIModelProfile(supports_json_schema_output=True, supports_tools=True)
    if card.kind in ("openai", "azure_openai"):
        return OpenAIChatModel(card.model, provider=OpenAIProvider(openai_client=client), profile=profile)
    # Most compatible servers know the older of the two names only.
    profile["openai_chat_supports_max_completion_tokens"] = False
    return OpenAIChatModel(
        card.model, provider=OpenAICompatibleProvider(card.kind, openai_client=client), profile=profile
    )


async def ask(model: OpenAIChatModel, card: ModelCard, prompt: Prompt) -> Completion:
    """The model's answer; an empty text is an answer too. Raises ProviderError."""
    room = card.context_window - prompt.tokens
    settings = ModelSettings(
        max_tokens=max(256, min(output_allowance(card, prompt), room)), extra_body=_beyond(card)
    )
    system = [SystemPromptPart(prompt.system)] if prompt.system else []
    try:
        response = await model_request(
            model,
            [ModelRequest(parts=[*system, UserPromptPart(prompt.user)])],
            model_settings=settings,
            model_request_parameters=_output(card, prompt),
        )
    except AgentRunError as error:
        raise _cause(error) or UnreadableAnswer(
            card.provider, "its answer is no chat completion.", excerpt=str(error)
        ) from error
    usage = response.usage
    return Completion(
        text="".join(
            part.args_as_json_str() if isinstance(part, ToolCallPart) else part.content
            for part in response.parts
            if isinstance(part, TextPart | ToolCallPart)
        ),
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        cached_tokens=usage.cache_read_tokens,
        truncated=response.finish_reason == "length",
    )


def _output(card: ModelCard, prompt: Prompt) -> ModelRequestParameters:
    if card.output is OutputMode.NATIVE:
        schema = OutputObjectDefinition(json_schema=dict(prompt.schema), name=ANSWER_NAME, strict=True)
        return ModelRequestParameters(output_mode="native", output_object=schema)
    if card.output is OutputMode.TOOL:
        tool = ToolDefinition(name=ANSWER_NAME, parameters_json_schema=dict(prompt.schema), kind="output")
        return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)
    # The prompt asks for the form in words already.
    return ModelRequestParameters(output_mode="text")


def _beyond(card: ModelCard) -> dict[str, Any]:
    """What goes into the question that pydantic-ai has no word for, or not the same for every kind."""
    family = family_of(card.model)
    # Only a name that shows a thinking model: others refuse to be told how to think.
    body = dict(KINDS[card.kind].little_thought.get(family.name, {})) if family.thinks else {}
    if card.output is OutputMode.JSON:
        body["response_format"] = {"type": "json_object"}
    return body


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
