"""The circuit breakers of the provider chain."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "breakers",
        sa.Column("provider", sa.String(length=200), nullable=False),
        sa.Column("circuit", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name="pk_breakers"),
    )


def downgrade() -> None:
    op.drop_table("breakers")
