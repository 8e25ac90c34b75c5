"""ID tokens: whether one is genuine, fresh, and meant for us.

https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation and RFC 8725.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jwt
import msgspec

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
"""Public keys only: with "none" anybody signs, and with HS256 whoever knows the public key would."""

LEEWAY_S = 60
"""How far two clocks may be apart."""

LONGEST_TOKEN = 64 * 1024


class InvalidToken(Exception):
    """Says what is wrong with it, in words without anything from within it."""


class UnknownKey(InvalidToken):
    """Signed with a key that is not among those known: they may have changed."""


class Claims(msgspec.Struct, frozen=True):
    issuer: str
    subject: str
    rest: Mapping[str, Any]
    """All of them."""


def read_id_token(
    token: str, keys: Sequence[Mapping[str, Any]], *, issuer: str, client_id: str, nonce: str, now: datetime
) -> Claims:
    """`keys` are the provider's JSON Web Keys. Raises InvalidToken."""
    if len(token) > LONGEST_TOKEN:
        raise InvalidToken("it is too long")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise InvalidToken("it is no signed token") from None
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise InvalidToken("it is not signed with one of the provider's public keys")
    claims = _verified(token, algorithm, _fitting(keys, header.get("kid"), algorithm))
    if claims.get("iss") != issuer:
        raise InvalidToken("it comes from another issuer")
    _check_audience(claims, client_id)
    _check_time(claims, now.timestamp())
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise InvalidToken("it belongs to another sign-in")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise InvalidToken("it names nobody")
    return Claims(issuer, subject, claims)


def _fitting(
    keys: Sequence[Mapping[str, Any]], number: object, algorithm: str
) -> Sequence[Mapping[str, Any]]:
    fitting = [
        key
        for key in keys
        if (number is None or key.get("kid") == number)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    ]
    if not fitting:
        raise UnknownKey("it is signed with a key that the provider does not show")
    return fitting


def _verified(token: str, algorithm: str, keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    for key in keys:
        try:
            # The signature only: what it says is judged here, the times by our clock.
            payload = jwt.PyJWS().decode(token, jwt.PyJWK(dict(key), algorithm), algorithms=[algorithm])
            claims = msgspec.json.decode(payload)
        except (jwt.InvalidTokenError, jwt.PyJWKError, ValueError):
            continue
        if isinstance(claims, dict):
            return claims
    # Keys without a number: another one may have taken the place of this.
    raise UnknownKey("its signature is wrong")


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    authorised = claims.get("azp")
    if client_id not in several:
        raise InvalidToken("it is meant for another application")
    if authorised != client_id and (authorised is not None or len(several) > 1):
        raise InvalidToken("it was issued to another application")


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    if expires is None or issued is None:
        raise InvalidToken("it does not say when it was made and how long it holds")
    if now >= expires + LEEWAY_S:
        raise InvalidToken("it is too old")
    if max(issued, _time(claims, "nbf") or issued) > now + LEEWAY_S:
        raise InvalidToken("it comes from the future: one of the two clocks is wrong")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
