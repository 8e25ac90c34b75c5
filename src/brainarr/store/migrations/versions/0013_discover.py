"""What Discover filters, searches and sorts by, out of the facts of each recommendation."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from brainarr.domain.names import search_text
from brainarr.store.columns import String, Text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_AT_ONCE = 500
"""Facts of so many are in memory at a time."""

_recommendations = sa.table(
    "recommendations",
    sa.column("id", sa.Integer),
    sa.column("artist", sa.Text),
    sa.column("album", sa.Text),
    sa.column("facts", sa.Text),
    sa.column("sources", sa.Text),
    sa.column("year", sa.Integer),
    sa.column("confidence", sa.Float),
    sa.column("names", Text()),
)
_tags = sa.table(
    "recommendation_tags",
    sa.column("recommendation_id", sa.Integer),
    sa.column("kind", sa.String),
    sa.column("name", String(200)),
)


def upgrade() -> None:
    op.add_column("recommendations", sa.Column("year", sa.Integer(), nullable=True))
    op.add_column(
        "recommendations", sa.Column("confidence", sa.Float(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "recommendations", sa.Column("names", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.create_index("ix_recommendations_owner_status_score", "recommendations", ["owner", "status", "score"])
    op.create_table(
        "recommendation_tags",
        sa.Column("recommendation_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["recommendation_id"],
            ["recommendations.id"],
            name="fk_recommendation_tags_recommendation_id_recommendations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("recommendation_id", "kind", "name", name="pk_recommendation_tags"),
    )
    op.create_index("ix_recommendation_tags_kind_name", "recommendation_tags", ["kind", "name"])
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """In Python, because no database folds names as we do."""
    columns = _recommendations.c
    stored = (columns.id, columns.artist, columns.album, columns.facts, columns.sources)
    query = sa.select(*stored).order_by(columns.id)
    last = 0
    while rows := connection.execute(query.where(columns.id > last).limit(_AT_ONCE)).all():
        last = rows[-1].id
        read = [(row, json.loads(row.facts)) for row in rows]
        change = sa.update(_recommendations).where(columns.id == sa.bindparam("number"))
        connection.execute(
            change.values(
                year=sa.bindparam("released"), confidence=sa.bindparam("sure"), names=sa.bindparam("folded")
            ),
            [
                {
                    "number": row.id,
                    "released": facts.get("year"),
                    "sure": facts.get("confidence") or 0.0,
                    "folded": search_text(row.artist, *([row.album] if row.album else [])),
                }
                for row, facts in read
            ],
        )
        tags = [
            {"recommendation_id": row.id, "kind": kind, "name": name}
            for row, facts in read
            for kind, name in dict.fromkeys(_tags_of(facts, json.loads(row.sources)))
        ]
        if tags:
            connection.execute(sa.insert(_tags), tags)


def _tags_of(facts: dict[str, Any], sources: list[str]) -> Iterator[tuple[str, str]]:
    yield from (("genre", genre) for genre in facts.get("genres", ()))
    if facts.get("year") is not None:
        yield "decade", str(facts["year"] // 10 * 10)
    # The voices in the facts of old ones may be forgotten.
    yield from (("source", source) for source in sources)


def downgrade() -> None:
    op.drop_table("recommendation_tags")
    op.drop_index("ix_recommendations_owner_status_score", "recommendations")
    for name in ("names", "confidence", "year"):
        op.drop_column("recommendations", name)
