"""Every error answer is a problem document of RFC 9457, https://www.rfc-editor.org/rfc/rfc9457.

`type` never changes once released: clients switch on it. It is a URN, because a self-hosted server has no
public page to point to; docs/api.md lists them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from brainarr.errors import (
    BrainarrError,
    ConfigurationError,
    Conflict,
    NotFound,
    ProviderError,
    ProviderUnavailable,
    StorageError,
)
from brainarr.web.render import page, person_of, wants_page

PREFIX = "urn:brainarr:problem:"
MEDIA_TYPE = "application/problem+json"
_EXCERPT = 200
log = structlog.get_logger("brainarr.web")


class FieldFault(BaseModel):
    """One value of a request that cannot be used."""

    field: str = Field(examples=["query.page_size"])
    message: str = Field(examples=["Input should be less than or equal to 200"])


class Problem(BaseModel):
    """RFC 9457, with `remedy` (what to do next) and `errors` (one for each unusable field)."""

    type: str = Field(examples=[PREFIX + "not-found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no recommendation 7."])
    instance: str = Field(examples=["/api/v1/recommendations/7"], description="The path; never the query.")
    remedy: str | None = None
    errors: list[FieldFault] | None = None


@dataclass(frozen=True)
class Kind:
    """A sort of problem: its stable name, its title, its status."""

    name: str
    title: str
    status: int


BAD_REQUEST = Kind("bad-request", "The request cannot be read", 400)
UNAUTHORIZED = Kind("unauthorized", "Neither a key that fits nor a sign-in", 401)
FORBIDDEN = Kind("forbidden", "Not allowed", 403)
NOT_FOUND = Kind("not-found", "Not found", 404)
METHOD_NOT_ALLOWED = Kind("method-not-allowed", "This address does not take that method", 405)
TIMED_OUT = Kind("request-timeout", "The request did not arrive in time", 408)
CONFLICT = Kind("conflict", "Not possible in the present state", 409)
TOO_LARGE = Kind("content-too-large", "The request is too large", 413)
MISDIRECTED = Kind("misdirected", "This server is not known by that name", 421)
INVALID = Kind("invalid", "Some values cannot be used", 422)
TOO_MANY_GUESSES = Kind("too-many-guesses", "Too many wrong keys", 429)
TOO_MANY_REQUESTS = Kind("too-many-requests", "Too many requests", 429)
PROVIDER_FAILED = Kind("provider-failed", "A remote service refused or answered nonsense", 502)
PROVIDER_UNAVAILABLE = Kind("provider-unavailable", "A remote service is away", 503)
STORAGE = Kind("storage", "The database or the configuration folder cannot be used", 503)
FAILED = Kind("failed", "Brainarr could not do that", 500)
INTERNAL = Kind("internal", "Brainarr made a mistake", 500)

_BY_STATUS = {
    kind.status: kind
    for kind in (
        BAD_REQUEST,
        UNAUTHORIZED,
        FORBIDDEN,
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        TIMED_OUT,
        CONFLICT,
        TOO_LARGE,
        INVALID,
    )
}
# First match wins, so the special comes before the general.
_BY_ERROR: tuple[tuple[type[BrainarrError], Kind], ...] = (
    (NotFound, NOT_FOUND),
    (Conflict, CONFLICT),
    (ConfigurationError, INVALID),
    (ProviderUnavailable, PROVIDER_UNAVAILABLE),
    (ProviderError, PROVIDER_FAILED),
    (StorageError, STORAGE),
    (BrainarrError, FAILED),
)


class Unauthorized(BrainarrError):
    """The key is missing or is not the one that opens this door."""


class Forbidden(BrainarrError):
    """The key is right, and what it may do is less than this."""


def answer(
    request: Request,
    kind: Kind,
    detail: str,
    *,
    remedy: str = "",
    errors: list[FieldFault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem document for `request`; for a browser on a page, that page."""
    problem = Problem(
        type=PREFIX + kind.name,
        title=kind.title,
        status=kind.status,
        detail=detail,
        instance=request.scope["path"],
        remedy=remedy or None,
        errors=errors,
    )
    if wants_page(request):
        shown = page(
            request, "pages/problem.html", person=person_of(request), status=kind.status, problem=problem
        )
        shown.headers.update(headers or {})
        return shown
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=kind.status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


async def _known(request: Request, error: BrainarrError) -> Response:
    kind = next(kind for sort, kind in _BY_ERROR if isinstance(error, sort))
    headers: dict[str, str] = {}
    if isinstance(error, ProviderUnavailable) and error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    faults = (
        [FieldFault(field=fault.key, message=str(fault)) for fault in error.faults]
        if isinstance(error, ConfigurationError)
        else None
    )
    return answer(request, kind, error.message, remedy=error.remedy, errors=faults, headers=headers)


async def _http(request: Request, error: HTTPException) -> Response:
    kind = _BY_STATUS.get(error.status_code) or Kind(
        "http-error", HTTPStatus(error.status_code).phrase, error.status_code
    )
    return answer(request, kind, str(error.detail), headers=error.headers)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    faults = [_fault(each) for each in error.errors()]
    return answer(
        request, INVALID, f"{len(faults)} value(s) cannot be used; see `errors` for each.", errors=faults
    )


def _fault(error: Mapping[str, Any]) -> FieldFault:
    """A validation error in words. What was given is not repeated: it may be a secret in the wrong field."""
    field = ".".join(str(part) for part in error["loc"])
    return FieldFault(field=field[:_EXCERPT], message=str(error["msg"])[:_EXCERPT])


async def _internal(request: Request, error: Exception) -> Response:
    log.error("request failed", method=request.method, path=request.scope["path"], error=type(error).__name__)
    return answer(
        request,
        INTERNAL,
        "Something went wrong inside Brainarr; its log says what.",
        remedy="Please report it with the lines of the log that carry this answer's X-Request-Id.",
    )


def problems(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the errors that belong to it."""
    return {kind.status: {"model": Problem, "description": kind.title} for kind in kinds}


def declare_problems(description: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI description whose error answers have the media type they are really sent with."""
    for path in description["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if status >= "4":
                    answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    # FastAPI's own form of errors, which no answer has any more.
    for name in ("HTTPValidationError", "ValidationError"):
        description["components"]["schemas"].pop(name, None)
    return description


def install_problems(app: FastAPI) -> None:
    """Makes every error of `app` a problem document."""
    app.exception_handler(BrainarrError)(_known)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(Exception)(_internal)
