"""What learning needs: how each recommendation came to be shown, how it is played, what was liked or blocked,
and until when everything is forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Until now a blocked recommendation was all there was of a block.
_BLOCKS = """
INSERT INTO blocks (owner, kind, key, name, at)
SELECT owner, 'artist', artist_mbid, min(artist), min(coalesce(decided_at, created_at))
FROM recommendations WHERE status = 'blocked' GROUP BY owner, artist_mbid
"""


def upgrade() -> None:
    op.add_column("recommendations", sa.Column("place", sa.Integer(), nullable=True))
    op.add_column(
        "recommendations",
        sa.Column("explored", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "recommendations", sa.Column("propensity", sa.Float(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column("recommendations", sa.Column("plays", sa.Integer(), nullable=True))
    op.create_table(
        "blocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blocks"),
    )
    op.create_index("uq_blocks_owner_kind_key", "blocks", ["owner", "kind", "key"], unique=True)
    op.execute(_BLOCKS)
    op.create_table(
        "likings",
        sa.Column("owner", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("artist_mbid", sa.String(length=36), nullable=False),
        sa.Column("artist", sa.Text(), nullable=False),
        sa.Column("recommendation_id", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recommendation_id"], ["recommendations.id"], name="fk_likings_recommendation_id_recommendations"
        ),
        sa.PrimaryKeyConstraint("owner", "artist_mbid", name="pk_likings"),
    )
    op.create_index("ix_likings_recommendation_id", "likings", ["recommendation_id"])
    op.create_table(
        "forgotten",
        sa.Column("owner", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_forgotten"),
    )


def downgrade() -> None:
    op.drop_table("forgotten")
    op.drop_table("likings")
    op.drop_table("blocks")
    for column in ("plays", "propensity", "explored", "place"):
        op.drop_column("recommendations", column)
