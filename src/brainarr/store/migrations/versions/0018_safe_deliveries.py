"""What Lidarr's lookup has cleared, what became of each delivery, what each Lidarr's feeds may carry."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_MOMENTS = ("cleared_at", "proven_at", "broke_at")


def upgrade() -> None:
    for name in _MOMENTS:
        op.add_column("recommendations", sa.Column(name, sa.DateTime(timezone=True)))
    failures = sa.Column("lookup_failures", sa.Integer(), server_default=sa.text("0"), nullable=False)
    op.add_column("recommendations", failures)
    op.add_column("deliveries", sa.Column("trial", sa.Integer()))
    op.add_column("deliveries", sa.Column("outcome", sa.String(16)))
    op.create_table(
        "delivery_states",
        sa.Column("instance", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instance", name="pk_delivery_states"),
    )
    op.create_table(
        "moved_mbids",
        sa.Column("old", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("new", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("old", "kind", name="pk_moved_mbids"),
    )


def downgrade() -> None:
    op.drop_table("moved_mbids")
    op.drop_table("delivery_states")
    for name in ("outcome", "trial"):
        op.drop_column("deliveries", name)
    for name in ("lookup_failures", *_MOMENTS):
        op.drop_column("recommendations", name)
