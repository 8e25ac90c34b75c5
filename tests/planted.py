"""Secrets that the tests plant, unmistakable wherever they turn up.

`tests/conftest.py` looks for them in everything that any test writes to its standard streams. Whoever makes a
stand-in with a key or a password takes it from here.
"""

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

LIDARR_KEY = "the-key-of-lidarr"
REDIS_PASSWORD = "redis-pass-4711"
POSTGRES_PASSWORD = "postgres-pass-4711"
MODEL_KEY = "planted-model+key/0c9e"
LASTFM_KEY = "planted-lastfm+key/51b2"
LISTENBRAINZ_TOKEN = "planted-listenbrainz+token/77aa"
NOTIFICATION_PASSWORD = "planted-notification-pw-3d0f"
DATABASE_PASSWORD = "planted-database-pw-a81c"
WRONG_KEY = "planted-wrong-key-66f4"
ADMIN_PASSWORD = "planted-admin-pw-5b7e"
USER_PASSWORD = "planted-user-pw-c02d"
CLIENT_SECRET = "planted-client+secret/8e1a"
FIXED_KEY = "planted-instance-key-92be"
ATTIC_KEY = "planted-attic+key/4f60"
FEED_KEY = "planted-feed-key-d7c3"
WEBHOOK_KEY = "planted-webhook-key-18ea"

ALL = frozenset(
    value for name, value in globals().items() if name.isupper() and isinstance(value, str) and name != "ALL"
)


def spellings(secret: str) -> set[str]:
    """As it may stand in addresses, JSON, and the header of Basic authentication."""
    basic = {base64.b64encode(f"{user}:{secret}".encode()).decode() for user in ("", "me", "brainarr")}
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        *basic,
    }


def found_in(text: str, secrets: Iterable[str] = ALL) -> dict[str, str]:
    """Which of `secrets` stand in `text`, in any spelling, each with what is around it."""
    found: dict[str, str] = {}
    for secret in secrets:
        for spelling in spellings(secret):
            place = text.find(spelling)
            if place >= 0:
                found[secret] = text[max(0, place - 80) : place + len(spelling) + 20]
    return found
