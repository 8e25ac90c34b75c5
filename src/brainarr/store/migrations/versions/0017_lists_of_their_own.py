"""Lists of several kinds, for several Lidarrs, with terms of their own; the key of each Lidarr's webhook."""

import sqlalchemy as sa
from alembic import op

from brainarr.store.columns import Text, UtcTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lists", _told("kind", sa.String(16), "discover"))
    op.add_column("lists", _told("instance", sa.String(64), "default"))
    op.add_column("lists", _told("terms", sa.Text(), "{}"))
    op.create_table(
        "lidarr_links",
        sa.Column("instance", sa.String(64), nullable=False),
        sa.Column("webhook_key", Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("instance", name="pk_lidarr_links"),
    )


def downgrade() -> None:
    op.drop_table("lidarr_links")
    for name in ("terms", "instance", "kind"):
        op.drop_column("lists", name)


def _told(name: str, of: sa.types.TypeEngine[str], usual: str) -> sa.Column[str]:
    return sa.Column(name, of, nullable=False, server_default=usual)
