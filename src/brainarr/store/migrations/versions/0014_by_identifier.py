"""What is said of one artist or release group is found without reading everything that is said."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_recommendations_release_group_mbid", "recommendations", ["release_group_mbid"])
    op.create_index("ix_verdicts_mbid", "verdicts", ["mbid"])


def downgrade() -> None:
    op.drop_index("ix_verdicts_mbid", table_name="verdicts")
    op.drop_index("ix_recommendations_release_group_mbid", table_name="recommendations")
