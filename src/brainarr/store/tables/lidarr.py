"""What the Lidarrs told, how far they have been listened to, and what they were told to exclude."""

from sqlalchemy import Column, Float, Index, Integer, Table, text

from brainarr.domain.lidarr_events import LidarrEvent
from brainarr.store.columns import JsonOf, String, Text, UtcTime
from brainarr.store.tables.metadata import id_column, metadata

lidarr_events = Table(
    "lidarr_events",
    metadata,
    id_column(),
    Column("instance", String(64), nullable=False),
    # What is told twice has one key.
    Column("key", String(64), nullable=False),
    Column("event", JsonOf(LidarrEvent), nullable=False),
    # webhook or history.
    Column("way", String(16), nullable=False),
    Column("heard_at", UtcTime, nullable=False),
    # When what follows from it was done; None: that is still to do.
    Column("done_at", UtcTime),
    # How many recommendations it was about.
    Column("concerned", Integer, nullable=False, server_default=text("0")),
    Index("uq_lidarr_events_instance_key", "instance", "key", unique=True),
    Index("ix_lidarr_events_done_at", "done_at"),
)

lidarr_watches = Table(
    "lidarr_watches",
    metadata,
    Column("instance", String(64), primary_key=True),
    # When its webhook last came, and when that was a test.
    Column("heard_at", UtcTime),
    Column("tested_at", UtcTime),
    # The newest moment of its history that has been read, in its own time.
    Column("history_until", UtcTime),
    # When its library was last looked at, how long that took, and since when it should be again.
    Column("looked_at", UtcTime),
    Column("look_seconds", Float, nullable=False, server_default=text("0")),
    Column("look_wanted_at", UtcTime),
)
# Exclusions that "never again" wrote into a Lidarr, or is to write, or to lift.

lidarr_exclusions = Table(
    "lidarr_exclusions",
    metadata,
    Column("instance", String(64), primary_key=True),
    Column("mbid", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    # wanted, written, lifting.
    Column("state", String(16), nullable=False),
    Column("at", UtcTime, nullable=False),
    # What Lidarr had against it.
    Column("failure", Text),
)
