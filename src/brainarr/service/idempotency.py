"""A request that names an Idempotency-Key is carried out once, however often it is sent.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from datetime import timedelta
from hashlib import sha256

import msgspec

from brainarr.errors import BrainarrError, Conflict
from brainarr.pipeline.ports import Clock
from brainarr.store import idempotency
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database

KEPT = timedelta(hours=24)
"""How long an answer is remembered."""

LONGEST_REQUEST = timedelta(minutes=10)
"""What has not been answered by then never will be: its process was killed."""


class OtherRequest(BrainarrError):
    """The key was used before, for something else."""


class Answered(msgspec.Struct, frozen=True):
    """What the request was answered when it was carried out."""

    status: int
    body: str


class Asked(msgspec.Struct, frozen=True):
    """A request under its key."""

    key: str
    fingerprint: str

    @classmethod
    def of(cls, who: str, chosen: str, method: str, path: str, body: bytes) -> "Asked":
        """`who` tells whoever asks from everybody else, whose keys are others even where they look alike."""
        return cls(_digest(who.encode(), chosen.encode()), _digest(method.encode(), path.encode(), body))


async def begin(db: Database, secrets: Secrets, asked: Asked, *, clock: Clock) -> Answered | None:
    """The answer of when it was carried out; None: it is to be carried out now.

    Raises Conflict while another one carries it out, and OtherRequest.
    """
    now = clock()
    async with db.transaction() as connection:
        await idempotency.forget_claims(connection, now - KEPT)
        found = await idempotency.claim_of(connection, secrets, asked.key)
        if found is None or (found.status is None and now - found.at > LONGEST_REQUEST):
            await idempotency.put_claim(connection, asked.key, asked.fingerprint, now)
            return None
    if found.fingerprint != asked.fingerprint:
        raise OtherRequest(
            "This Idempotency-Key was used for another request.", remedy="Choose a new one for each request."
        )
    if found.status is None:
        raise Conflict("The same request is being carried out.", remedy="Ask again in a moment.")
    return Answered(found.status, found.body)


async def end(db: Database, secrets: Secrets, asked: Asked, answered: Answered | None) -> None:
    """Remembers the answer; None: it failed and changed nothing, so that the next one tries again."""
    async with db.transaction() as connection:
        if answered is None:
            await idempotency.drop_claim(connection, asked.key)
        else:
            await idempotency.keep_answer(connection, secrets, asked.key, answered.status, answered.body)


def _digest(*parts: bytes) -> str:
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
