"""What was left switched off in Lidarr, and which lists it is to fetch again after an approval."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "left_off",
        sa.Column("instance", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("instance", "channel", "slug", name="pk_left_off"),
    )
    op.add_column("lists", sa.Column("sync_wanted_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("lists", "sync_wanted_at")
    op.drop_table("left_off")
