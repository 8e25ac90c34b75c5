"""Which run a call to a model was for, what calls under way may cost, and which notices went out; who
proposed each recommendation, and since when its fate is known."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The voices of the recommendations that are stored already, in their order.
_SOURCES = {
    "sqlite": """
UPDATE recommendations SET sources = (
  SELECT coalesce(json_group_array(json_extract(voice.value, '$.source')), '[]')
  FROM json_each(recommendations.facts, '$.voices') AS voice
)
""",
    "postgresql": """
UPDATE recommendations SET sources = (
  SELECT coalesce(json_agg(voice.value -> 'source' ORDER BY voice.place), '[]')
  FROM json_array_elements(recommendations.facts::json -> 'voices') WITH ORDINALITY AS voice(value, place)
)
""",
}


def upgrade() -> None:
    op.add_column("usage", sa.Column("run_id", sa.Integer(), nullable=True))
    op.create_index("ix_usage_run_id", "usage", ["run_id"])
    op.create_table(
        "reservations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("microdollars", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reservations"),
    )
    op.create_table(
        "notices",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_notices"),
    )
    op.add_column("recommendations", sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "recommendations", sa.Column("sources", sa.Text(), server_default=sa.text("'[]'"), nullable=False)
    )
    op.execute(_SOURCES[op.get_bind().dialect.name])


def downgrade() -> None:
    op.drop_column("recommendations", "sources")
    op.drop_column("recommendations", "settled_at")
    op.drop_table("notices")
    op.drop_table("reservations")
    op.drop_index("ix_usage_run_id", "usage")
    op.drop_column("usage", "run_id")
