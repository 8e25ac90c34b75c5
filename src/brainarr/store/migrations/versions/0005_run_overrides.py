"""What a single run was asked for instead of what the settings say."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("overrides", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "overrides")
