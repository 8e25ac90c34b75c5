"""What a Brainarr is, does and spends: its settings, lists, runs, jobs, and what it keeps of them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    false,
    text,
)

from brainarr.domain.circuit import Circuit
from brainarr.domain.lists import ListTerms
from brainarr.domain.recommendation import Progress, Recommendation, RunOverrides
from brainarr.store.columns import JsonOf, String, Text, UtcTime
from brainarr.store.tables.metadata import ENCRYPTED, id_column, metadata, owner_column

install = Table(
    "install",
    metadata,
    id_column(),
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
    id_column(),
    owner_column(),
    Column("slug", String(64), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("feed_key", Text, nullable=False, info=ENCRYPTED),
    Column("created_at", UtcTime, nullable=False),
    Column("key_made_at", UtcTime, nullable=False),
    Column("kind", String(16), nullable=False, server_default=text("'discover'")),
    # Which Lidarr it is for.
    Column("instance", String(64), nullable=False, server_default=text("'default'")),
    Column("terms", JsonOf(ListTerms), nullable=False, server_default=text("'{}'")),
    # When something was approved in it last that Lidarr was not asked to fetch yet.
    Column("sync_wanted_at", UtcTime),
    # It was deleted, and what came of its runs stays.
    Column("retired_at", UtcTime),
)

# What ties a Lidarr to this Brainarr, beside its address and key in the settings.
lidarr_links = Table(
    "lidarr_links",
    metadata,
    Column("instance", String(64), primary_key=True),
    # What its webhook brings.
    Column("webhook_key", Text, nullable=False, info=ENCRYPTED),
    Column("made_at", UtcTime, nullable=False),
)

# What stands in Lidarr switched off because Lidarr could not reach us: not what a person switched off.
left_off = Table(
    "left_off",
    metadata,
    Column("instance", String(64), primary_key=True),
    # albums, artists or webhook.
    Column("channel", String(16), primary_key=True),
    # Of the list; "" for the webhook.
    Column("slug", String(64), primary_key=True),
    # How Lidarr was told to reach us.
    Column("address", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("tried_at", UtcTime, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    id_column(),
    owner_column(),
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
    id_column(),
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

pauses = Table("pauses", metadata, id_column(), Column("since", UtcTime, nullable=False))

usage = Table(
    "usage",
    metadata,
    id_column(),
    owner_column(),
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
    id_column(),
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
