"""What must hold after every fault. Each function answers the losses that it found, in words."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch

from tests.chaos.book import APPROVE, Book
from tests.chaos.brainarr import Brainarr
from tests.chaos.topology import Ground
from tests.chaos.world import World

_AFTER = {
    APPROVE: {"approved", "delivered", "imported", "kept", "removed", "failed"},
    "reject": {"rejected", "blocked"},
}
_LIVE = "('pending', 'approved', 'delivered', 'imported', 'kept')"
_DOUBLES = {
    "two live recommendations of one": f"""
        SELECT artist_mbid, release_group_mbid FROM recommendations WHERE status IN {_LIVE}
        GROUP BY list_id, artist_mbid, release_group_mbid HAVING count(*) > 1""",
    "imported or delivered twice": """
        SELECT recommendation_id, event FROM history WHERE event IN ('imported', 'delivered')
        GROUP BY recommendation_id, event HAVING count(*) > 1""",
    "two open runs of one list": """
        SELECT list_id FROM runs WHERE status IN ('queued', 'running')
        GROUP BY list_id HAVING count(*) > 1""",
    "a run stored twice": """
        SELECT run_id, place FROM recommendations WHERE place IS NOT NULL
        GROUP BY run_id, place HAVING count(*) > 1""",
    "a run reported twice": """
        SELECT run_id, name FROM provider_reports GROUP BY run_id, name HAVING count(*) > 1""",
    "a run stored in part": """
        SELECT id, status FROM runs WHERE dry_run = false AND status <> 'running'
        AND recommended <> (SELECT count(*) FROM recommendations WHERE run_id = runs.id)""",
}
_BAD_WORDS = (
    "Traceback",
    "Task was destroyed",
    "Task exception was never retrieved",
    "was never awaited",
    "ResourceWarning",
    "failed unexpectedly",
)
_MAY_LIE = ("brainarr.db", "secret.key", "config.yaml", "brainarr.db.before-*", "backups", "filler")
"""In the configuration folder of a Brainarr that has ended."""


@dataclass
class Scene:
    """One installation under faults, with all that is known of it from outside."""

    ground: Ground
    world: World
    brainarr: Brainarr
    book: Book
    budget: int = 0
    """The month's limit in micro-dollars, the highest so far."""
    read: int = 0
    """Bytes of the log that were looked at."""
    api_key: str = ""
    feed_key: str = ""
    """Of the list `default`."""
    slowest_start: float = 0.0
    """Seconds until the first answer."""


def kept_promises(scene: Scene) -> list[str]:
    """Every decision that was answered with success stands in the database, once in history."""
    losses: list[str] = []
    status = dict(scene.ground.rows("SELECT id, status FROM recommendations"))
    told = scene.ground.rows(
        "SELECT recommendation_id, event, count(*) FROM history "
        "WHERE event IN ('approved', 'rejected') GROUP BY recommendation_id, event"
    )
    written = {(number, event): count for number, event, count in told}
    for number, made in scene.book.decisions.items():
        last = made[-1]
        found = status.get(number)
        allowed = set(_AFTER[last.verb])
        if last.promised is None:
            # It may not have arrived: then what stood before it still holds.
            allowed |= _AFTER[made[-2].verb] if len(made) > 1 else {"pending"}
        if found not in allowed:
            losses.append(f"recommendation {number}: {last.verb} was answered with success, it is {found}")
        event = {APPROVE: "approved"}.get(last.verb, "rejected")
        if last.promised is not None and written.get((number, event), 0) != 1:
            losses.append(
                f"recommendation {number}: {event} {written.get((number, event), 0)} times in history"
            )
    return losses


def nothing_unwanted(scene: Scene) -> list[str]:
    """Lidarr holds, and feeds carried, only what was approved and not rejected since."""
    approved = scene.book.may_be_approved()
    losses = scene.book.delivered_after_rejection()
    carried = {item for _, items in scene.book.polls for item in items}
    losses += [f"{item} was delivered without an approval" for item in carried - approved]
    held = scene.world.state()
    artists = dict(scene.ground.rows("SELECT id, artist_mbid FROM recommendations"))
    by_approval = {
        artists.get(number)
        for number, made in scene.book.decisions.items()
        if any(decision.verb == APPROVE for decision in made)
    }
    losses += [
        f"Lidarr took artist {mbid}, nobody approved it"
        for mbid in held["artists"]
        if mbid not in by_approval
    ]
    losses += [
        f"Lidarr took album {mbid}, nobody approved it"
        for mbid in held["albums"]
        if ("album", mbid) not in approved
    ]
    return losses


def nothing_twice(scene: Scene) -> list[str]:
    """No recommendation, import, run or report of a run is there twice."""
    return [f"{what}: {row}" for what, query in _DOUBLES.items() for row in scene.ground.rows(query)]


def within_budget(scene: Scene) -> list[str]:
    """What the paid server bills stays under the limit, and the books know of all of it."""
    billed = scene.world.state()["billed"]
    (spent,) = scene.ground.rows("SELECT coalesce(sum(cost_microdollars), 0) FROM usage")[0]
    (aside,) = scene.ground.rows("SELECT coalesce(sum(microdollars), 0) FROM reservations")[0]
    losses: list[str] = []
    if scene.budget and billed > scene.budget:
        losses.append(f"billed {billed} of a budget of {scene.budget} micro-dollars")
    if billed > int(spent) + int(aside):
        losses.append(f"billed {billed}, but the books know of {int(spent) + int(aside)} micro-dollars")
    return losses


def sound_database(scene: Scene) -> list[str]:
    return scene.ground.damage()


def nothing_wrong_said(scene: Scene) -> list[str]:
    """No unexcused answer, and no sign of a fault of Brainarr's in its log since the last look."""
    with scene.brainarr.log.open("rb") as log:
        log.seek(scene.read)
        text = log.read().decode(errors="replace")
        scene.read = log.tell()
    lines = [line for line in text.splitlines() if any(word in line for word in _BAD_WORDS)]
    losses = [*scene.book.wrong, *(f"the log says: {line[:1_500]}" for line in lines)]
    scene.book.wrong.clear()
    return losses


def tidy_folder(scene: Scene) -> list[str]:
    """Once it has ended cleanly, nothing half-made lies about."""
    names = sorted(path.name for path in scene.ground.folder.iterdir())
    return [f"{name} was left behind" for name in names if not any(fnmatch(name, may) for may in _MAY_LIE)]


ALWAYS: tuple[Callable[[Scene], list[str]], ...] = (
    sound_database,
    kept_promises,
    nothing_unwanted,
    nothing_twice,
    within_budget,
    nothing_wrong_said,
)
AFTER_A_CLEAN_END = (*ALWAYS, tidy_folder)
