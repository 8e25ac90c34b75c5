"""Every table. Rows that belong to a person carry `owner`; 1 is the household's first person.

The migrations make these tables; a test holds both against each other.
"""

from brainarr.store.tables.house import (
    breakers,
    cache,
    install,
    jobs,
    lidarr_links,
    lists,
    notices,
    pauses,
    reservations,
    runs,
    settings,
    tallies,
    usage,
)
from brainarr.store.tables.lidarr import lidarr_events, lidarr_exclusions, lidarr_watches
from brainarr.store.tables.metadata import ENCRYPTED, FIRST_PERSON, metadata
from brainarr.store.tables.music import (
    backtests,
    blocks,
    deliveries,
    forgotten,
    history,
    library_artists,
    library_state,
    likings,
    prompts,
    provider_reports,
    recommendation_tags,
    recommendations,
    verdict_counts,
    verdicts,
)
from brainarr.store.tables.people import api_keys, idempotency, people, sessions

__all__ = [
    "ENCRYPTED",
    "FIRST_PERSON",
    "api_keys",
    "backtests",
    "blocks",
    "breakers",
    "cache",
    "deliveries",
    "forgotten",
    "history",
    "idempotency",
    "install",
    "jobs",
    "library_artists",
    "library_state",
    "lidarr_events",
    "lidarr_exclusions",
    "lidarr_links",
    "lidarr_watches",
    "likings",
    "lists",
    "metadata",
    "notices",
    "pauses",
    "people",
    "prompts",
    "provider_reports",
    "recommendation_tags",
    "recommendations",
    "reservations",
    "runs",
    "sessions",
    "settings",
    "tallies",
    "usage",
    "verdict_counts",
    "verdicts",
]
