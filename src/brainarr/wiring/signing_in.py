"""The section `auth`: how people sign in, put together from what the web app and the adapter want to know."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from brainarr.domain.people import EVERYBODY, Grouping
from brainarr.pipeline.ports import IdentityProvider
from brainarr.providers.oidc import OpenIdSettings
from brainarr.settings.values import Section
from brainarr.web.entrance import Entrance, Method

Groups = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=50)]
HeaderName = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9-]+$")]


def _network(text: str) -> str:
    allowed = "an address such as 172.18.0.2, or a network such as 172.18.0.0/16"
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(allowed) from None
    if not network.prefixlen:
        raise ValueError(f"{allowed}, and not everybody")
    return str(network)


def _groups(admin: Groups, user: Groups) -> Grouping:
    return Grouping(frozenset(admin), frozenset(user))


class OpenIdGroups(OpenIdSettings):
    """What the adapter needs to know, and what its groups mean here."""

    admin_groups: Groups = ()
    user_groups: Groups = ()

    @property
    def grouping(self) -> Grouping:
        return _groups(self.admin_groups, self.user_groups)


class AuthSettings(Section):
    """How people sign in. The API's keys are another matter."""

    method: Method = Method.FORMS
    required: Literal["enabled", "disabled_for_local_addresses"] = "enabled"
    trusted_proxies: Annotated[
        tuple[Annotated[str, AfterValidator(_network)], ...], Field(max_length=50, validate_default=True)
    ] = ()
    """Whose word about the other end is believed beside this machine's; `external`: also about people."""
    user_header: HeaderName = "Remote-User"
    groups_header: HeaderName = "Remote-Groups"
    admin_groups: Groups = ()
    """Of the proxy: whoever is in none of them is no administrator. None: the page People decides."""
    user_groups: Groups = ()
    """None: everybody whom the proxy lets through."""
    session_days: Annotated[int, Field(ge=1, le=365)] = 30
    oidc: OpenIdGroups | None = None

    @field_validator("trusted_proxies")
    @classmethod
    def _external_needs_somebody_to_trust(
        cls, proxies: tuple[str, ...], info: ValidationInfo
    ) -> tuple[str, ...]:
        if info.data.get("method") is Method.EXTERNAL and not proxies:
            raise ValueError(
                "with auth.method external, the reverse proxy's address: else anybody could be anybody"
            )
        return proxies

    def entrance(self, openid: IdentityProvider | None) -> Entrance:
        return Entrance(
            method=self.method,
            free_at_home=self.required == "disabled_for_local_addresses",
            proxies=tuple(map(ip_network, self.trusted_proxies)),
            user_header=self.user_header,
            groups_header=self.groups_header,
            grouping=_groups(self.admin_groups, self.user_groups),
            life=timedelta(days=self.session_days),
            openid=openid,
            openid_grouping=self.oidc.grouping if self.oidc else EVERYBODY,
        )
