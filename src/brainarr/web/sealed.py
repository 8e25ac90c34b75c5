"""A key that was typed into a form goes along with it until the form is saved, closed to everybody.

A page never shows a key. Without this, whoever tests one before saving would have to type it twice.
"""

from datetime import datetime, timedelta

import msgspec

from brainarr.errors import BrainarrError
from brainarr.store.secrets import Secrets

LASTS = timedelta(hours=1)


class _Sealed(msgspec.Struct, frozen=True):
    key: str
    place: str
    at: datetime


def seal(secrets: Secrets, key: str, place: str, now: datetime) -> str:
    """`key` for a hidden field; it can be used for `place` only."""
    return secrets.encrypt(msgspec.json.encode(_Sealed(key, place, now)).decode()) if key else ""


def unseal(secrets: Secrets, text: str, place: str, now: datetime) -> str:
    """The key that was sealed for `place`; "" where there is none, or not any more."""
    if not text:
        return ""
    try:
        sealed = msgspec.json.decode(secrets.decrypt(text), type=_Sealed)
    except (BrainarrError, msgspec.MsgspecError):
        return ""
    return sealed.key if sealed.place == place and now - sealed.at < LASTS else ""
