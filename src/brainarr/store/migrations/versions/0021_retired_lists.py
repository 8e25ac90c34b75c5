"""Lists that were deleted and have a past."""

import sqlalchemy as sa
from alembic import op

from brainarr.store.columns import UtcTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lists", sa.Column("retired_at", UtcTime()))


def downgrade() -> None:
    op.drop_column("lists", "retired_at")
