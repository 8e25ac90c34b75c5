"""What Lidarr's own tests of a list or a webhook say about reaching us."""

from collections.abc import Collection

from brainarr.domain.import_lists import Unreached
from brainarr.errors import ProviderRejected
from brainarr.providers.lidarr.failures import told, validations

_REACH = (
    "Lidarr must reach Brainarr under this address: in Docker that is the container's name, never localhost. "
    "Set server.external_url."
)
_REFUSES = "Something at this address refuses the key: another Brainarr, or a sign-in page before it."
_NAMELESS = "Brainarr does not know itself by this name: set server.external_url to it."
_ELSEWHERE = "Something else answers at this address: does it lack the URL base, or is it another server?"
_REMEDIES = {
    "StatusCode: 421": _NAMELESS,
    "[421": _NAMELESS,
    "StatusCode: 404": _ELSEWHERE,
    "[404": _ELSEWHERE,
    "unauthorized": _REFUSES,
    "[401": _REFUSES,
    "[403": _REFUSES,
    "API Key is invalid": _REFUSES,
    "URL base": "Something redirects: does the address need https://, or lack the URL base?",
}


def unreached(error: ProviderRejected, about_us: Collection[str]) -> Unreached:
    """What of a refusal is about us, by the properties (lower case) that it names; raises `error` when any of
    it is about the thing tested."""
    rows = validations(error)
    if not rows or any(str(row.get("propertyName", "")).lower() not in about_us for row in rows):
        raise error
    said = "; ".join(told(row, "errorMessage") for row in rows[:5])
    remedy = next((remedy for sign, remedy in _REMEDIES.items() if sign in said), _REACH)
    return Unreached(said, remedy)
