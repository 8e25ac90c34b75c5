"""Who may come in: one API key for `/api/v1`, one feed key for each list. Neither opens the other's door."""

import hmac
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyHeader, APIKeyQuery, HTTPAuthorizationCredentials, HTTPBearer

from brainarr.web.deps import Deps
from brainarr.web.problems import Unauthorized


def given_key(
    header: Annotated[str | None, Depends(APIKeyHeader(name="X-Api-Key", auto_error=False))],
    query: Annotated[str | None, Depends(APIKeyQuery(name="apikey", auto_error=False))],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
) -> str | None:
    """The key a request brings: `X-Api-Key`, else `?apikey=`, else `Authorization: Bearer`, else None."""
    return header or query or (bearer.credentials if bearer else None) or None


GivenKey = Annotated[str | None, Depends(given_key)]


def same_key(given: str, right: str) -> bool:
    """Compares in a time that tells nothing about where they differ. An empty right key opens for nobody."""
    return bool(right) and hmac.compare_digest(given.encode(), right.encode())


def require_api_key(given: GivenKey, deps: Deps) -> None:
    """Refuses a request that does not bring the API key."""
    if given is None:
        raise Unauthorized(
            "This address needs Brainarr's API key.",
            remedy="Send it in the header X-Api-Key.",
        )
    if not same_key(given, deps.api_key()):
        raise Unauthorized(
            "That is not Brainarr's API key.", remedy="A list's feed key does not open the API."
        )
