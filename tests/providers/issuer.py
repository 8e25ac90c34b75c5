"""An OpenID provider of our own: signs for real, and lies when told to."""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.planted import CLIENT_SECRET

CLIENT_ID = "brainarr"


class Issuer:
    """`claims` and `header` change what the next ID tokens say; `told` is what its UserInfo answers."""

    def __init__(self, server: HTTPServer, now: datetime) -> None:
        self.address = server.url_for("").rstrip("/")
        self.now = now
        self.subject = "user-7"
        self.claims: dict[str, Any] = {"preferred_username": "anna", "groups": ["family"]}
        self.told: dict[str, Any] | None = None
        self.discovery: dict[str, Any] = {}
        self.public_client = False
        self.asked: list[str] = []
        self.sign: Callable[[dict[str, Any]], str] = self.sign_well
        self._codes: dict[str, dict[str, str]] = {}
        self.new_key("first")
        server.expect_request("/.well-known/openid-configuration").respond_with_handler(self._discovery)
        server.expect_request("/keys").respond_with_handler(self._keys)
        server.expect_request("/token", method="POST").respond_with_handler(self._token)
        server.expect_request("/me").respond_with_handler(self._user)

    def new_key(self, number: str, *, curve: bool = False) -> None:
        """From now on it signs with that one alone."""
        if curve:
            self.key: Any = _curve_key()
            self.algorithm = "ES256"
            public = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        else:
            self.key = _rsa_key(number)
            self.algorithm = "RS256"
            public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        self.number = number
        self.shown = [{**public, "kid": number, "use": "sig"}]

    def authorize(self, address: str) -> str:
        """What a person does there: signs in and agrees. Answers the code; the browser brings it back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT_ID and "openid" in asked["scope"].split()
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return code

    def sign_well(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, self.algorithm, headers={"kid": self.number})

    def _discovery(self, request: Request) -> Response:
        self.asked.append("discovery")
        return _json(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                **({"userinfo_endpoint": f"{self.address}/me"} if self.told is not None else {}),
                **self.discovery,
            }
        )

    def _keys(self, request: Request) -> Response:
        self.asked.append("keys")
        return _json({"keys": self.shown})

    def _token(self, request: Request) -> Response:
        self.asked.append("token")
        form = request.form
        if not self._is_client(request):
            return _json({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if (
            asked is None
            or form["grant_type"] != "authorization_code"
            or challenge.decode() != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return _json({"error": "invalid_grant", "error_description": f"code {form['code']}"}, 400)
        at = int(self.now.timestamp())
        claims = {
            "iss": self.address,
            "sub": self.subject,
            "aud": CLIENT_ID,
            "iat": at,
            "exp": at + 300,
            "nonce": asked["nonce"],
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return _json({"id_token": self.sign(claims), "access_token": "access-4711", "token_type": "Bearer"})

    def _user(self, request: Request) -> Response:
        self.asked.append("userinfo")
        assert request.headers["Authorization"] == "Bearer access-4711"
        return _json(self.told)

    def _is_client(self, request: Request) -> bool:
        if self.public_client:
            return request.form.get("client_id") == CLIENT_ID and "client_secret" not in request.form
        if request.authorization is None:
            return request.form.get("client_secret") == CLIENT_SECRET
        # RFC 6749, 2.3.1: the halves come encoded like a form's field.
        given = parse_qs(f"secret={request.authorization.password}")["secret"][0]
        return request.authorization.username == CLIENT_ID and given == CLIENT_SECRET


@cache
def _rsa_key(number: str) -> rsa.RSAPrivateKey:
    """Made once: that takes longer than a test."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


def unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, None, "none")  # pyright: ignore[reportArgumentType]


def signed_with_public_key(issuer: Issuer) -> Callable[[dict[str, Any]], str]:
    """HS256 with what everybody knows as its secret: what a naive verifier takes for genuine."""
    shown = issuer.shown[0]["n"]
    return lambda claims: jwt.encode(claims, shown, "HS256", headers={"kid": issuer.number})


def tampered(issuer: Issuer) -> Callable[[dict[str, Any]], str]:
    def sign(claims: dict[str, Any]) -> str:
        head, _, signature = issuer.sign_well(claims).split(".")
        body = jwt.encode({**claims, "sub": "somebody else"}, "x" * 32, "HS256").split(".")[1]
        return f"{head}.{body}.{signature}"

    return sign
