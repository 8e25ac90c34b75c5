"""Who comes in, by which key, and what they were answered."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
)

from brainarr.store.columns import String, Text, UtcTime
from brainarr.store.tables.metadata import ENCRYPTED, id_column, metadata, owner_column

people = Table(
    "people",
    metadata,
    id_column(),
    Column("name", String(64), nullable=False),
    # The name without case: two people must not differ by that alone.
    Column("folded", String(200), nullable=False, unique=True),
    # Argon2id in PHC form; None: they sign in elsewhere.
    Column("password_hash", Text),
    Column("role", String(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_signed_in_at", UtcTime),
    Column("disabled_at", UtcTime),
    # Who they are to an OpenID provider.
    Column("issuer", String(500)),
    Column("subject", String(255)),
    Index("uq_people_issuer_subject", "issuer", "subject", unique=True),
)
# Browsers in which somebody is signed in. Only the hashes of their cookies are here.

sessions = Table(
    "sessions",
    metadata,
    id_column(),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    # SHA-256, in hexadecimal digits.
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    # To five minutes.
    Column("last_seen_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    # Whether it outlives the browser.
    Column("kept", Boolean, nullable=False),
    Column("agent", String(200), nullable=False),
    Column("address", String(64), nullable=False),
)
# Keys that people made for their tools. Only their hashes are here: none of them can be read out again.

api_keys = Table(
    "api_keys",
    metadata,
    id_column(),
    owner_column(),
    Column("name", String(100), nullable=False),
    # SHA-256, in hexadecimal digits.
    Column("hash", String(64), nullable=False, unique=True),
    # How the key begins, to tell it from others.
    Column("prefix", String(32), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
)

idempotency = Table(
    "idempotency",
    metadata,
    # SHA-256 of who asked and the key they chose.
    Column("key", String(64), primary_key=True),
    # Of the request, to tell a repeated one from another one.
    Column("fingerprint", String(64), nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
    # Both None while it is being carried out. An answer may hold a new key: it is encrypted.
    Column("status", Integer),
    Column("body", Text, info=ENCRYPTED),
)
# What rows that are deleted by now came to: figures that are watched from outside must never fall.
