"""The sign-in itself: authorization code flow with PKCE (RFC 7636), state and nonce."""

import base64
import secrets as tokens
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from brainarr.domain.people import LONGEST_NAME, Departure, Identity
from brainarr.errors import ProviderRejected, UnreadableAnswer
from brainarr.http import Http
from brainarr.pipeline.ports import Clock
from brainarr.providers.oidc.settings import OpenIdSettings
from brainarr.providers.oidc.tokens import Claims, InvalidToken, UnknownKey, read_id_token

KEPT = timedelta(hours=1)
"""How long what it says of itself, and its keys, are believed without asking again."""

SOONEST_AGAIN = timedelta(minutes=1)
"""Between two questions for keys: nobody may have us ask with every invented token."""

TIMEOUT_S = 15.0
MOST_BYTES = 512 * 1024
MOST_KEYS = 50
MOST_GROUPS = 500
LONGEST_GROUP = 200

Connect = Callable[[str, Mapping[str, str], Sequence[str]], Http]
"""Address, headers and secrets → the client of one endpoint."""


class _Discovered(msgspec.Struct, frozen=True):
    """https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata"""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str | None = None


class OpenId:
    """One OpenID provider. It asks nobody anything before somebody wants to sign in."""

    def __init__(self, settings: OpenIdSettings, clock: Clock, connect: Connect | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._connect = connect or _connect
        self._discovered: tuple[_Discovered, datetime] | None = None
        self._keys: tuple[Sequence[Mapping[str, Any]], datetime] | None = None

    @property
    def name(self) -> str:
        return self._settings.name

    async def check(self) -> str:
        """One line that proves it is there. Raises ProviderError."""
        await self._discover()
        return f"answers as {self._settings.issuer} with {len(await self._known_keys())} keys"

    async def depart(self, back_to: str) -> Departure:
        found = await self._discover()
        state, nonce, verifier = (tokens.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": back_to,
            "scope": " ".join(self._settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in found.authorization_endpoint else "?"
        address = f"{found.authorization_endpoint}{joint}{urlencode(asked)}"
        return Departure(address, state, nonce, verifier)

    async def arrive(self, departure: Departure, code: str, back_to: str, issuer: str = "") -> Identity:
        found = await self._discover()
        if issuer and issuer != found.issuer:
            # RFC 9207: another provider answers, and would have us hand it this one's code.
            raise ProviderRejected(self.name, "the answer comes from another provider.", remedy="Try again.")
        got = await self._exchange(found, departure, code, back_to)
        claims = await self._read(got.id_token, found, departure.nonce)
        told = dict(claims.rest)
        if found.userinfo_endpoint and got.access_token and not self._is_complete(told):
            told = {**await self._ask_user(found.userinfo_endpoint, got.access_token, claims), **told}
        return Identity(claims.issuer, claims.subject, _name_in(told), self._groups_in(told))

    async def _exchange(self, found: _Discovered, departure: Departure, code: str, back_to: str) -> _Tokens:
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back_to,
            "code_verifier": departure.verifier,
        }
        secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
        headers: dict[str, str] = {}
        if secret and "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            # RFC 6749, 2.3.1: each half is encoded like a form's field first.
            pair = f"{quote(settings.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = settings.client_id
            if secret:
                form["client_secret"] = secret
        async with aclosing(
            self._connect(found.token_endpoint, headers, [secret, code, departure.verifier])
        ) as http:
            return await http.post_form("", form, shape=_Tokens)

    async def _read(self, token: str, found: _Discovered, nonce: str) -> Claims:
        def read(keys: Sequence[Mapping[str, Any]]) -> Claims:
            return read_id_token(
                token,
                keys,
                issuer=found.issuer,
                client_id=self._settings.client_id,
                nonce=nonce,
                now=self._clock(),
            )

        try:
            try:
                return read(await self._known_keys())
            except UnknownKey:
                return read(await self._known_keys(again=True))
        except InvalidToken as error:
            raise ProviderRejected(
                self.name,
                f"its ID token cannot be believed: {error}.",
                remedy="Try again. If it stays so, compare auth.oidc in the settings with the provider's.",
            ) from None

    async def _discover(self) -> _Discovered:
        now = self._clock()
        if self._discovered and now - self._discovered[1] < KEPT:
            return self._discovered[0]
        issuer = self._settings.issuer.rstrip("/")
        async with aclosing(self._connect(issuer, {}, ())) as http:
            found = await http.get_json(".well-known/openid-configuration", shape=_Discovered)
        if found.issuer.rstrip("/") != issuer:
            raise ProviderRejected(
                self.name,
                f"it calls itself {found.issuer[:200]!r}, and auth.oidc.issuer is {issuer!r}.",
                remedy="Set auth.oidc.issuer to what it calls itself, if that is yours.",
            )
        for endpoint in (
            found.authorization_endpoint,
            found.token_endpoint,
            found.jwks_uri,
            found.userinfo_endpoint or found.issuer,
        ):
            self._check_address(endpoint)
        self._discovered = (found, now)
        return found

    def _check_address(self, endpoint: str) -> None:
        """Secrets must not go out in clear because a document says so."""
        schemes = ("https",) if self._settings.issuer.startswith("https:") else ("http", "https")
        parts = urlsplit(endpoint)
        if parts.scheme not in schemes or not parts.hostname or parts.fragment or not endpoint.isprintable():
            raise UnreadableAnswer(self.name, "one of its addresses cannot be used.", excerpt=endpoint)

    async def _known_keys(self, *, again: bool = False) -> Sequence[Mapping[str, Any]]:
        now = self._clock()
        if self._keys and now - self._keys[1] < (SOONEST_AGAIN if again else KEPT):
            return self._keys[0]
        found = await self._discover()
        async with aclosing(self._connect(found.jwks_uri, {}, ())) as http:
            answer = await http.get_json("", shape=_Keys)
        self._keys = (answer.keys[:MOST_KEYS], now)
        return self._keys[0]

    async def _ask_user(self, endpoint: str, access: str, claims: Claims) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access}"}
        async with aclosing(self._connect(endpoint, headers, [access])) as http:
            told = await http.get_json("", shape=dict[str, Any])
        # Core, 5.3.2: else it may be about somebody else.
        if told.get("sub") != claims.subject:
            raise ProviderRejected(self.name, "it tells of somebody else than who signed in.")
        return told

    def _is_complete(self, told: Mapping[str, Any]) -> bool:
        return self._settings.groups_claim in told and "preferred_username" in told

    def _groups_in(self, told: Mapping[str, Any]) -> frozenset[str]:
        value = told.get(self._settings.groups_claim)
        several = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        return frozenset(
            group for group in several[:MOST_GROUPS] if isinstance(group, str) and len(group) <= LONGEST_GROUP
        )


def _name_in(told: Mapping[str, Any]) -> str:
    """What to call them, made printable and short; only the subject tells who it is."""
    for claim in ("preferred_username", "nickname", "name", "email", "sub"):
        value = told.get(claim)
        if isinstance(value, str):
            name = " ".join("".join(c if c.isprintable() else " " for c in value).split())[:LONGEST_NAME]
            if name:
                return name.strip()
    return "somebody"


def _connect(address: str, headers: Mapping[str, str], secrets: Sequence[str]) -> Http:
    return Http(
        "openid",
        address,
        headers=headers,
        secrets=secrets,
        timeout=TIMEOUT_S,
        max_body=MOST_BYTES,
        attempts=2,
    )
