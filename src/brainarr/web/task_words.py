"""Tasks in words, for people; programs and logs go by their names."""

from collections.abc import Mapping

TASKS = {
    "recommend": "Look for recommendations",
    "library": "Read the library",
    "lidarr_events": "Follow Lidarr",
    "deliveries": "Check what is delivered",
    "list_sync": "Ask Lidarr to fetch",
    "lidarr_setup": "Try what Lidarr could not reach",
    "settle": "Note what was kept",
    "clean_up": "Forget what is past its time",
    "backup": "Back up",
    "probe": "Probe the models",
    "costs": "Watch the month's costs",
    "backtest": "Backtest",
}


def task_words(name: str, lists: Mapping[str, str]) -> str:
    """`name` as the API has it; `lists`: names by slug. What has no words keeps its name."""
    task, _, slug = name.partition(":")
    said = TASKS.get(task, task)
    return f"{said}: {lists.get(slug, slug)}" if slug else said
