"""How people come in, as the settings say: section `auth`."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from brainarr.domain.people import EVERYBODY, Grouping
from brainarr.pipeline.ports import IdentityProvider

Network = IPv4Network | IPv6Network


class Method(StrEnum):
    FORMS = "forms"
    """With a name and a password, or through an OpenID provider."""
    EXTERNAL = "external"
    """A reverse proxy signs them in, and says in a header who they are."""


@dataclass(frozen=True)
class Entrance:
    method: Method = Method.FORMS
    free_at_home: bool = False
    """Whether addresses at home need not sign in."""
    proxies: tuple[Network, ...] = ()
    """Whose word about the other end, and with `external` about the person, is believed."""
    user_header: str = "Remote-User"
    groups_header: str = "Remote-Groups"
    grouping: Grouping = EVERYBODY
    """Of the proxy's groups."""
    life: timedelta = timedelta(days=30)
    """Of a session that is kept, from the last visit on."""
    openid: IdentityProvider | None = None
    openid_grouping: Grouping = EVERYBODY
