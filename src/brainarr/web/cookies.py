"""Cookies of ours: below the URL base only, out of scripts' reach, not sent along from other sites' forms."""

from datetime import timedelta

from fastapi import Request
from starlette.responses import Response

from brainarr.web.deps import deps_of


def cookie_path(request: Request) -> str:
    return deps_of(request).url_base or "/"


def set_cookie(
    request: Request, answer: Response, name: str, value: str, life: timedelta | None = None
) -> None:
    """Without a life it ends with the browser."""
    answer.set_cookie(
        name,
        value,
        max_age=int(life.total_seconds()) if life else None,
        path=cookie_path(request),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def drop_cookie(request: Request, answer: Response, name: str) -> None:
    answer.delete_cookie(name, path=cookie_path(request))


def promise_cookie(request: Request, name: str, value: str, life: timedelta | None = None) -> None:
    """The page that answers `request` will set it."""
    promised = getattr(request.state, "cookies", {})
    request.state.cookies = {**promised, name: (value, life)}


def keep_promises(request: Request, answer: Response) -> None:
    for name, (value, life) in getattr(request.state, "cookies", {}).items():
        set_cookie(request, answer, name, value, life)
