"""What was found for whom, what became of it, and the library it is measured by."""

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

from brainarr.domain.deliveries import DeliveryState
from brainarr.domain.recommendation import Recommendation
from brainarr.store.columns import JsonOf, String, Text, UtcTime
from brainarr.store.tables.metadata import id_column, metadata, owner_column

recommendations = Table(
    "recommendations",
    metadata,
    id_column(),
    owner_column(),
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
    # When Lidarr's own lookup last knew it, and how often it has failed over it alone since.
    Column("cleared_at", UtcTime),
    Column("lookup_failures", Integer, nullable=False, server_default=text("0")),
    # When a list sync that received it went well.
    Column("proven_at", UtcTime),
    # When it was found that a list sync failed because of it: from then on it goes out alone.
    Column("broke_at", UtcTime),
    # The voices for it, out of `facts`: credit is shared among them.
    Column("sources", JsonOf(tuple[str, ...]), nullable=False, server_default=text("'[]'")),
    # Where it stood in its batch, from 1, and whether that slot was drawn; None before that was noted.
    Column("place", Integer),
    Column("explored", Boolean, nullable=False, server_default=false()),
    # How likely the slot was to go to it: learning weighs by its inverse.
    Column("propensity", Float, nullable=False, server_default=text("1")),
    # Of its artist, when they were last counted; None: never, or before it was imported.
    Column("plays", Integer),
    # As Lidarr showed it last; None: it was never seen there.
    Column("monitored", Boolean),
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
    id_column(),
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
    id_column(),
    owner_column(),
    Column("run_id", Integer, nullable=False, index=True),
    Column("dry_run", Boolean, nullable=False),
    Column("sources", JsonOf(tuple[str, ...]), nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("count", Integer, nullable=False),
)

provider_reports = Table(
    "provider_reports",
    metadata,
    id_column(),
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
    id_column(),
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

blocks = Table(
    "blocks",
    metadata,
    id_column(),
    owner_column(),
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
    # Lidarr's number of the tag that our own adds have; None: there was no such tag.
    Column("own_tag", Integer),
    # When a reading last found anything else than the one before.
    Column("changed_at", UtcTime),
)

deliveries = Table(
    "deliveries",
    metadata,
    id_column(),
    owner_column(),
    Column("list_id", ForeignKey("lists.id"), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("at", UtcTime, nullable=False),
    # Which recommendations went out, in the order of the answer; none, where something was due and held.
    Column("carried", JsonOf(tuple[int, ...]), nullable=False),
    # The trial of a quarantine that it was (domain.quarantine), and what the sync that received it came to
    # (domain.list_syncs.Outcome); None: not known yet, or not asked.
    Column("trial", Integer),
    Column("outcome", String(16)),
    Index("ix_deliveries_list_id_channel", "list_id", "channel"),
)

# What each Lidarr's feeds may carry at the moment; `revision` counts its changes, and those of what is
# cleared.

delivery_states = Table(
    "delivery_states",
    metadata,
    Column("instance", String(64), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("state", JsonOf(DeliveryState), nullable=False),
)
# Identifiers that MusicBrainz has merged into others, and that were replaced everywhere.

moved_mbids = Table(
    "moved_mbids",
    metadata,
    Column("old", String(36), primary_key=True),
    # artist or album.
    Column("kind", String(8), primary_key=True),
    Column("new", String(36), nullable=False),
    Column("at", UtcTime, nullable=False),
)

history = Table(
    "history",
    metadata,
    id_column(),
    owner_column(),
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
