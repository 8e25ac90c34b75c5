"""An OpenID provider: people sign in there instead of here.

https://openid.net/specs/openid-connect-core-1_0.html
"""

from brainarr.providers.oidc.adapter import OpenId
from brainarr.providers.oidc.settings import OpenIdSettings

__all__ = ["OpenId", "OpenIdSettings"]
