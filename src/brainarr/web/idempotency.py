"""The header Idempotency-Key, on every POST of the API: a client that lost the answer may send it again."""

from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brainarr.service.idempotency import Answered, Asked, OtherRequest, begin, end
from brainarr.web.auth import CallerOf
from brainarr.web.deps import Deps
from brainarr.web.problems import INVALID, FieldFault, answer

LARGEST_KEPT = 256 * 1024
"""Bytes. A larger answer is not remembered."""


class Repeated(Exception):
    """It was carried out before; this is what was answered."""

    def __init__(self, answered: Answered) -> None:
        self.answered = answered


async def once(
    request: Request,
    caller: CallerOf,
    deps: Deps,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r'^"?[\x21\x23-\x7e][\x21-\x7e]*$',
            description="Of your choice, new for each request. Sent again within 24 hours, the same request "
            "is not carried out once more but answered as it was.",
            examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
        ),
    ] = None,
) -> None:
    """Lets each POST with a key through once. The key counts for whoever sends it only."""
    if idempotency_key is None or request.method != "POST":
        return
    # The draft writes it as a quoted string; most clients do not.
    chosen = idempotency_key.strip().removeprefix('"').removesuffix('"')
    path = f"{request.url.path}?{request.url.query}"
    asked = Asked.of(caller.identity, chosen, request.method, path, await request.body())
    if answered := await begin(deps.db, deps.secrets, asked, clock=deps.clock):
        raise Repeated(answered)
    request.state.asked_once = asked


Once = Depends(once)


class AnsweredOnce:
    """Middleware next to the router: remembers what a request that `once` let through was answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        status, parts, kept = 500, [], 0
        held: list[Message] = []

        async def watched(message: Message) -> None:
            nonlocal status, kept
            if "asked_once" not in state:
                await send(message)
                return
            # Held back until it is remembered: whoever has seen it may rely on that.
            held.append(message)
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                kept += len(message.get("body", b""))
                parts.append(message.get("body", b""))

        try:
            await self.app(scope, receive, watched)
        finally:
            if asked := state.get("asked_once"):
                deps = scope["app"].state.deps
                good = 200 <= status < 300 and kept <= LARGEST_KEPT
                answered = Answered(status, b"".join(parts).decode("utf-8", "replace")) if good else None
                await end(deps.db, deps.secrets, asked, answered)
        for message in held:
            await send(message)


def install_idempotency(app: FastAPI) -> None:
    app.exception_handler(Repeated)(_repeated)
    app.exception_handler(OtherRequest)(_other)


async def _repeated(request: Request, repeated: Repeated) -> Response:
    answered = repeated.answered
    return Response(
        answered.body,
        answered.status,
        {"Idempotency-Replayed": "true"},
        media_type="application/json" if answered.body else None,
    )


async def _other(request: Request, error: OtherRequest) -> Response:
    fault = FieldFault(field="header.idempotency-key", message=error.message)
    return answer(request, INVALID, error.message, remedy=error.remedy, errors=[fault])
