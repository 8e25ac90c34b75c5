"""Lidarr's own HTTP client: what it calls, lists and webhooks, it calls alike."""

import ssl
from collections.abc import Mapping
from functools import cache

import httpx2

WHOLE_EXCHANGE_S = 100.0


def open_client(headers: Mapping[str, str]) -> httpx2.AsyncClient:
    """One for a few requests; redirects are not followed, and the environment's proxies not used."""
    return httpx2.AsyncClient(
        headers=dict(headers),
        follow_redirects=False,
        timeout=WHOLE_EXCHANGE_S,
        trust_env=False,
        verify=_trusted(),
    )


@cache
def _trusted() -> ssl.SSLContext:
    # To read the system's certificates takes longer than all the rest of a request.
    return ssl.create_default_context()
