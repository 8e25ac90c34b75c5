"""What the Lidarrs tell, and what they are told to exclude; what was seen of each recommendation there."""

import sqlalchemy as sa
from alembic import op

from brainarr.store.columns import Text, UtcTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recommendations", sa.Column("monitored", sa.Boolean()))
    op.add_column("library_state", sa.Column("own_tag", sa.Integer()))
    op.add_column("library_state", sa.Column("changed_at", UtcTime()))
    op.create_table(
        "lidarr_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("heard_at", UtcTime(), nullable=False),
        sa.Column("done_at", UtcTime()),
        sa.Column("concerned", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id", name="pk_lidarr_events"),
    )
    op.create_index("uq_lidarr_events_instance_key", "lidarr_events", ["instance", "key"], unique=True)
    op.create_index("ix_lidarr_events_done_at", "lidarr_events", ["done_at"])
    op.create_table(
        "lidarr_watches",
        sa.Column("instance", sa.String(64), nullable=False),
        sa.Column("heard_at", UtcTime()),
        sa.Column("tested_at", UtcTime()),
        sa.Column("history_until", UtcTime()),
        sa.Column("looked_at", UtcTime()),
        sa.Column("look_seconds", sa.Float(), nullable=False, server_default=sa.text("0")),
        sa.Column("look_wanted_at", UtcTime()),
        sa.PrimaryKeyConstraint("instance", name="pk_lidarr_watches"),
    )
    op.create_table(
        "lidarr_exclusions",
        sa.Column("instance", sa.String(64), nullable=False),
        sa.Column("mbid", sa.String(36), nullable=False),
        sa.Column("name", Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("failure", Text()),
        sa.PrimaryKeyConstraint("instance", "mbid", name="pk_lidarr_exclusions"),
    )


def downgrade() -> None:
    for table in ("lidarr_exclusions", "lidarr_watches", "lidarr_events"):
        op.drop_table(table)
    op.drop_column("library_state", "changed_at")
    op.drop_column("library_state", "own_tag")
    op.drop_column("recommendations", "monitored")
    # The release before knows no such events, and none of them changed a state.
    op.execute(
        "DELETE FROM history WHERE event IN ('grabbed', 'downloaded', 'download failed', 'unmonitored')"
    )
