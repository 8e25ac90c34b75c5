"""Every table. Rows that belong to a person carry `owner`; 1 is the household's first person.

The migrations make these tables; a test holds both against each other.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    false,
    text,
)

from brainarr.domain.circuit import Circuit
from brainarr.domain.recommendation import Progress, Recommendation, RunOverrides
from brainarr.store.columns import JsonOf, String, Text, UtcTime

FIRST_PERSON = 1

ENCRYPTED = {"encrypted": True}
"""The `info` of columns whose text is encrypted, as secret settings are: a rotation of the key goes by it."""

# Named constraints, so that a later migration can drop one on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _owner() -> Column[int]:
    return Column("owner", Integer, nullable=False, server_default=text("1"))


install = Table(
    "install",
    metadata,
    _id(),
    Column("installed_at", UtcTime, nullable=False),
    # An encrypted known word: tells a secret.key that belongs to another database from the right one.
    Column("key_check", Text, nullable=False, info=ENCRYPTED),
)

settings = Table(
    "settings",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("value", Text, nullable=False),
    Column("secret", Boolean, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

lists = Table(
    "lists",
    metadata,
    _id(),
    _owner(),
    Column("slug", String(64), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("feed_key", Text, nullable=False, info=ENCRYPTED),
    Column("created_at", UtcTime, nullable=False),
    Column("key_made_at", UtcTime, nullable=False),
)

people = Table(
    "people",
    metadata,
    _id(),
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
    _id(),
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
    _id(),
    _owner(),
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

runs = Table(
    "runs",
    metadata,
    _id(),
    _owner(),
    Column("list_id", ForeignKey("lists.id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("trigger", String(32), nullable=False),
    Column("requested_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    # Who executes it, to tell a run at work from one whose process died.
    Column("host", String(255)),
    Column("pid", Integer),
    Column("process", String(64)),
    Column("heartbeat_at", UtcTime),
    Column("stop_asked", Boolean, nullable=False, server_default=false()),
    Column("progress", JsonOf(Progress)),
    Column("error", Text),
    Column("remedy", Text),
    Column("recommended", Integer, nullable=False, server_default=text("0")),
    Column("prompt_tokens", Integer, nullable=False, server_default=text("0")),
    Column("level", String(16), nullable=False, server_default=text("'none'")),
    Column("compression_ratio", Float, nullable=False, server_default=text("1")),
    Column("notes", JsonOf(tuple[str, ...])),
    # What it was asked for instead of what the settings say.
    Column("overrides", JsonOf(RunOverrides)),
    # What a dry run would have stored as recommendations.
    Column("preview", JsonOf(tuple[Recommendation, ...])),
    Index("ix_runs_requested_at", "requested_at"),
)
Index(
    "uq_runs_one_at_a_time",
    runs.c.list_id,
    unique=True,
    sqlite_where=runs.c.status.in_(("queued", "running")),
    postgresql_where=runs.c.status.in_(("queued", "running")),
)

# Work that is no run: a chore, a backtest. A run is a job too, whose state is its own row in `runs`.
jobs = Table(
    "jobs",
    metadata,
    _id(),
    Column("kind", String(32), nullable=False),
    # What there is only one of at a time.
    Column("key", String(100), nullable=False),
    # What was asked for, as JSON of a type that its kind knows.
    Column("about", Text),
    Column("status", String(16), nullable=False),
    Column("trigger", String(32), nullable=False),
    Column("requested_at", UtcTime, nullable=False),
    # When it should have begun: by the schedule, else when it was asked for.
    Column("due_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    # Who executes it, as in `runs`.
    Column("host", String(255)),
    Column("pid", Integer),
    Column("process", String(64)),
    Column("heartbeat_at", UtcTime),
    Column("progress", JsonOf(Progress)),
    Column("error", Text),
    Column("remedy", Text),
    Index("ix_jobs_kind_id", "kind", "id"),
)
Index(
    "uq_jobs_one_at_a_time",
    jobs.c.key,
    unique=True,
    sqlite_where=jobs.c.status.in_(("queued", "running")),
    postgresql_where=jobs.c.status.in_(("queued", "running")),
)

# One row while nothing starts by itself.
pauses = Table("pauses", metadata, _id(), Column("since", UtcTime, nullable=False))

recommendations = Table(
    "recommendations",
    metadata,
    _id(),
    _owner(),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("list_id", ForeignKey("lists.id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("artist", Text, nullable=False),
    Column("artist_mbid", String(36), nullable=False),
    Column("album", Text),
    Column("release_group_mbid", String(36)),
    Column("score", Float, nullable=False),
    # The whole recommendation with score parts, voices and evidence; the columns above are for searching.
    Column("facts", JsonOf(Recommendation), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("delivered_at", UtcTime),
    Column("deliveries", Integer, nullable=False, server_default=text("0")),
    Column("imported_at", UtcTime),
    # When it became kept or removed.
    Column("settled_at", UtcTime),
    # Why Lidarr did not take it at the last try, and what to do about it.
    Column("failure", Text),
    Column("remedy", Text),
    # Pushes, whatever came of them, since it was approved or tried again.
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("tried_at", UtcTime),
    # Since then it has been on its way; `delivered_at` is the last time.
    Column("first_delivered_at", UtcTime),
    # The person wants no more tries.
    Column("given_up_at", UtcTime),
    # The voices for it, out of `facts`: credit is shared among them.
    Column("sources", JsonOf(tuple[str, ...]), nullable=False, server_default=text("'[]'")),
    # Where it stood in its batch, from 1, and whether that slot was drawn; None before that was noted.
    Column("place", Integer),
    Column("explored", Boolean, nullable=False, server_default=false()),
    # How likely the slot was to go to it: learning weighs by its inverse.
    Column("propensity", Float, nullable=False, server_default=text("1")),
    # Of its artist, when they were last counted; None: never, or before it was imported.
    Column("plays", Integer),
    # Out of `facts`, for searching and sorting.
    Column("year", Integer),
    Column("confidence", Float, nullable=False, server_default=text("0")),
    # Artist and album as they are searched and sorted by (domain.names.search_text).
    Column("names", Text, nullable=False, server_default=text("''")),
    Index("ix_recommendations_list_id_status", "list_id", "status"),
    Index("ix_recommendations_owner_status_score", "owner", "status", "score"),
    Index("ix_recommendations_artist_mbid", "artist_mbid"),
    Index("ix_recommendations_run_id", "run_id"),
    Index("ix_recommendations_release_group_mbid", "release_group_mbid"),
)

# What recommendations are filtered by, out of `facts`: their genres, decades and voices.
recommendation_tags = Table(
    "recommendation_tags",
    metadata,
    Column("recommendation_id", ForeignKey("recommendations.id", ondelete="CASCADE"), primary_key=True),
    # genre, decade or source.
    Column("kind", String(16), primary_key=True),
    Column("name", String(200), primary_key=True),
    Index("ix_recommendation_tags_kind_name", "kind", "name"),
)

verdicts = Table(
    "verdicts",
    metadata,
    _id(),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("artist", Text, nullable=False),
    Column("album", Text),
    Column("verdict", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("sources", JsonOf(tuple[str, ...]), nullable=False),
    Column("mbid", String(36), index=True),
)

# How often the same voices met the same verdict in a run: counted when it ends, so that the verdicts
# themselves may be forgotten. No foreign key: what was counted stays whatever becomes of the run.
verdict_counts = Table(
    "verdict_counts",
    metadata,
    _id(),
    _owner(),
    Column("run_id", Integer, nullable=False, index=True),
    Column("dry_run", Boolean, nullable=False),
    Column("sources", JsonOf(tuple[str, ...]), nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("count", Integer, nullable=False),
)

provider_reports = Table(
    "provider_reports",
    metadata,
    _id(),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("candidates", Integer, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cost_microdollars", BigInteger),
    Column("seconds", Float, nullable=False),
)

# What models were asked and what they answered, in a person's hands only: bounded, without secrets.
prompts = Table(
    "prompts",
    metadata,
    _id(),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("provider", String(200), nullable=False),
    Column("model", String(200), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("round", Integer, nullable=False),
    Column("outcome", String(32), nullable=False),
    # "user" alone is a word of SQL.
    Column("system_text", Text, nullable=False),
    Column("user_text", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", UtcTime),
)

usage = Table(
    "usage",
    metadata,
    _id(),
    _owner(),
    Column("at", UtcTime, nullable=False, index=True),
    # No foreign key: what was paid stays on the books whatever becomes of the run.
    Column("run_id", Integer, index=True),
    Column("provider", String(200), nullable=False),
    Column("model", String(200), nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("cost_microdollars", BigInteger),
    Column("seconds", Float, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("local", Boolean, nullable=False),
)

breakers = Table(
    "breakers",
    metadata,
    Column("provider", String(200), primary_key=True),
    # State, reason, since when, the window: always read and written together.
    Column("circuit", JsonOf(Circuit), nullable=False),
)

# What calls under way may cost at most: kept aside, so that all of them together stay within the budget.
reservations = Table(
    "reservations",
    metadata,
    _id(),
    Column("at", UtcTime, nullable=False),
    Column("run_id", Integer),
    Column("microdollars", BigInteger, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("key", String(100), primary_key=True),
    # Who sends it has claimed it; a claim that is old and led to nothing is void.
    Column("claimed_at", UtcTime),
    Column("sent_at", UtcTime),
    Column("tries", Integer, nullable=False),
    # Fingerprints of the targets that took it.
    Column("reached", JsonOf(tuple[str, ...]), nullable=False),
    Column("failure", Text),
)

# What must never be recommended again.
blocks = Table(
    "blocks",
    metadata,
    _id(),
    _owner(),
    Column("kind", String(16), nullable=False),
    # The artist's MBID, or the canonical genre.
    Column("key", String(200), nullable=False),
    Column("name", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("uq_blocks_owner_kind_key", "owner", "kind", "key", unique=True),
)

# "More like this", "less like this": the latest wish for each artist.
likings = Table(
    "likings",
    metadata,
    Column("owner", Integer, primary_key=True, server_default=text("1")),
    Column("artist_mbid", String(36), primary_key=True),
    Column("artist", Text, nullable=False),
    Column("recommendation_id", ForeignKey("recommendations.id"), nullable=False, index=True),
    Column("direction", String(8), nullable=False),
    Column("at", UtcTime, nullable=False),
)

# Until when everything that was learnt is forgotten.
forgotten = Table(
    "forgotten",
    metadata,
    Column("owner", Integer, primary_key=True, server_default=text("1")),
    Column("until", UtcTime, nullable=False),
)

# Read and written as a whole: only the newest one counts.
backtests = Table(
    "backtests",
    metadata,
    Column("owner", Integer, primary_key=True, server_default=text("1"), autoincrement=False),
    Column("made_at", UtcTime, nullable=False),
    Column("result", Text, nullable=False),
)

# What requests that named an Idempotency-Key were answered.
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
tallies = Table(
    "tallies",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("labels", JsonOf(tuple[str, ...]), primary_key=True),
    Column("amounts", JsonOf(tuple[int, ...]), nullable=False),
)

cache = Table(
    "cache",
    metadata,
    Column("key", String(512), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

library_artists = Table(
    "library_artists",
    metadata,
    Column("owner", Integer, primary_key=True, server_default=text("1")),
    Column("instance", String(64), primary_key=True),
    Column("artist_id", Integer, primary_key=True, autoincrement=False),
    Column("mbid", String(36), index=True),
    # msgpack of OwnedArtist, and of its OwnedAlbums once they have been read.
    Column("artist", LargeBinary, nullable=False),
    Column("albums", LargeBinary),
    # The artist's fingerprint when `albums` was read: another one now means that they must be read again.
    Column("albums_fingerprint", String(24)),
)

library_state = Table(
    "library_state",
    metadata,
    Column("owner", Integer, primary_key=True, server_default=text("1")),
    Column("instance", String(64), primary_key=True),
    Column("read_at", UtcTime, nullable=False),
    Column("exclusions", JsonOf(tuple[str, ...]), nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    _owner(),
    Column("list_id", ForeignKey("lists.id"), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("at", UtcTime, nullable=False),
    # Which recommendations went out, in the order of the answer.
    Column("carried", JsonOf(tuple[int, ...]), nullable=False),
    Index("ix_deliveries_list_id_channel", "list_id", "channel"),
)

history = Table(
    "history",
    metadata,
    _id(),
    _owner(),
    Column("at", UtcTime, nullable=False, index=True),
    Column("event", String(32), nullable=False),
    Column("recommendation_id", ForeignKey("recommendations.id"), index=True),
    Column("artist", Text, nullable=False),
    Column("artist_mbid", String(36), nullable=False),
    Column("album", Text),
    Column("release_group_mbid", String(36)),
    Column("note", Text, nullable=False),
    # Who caused it: domain.life.Actor.
    Column("actor", String(16), nullable=False, server_default=text("'person'")),
    # By which way: artists, albums, push; or where it was noticed: library, exclusions.
    Column("channel", String(16)),
    # Of a failure: its kind (domain.life.Failure), and what to do about it.
    Column("cause", String(32)),
    Column("remedy", Text),
)
