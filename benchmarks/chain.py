"""What the chain adds to a bare HTTP call, what an open breaker costs, how long parallel questions take.

    python -m benchmarks.chain [QUESTIONS]        (default: 200)

Prints one JSON object. A server on loopback answers at once, so that the overhead is all there is to see;
breakers and ledger are in a real database, as in service. A real model takes seconds.
"""

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import structlog

from brainarr.domain.prompt import Answer, ModelCard, Prompt
from brainarr.domain.recommendation import Outcome
from brainarr.domain.taste import Compressed
from brainarr.llm.chain import Chain, Strategy
from brainarr.llm.guard import open_guards
from brainarr.llm.models import open_links
from brainarr.llm.registry import ProviderEntry
from brainarr.pipeline.answers import read_answer
from brainarr.store.breakers import StoredBreakers
from brainarr.store.session import Database, open_database
from brainarr.store.upgrade import upgrade
from brainarr.store.usage import StoredLedger

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DATABASE = "sqlite:///brainarr.db"
ITEMS = [{"artist": f"Artist {number}", "confidence": 0.5, "reason": "Near."} for number in range(20)]
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_795_000_000,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": json.dumps({"recommendations": ITEMS})},
        }
    ],
    "usage": {"prompt_tokens": 1_000, "completion_tokens": 400, "total_tokens": 1_400},
}
PROMPT = Prompt(
    "You recommend music.",
    "library " * 1_000,
    {"type": "object"},
    tokens=1_000,
    output_tokens=1_000,
    compressed=Compressed("minimal", "", tokens=4, artists_kept=2, full_tokens=40, ratio=10.0),
)
DELAYS_S = (0.2, 0.4, 0.6)


@asynccontextmanager
async def model_server() -> AsyncIterator[str]:
    """Answers every POST, those to /SECONDS/… after so long; those to /broken/… with 500."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = next(line for line in head.split("\r\n") if line.startswith("content-length"))
                await reader.readexactly(int(length.split(":")[1]))
                first = head.split("/")[1]
                if first.replace(".", "").isdigit():
                    await asyncio.sleep(float(first))
                body = json.dumps(ANSWER).encode()
                status = 500 if first == "broken" else 200
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def open_chain(
    db: Database, *addresses: str, strategy: Strategy = "failover"
) -> AsyncIterator[Callable[[], Awaitable[Outcome]]]:
    """Asks once, and answers how the first entry did."""
    links = open_links(
        [
            ProviderEntry.model_validate(
                {
                    "kind": "openai_compatible",
                    "name": address,
                    "base_url": address,
                    "model": "m",
                    "context_window": 8192,
                }
            )
            for address in addresses
        ]
    )
    guards = open_guards(links, StoredBreakers(db), lambda: NOW, random.Random(1))
    chain = Chain(links, StoredLedger(db, lambda: NOW, None), guards, strategy=strategy)

    def read(card: ModelCard, text: str) -> Answer:
        return read_answer(card.provider, text, wanted=20)

    async def ask() -> Outcome:
        return (await chain.ask(lambda card: PROMPT, read)).reports[0].outcome

    try:
        yield ask
    finally:
        await chain.aclose()


async def milliseconds(do: Callable[[], Awaitable[object]], times: int) -> float:
    """Median of one call; the first, which imports and connects, is not counted."""
    await do()
    taken: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        await do()
        taken.append(time.perf_counter() - began)
    return round(statistics.median(taken) * 1_000, 3)


async def measure(questions: int, folder: Path) -> dict[str, object]:
    await upgrade(DATABASE, folder, now=NOW)
    db = open_database(DATABASE, folder)
    body = {"model": "m", "messages": [{"role": "user", "content": PROMPT.user}]}
    try:
        async with model_server() as server:
            async with httpx2.AsyncClient(trust_env=False) as client:
                bare = await milliseconds(
                    lambda: client.post(f"{server}/v1/chat/completions", json=body), questions
                )
            async with open_chain(db, f"{server}/v1") as ask:
                chain = await milliseconds(ask, questions)
                assert await ask() is Outcome.OK
            async with open_chain(db, f"{server}/broken") as ask:
                # The first question, which `milliseconds` does not count, opens it.
                refused = await milliseconds(ask, questions)
                assert await ask() is Outcome.BREAKER_OPEN
            slow = [f"{server}/{delay}" for delay in DELAYS_S]
            async with open_chain(db, *slow, strategy="parallel") as ask:
                parallel = await milliseconds(ask, 3)
                assert await ask() is Outcome.OK
    finally:
        await db.dispose()
    return {
        "benchmark": "chain",
        "questions": questions,
        "bare_ms": bare,
        "chain_ms": chain,
        "overhead_ms": round(chain - bare, 3),
        "chain_to_bare": round(chain / bare, 2),
        "overhead_of_a_3_s_answer": round((chain - bare) / 3_000, 5),
        "open_breaker_ms": refused,
        "parallel_ms": parallel,
        "parallel_to_slowest": round(parallel / (max(DELAYS_S) * 1_000), 3),
        "parallel_to_sum": round(parallel / (sum(DELAYS_S) * 1_000), 3),
    }


def main(arguments: list[str]) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    questions = int(arguments[0]) if arguments else 200
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(questions, Path(folder))), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
