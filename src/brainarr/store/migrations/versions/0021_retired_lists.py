"""Lists that were deleted and have a past; and since lists have schedules of their own, those that had none
still have none."""

import sqlalchemy as sa
from alembic import op

from brainarr.store.columns import UtcTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_UNTOLD, _OFF = "{}", '{"schedule":"off"}'


def upgrade() -> None:
    op.add_column("lists", sa.Column("retired_at", UtcTime()))
    # Until now only runs of the first list came by themselves.
    _replace(_UNTOLD, _OFF)


def downgrade() -> None:
    _replace(_OFF, _UNTOLD)
    op.drop_column("lists", "retired_at")


def _replace(told: str, by: str) -> None:
    lists = sa.table("lists", sa.column("slug"), sa.column("terms"))
    others = sa.and_(lists.c.slug != "default", lists.c.terms == told)
    op.execute(lists.update().where(others).values(terms=by))
