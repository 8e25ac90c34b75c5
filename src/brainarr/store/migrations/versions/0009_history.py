"""The whole life of a recommendation: its proposal, who caused what, and failures with their remedy; verdicts
counted for good."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Proposals come first in every life, so they get the first numbers; nothing refers to those of history. Twice
# negative, because a number may not be taken even in the midst of one statement.
_MAKE_ROOM = (
    "UPDATE history SET id = -id - (SELECT count(*) FROM recommendations)",
    "UPDATE history SET id = -id",
)
_PROPOSALS = """
INSERT INTO history
    (id, owner, at, event, recommendation_id, artist, artist_mbid, album, release_group_mbid, note, actor)
SELECT row_number() OVER (ORDER BY r.created_at, r.id), r.owner, r.created_at, 'proposed', r.id,
    r.artist, r.artist_mbid, r.album, r.release_group_mbid, '',
    CASE runs.trigger WHEN 'schedule' THEN 'schedule' WHEN 'api' THEN 'api' ELSE 'person' END
FROM recommendations r JOIN runs ON runs.id = r.run_id
"""
_KNOWN = (
    "UPDATE history SET actor = 'lidarr' "
    "WHERE event IN ('delivered', 'imported', 'played', 'kept', 'removed', 'failed')",
    "UPDATE history SET actor = 'automatic' WHERE event = 'approved' AND note = 'automatic'",
    "UPDATE history SET event = 'pushed', channel = 'push', actor = 'person', note = '' "
    "WHERE event = 'delivered' AND note = 'pushed'",
    "UPDATE history SET channel = CASE WHEN release_group_mbid IS NULL THEN 'artists' ELSE 'albums' END "
    "WHERE event = 'delivered'",
    "UPDATE history SET channel = 'library' WHERE event IN ('imported', 'kept', 'removed')",
    "UPDATE history SET cause = 'refused' WHERE event = 'failed'",
    """UPDATE recommendations SET
    first_delivered_at = coalesce((SELECT min(h.at) FROM history h
        WHERE h.recommendation_id = recommendations.id AND h.event IN ('delivered', 'pushed')), delivered_at),
    attempts = (SELECT count(*) FROM history h
        WHERE h.recommendation_id = recommendations.id AND h.event IN ('failed', 'pushed')),
    tried_at = (SELECT max(h.at) FROM history h
        WHERE h.recommendation_id = recommendations.id AND h.event IN ('failed', 'pushed'))""",
)
_COUNTS = """
INSERT INTO verdict_counts (owner, run_id, dry_run, sources, verdict, count)
SELECT runs.owner, v.run_id, runs.dry_run, v.sources, v.verdict, count(*)
FROM verdicts v JOIN runs ON runs.id = v.run_id
GROUP BY runs.owner, v.run_id, runs.dry_run, v.sources, v.verdict
"""
# What an older version cannot read is told in the words that it knows, or not at all.
_AS_BEFORE = (
    "DELETE FROM history WHERE event IN ('proposed', 'attempted', 'undone', 'given up')",
    "UPDATE history SET event = 'delivered', note = 'pushed' WHERE event = 'pushed'",
    "UPDATE history SET event = 'approved' WHERE event = 'retried'",
    "UPDATE history SET event = 'removed' WHERE event = 'excluded'",
    "UPDATE history SET note = 'automatic' WHERE event = 'approved' AND actor = 'automatic'",
)


def upgrade() -> None:
    op.add_column(
        "history",
        sa.Column("actor", sa.String(length=16), server_default=sa.text("'person'"), nullable=False),
    )
    op.add_column("history", sa.Column("channel", sa.String(length=16), nullable=True))
    op.add_column("history", sa.Column("cause", sa.String(length=32), nullable=True))
    op.add_column("history", sa.Column("remedy", sa.Text(), nullable=True))
    op.add_column("recommendations", sa.Column("remedy", sa.Text(), nullable=True))
    op.add_column(
        "recommendations", sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    for name in ("tried_at", "first_delivered_at", "given_up_at"):
        op.add_column("recommendations", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for statement in (*_MAKE_ROOM, _PROPOSALS, *_KNOWN):
        op.execute(statement)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('history', 'id'), (SELECT max(id) FROM history))")
    op.create_table(
        "verdict_counts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verdict_counts"),
    )
    op.create_index("ix_verdict_counts_run_id", "verdict_counts", ["run_id"])
    op.execute(_COUNTS)


def downgrade() -> None:
    op.drop_table("verdict_counts")
    for statement in _AS_BEFORE:
        op.execute(statement)
    for name in ("remedy", "cause", "channel", "actor"):
        op.drop_column("history", name)
    for name in ("given_up_at", "first_delivered_at", "tried_at", "attempts", "remedy"):
        op.drop_column("recommendations", name)
