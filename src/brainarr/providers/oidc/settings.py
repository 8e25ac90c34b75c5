"""How an OpenID provider is reached, and what it knows us as."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from brainarr.settings.values import Section, WebAddress

OPENID = "openid"


class OpenIdSettings(Section):
    issuer: WebAddress
    """As its documents name it; `/.well-known/openid-configuration` is below it."""
    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    client_secret: SecretStr | None = None
    """None: a public client, which PKCE alone protects."""
    name: Annotated[str, Field(min_length=1, max_length=40)] = "OpenID"
    """On the button."""
    scopes: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,100}$")], ...], Field(max_length=20)
    ] = (OPENID, "profile", "email")
    groups_claim: Annotated[str, Field(min_length=1, max_length=100)] = "groups"

    @field_validator("scopes")
    @classmethod
    def _is_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if OPENID not in scopes:
            raise ValueError("scopes among which is openid")
        return scopes
