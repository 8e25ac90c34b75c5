"""What a worker is given: every task of this Brainarr, with its schedule and its service function."""

from datetime import timedelta
from functools import partial

from brainarr.domain.schedule import Interval, parse_schedule
from brainarr.jobs.chores import NO_LIDARR, Chore, Rhythm, chore, usual_chores
from brainarr.jobs.worker import CONCURRENCY, Worker
from brainarr.service.backtest import BACKTEST, work_backtest
from brainarr.service.backup import TASK as BACKUP
from brainarr.service.backup import make_backup
from brainarr.service.monitor import watch_providers
from brainarr.service.tasks import Task
from brainarr.store.archive import Origin
from brainarr.store.breakers import StoredBreakers
from brainarr.store.jobs import RECOMMEND
from brainarr.wiring.build import House
from brainarr.wiring.checkup import watched_models

COST_WATCH = timedelta(minutes=1)


def recommend_task(house: House) -> Task:
    missing = "" if house.outside.lidarrs else NO_LIDARR
    return Task(RECOMMEND, parse_schedule(house.settings.recommend.schedule), missing)


def house_tasks(house: House) -> tuple[Task, ...]:
    """As the API shows them."""
    return (recommend_task(house), *(chore.task for chore in house_chores(house)))


def house_chores(house: House) -> tuple[Chore, ...]:
    """The chores and what else is done beside the runs."""
    schedules = house.settings.schedules
    rhythm = Rhythm(*map(parse_schedule, (schedules.library, schedules.settle, schedules.clean_up)))
    return (
        *usual_chores(house.runs, house.cache, rhythm, house.settings.retention.periods),
        _backup(house),
        *_cost_watch(house),
        *_monitor(house),
        chore(BACKTEST, None, partial(work_backtest, house.backtests)),
    )


def _backup(house: House) -> Chore:
    async def backup(*_: object) -> None:
        await make_backup(house.backups, Origin.SCHEDULED)

    return chore(BACKUP, parse_schedule(house.settings.schedules.backup), backup)


def _cost_watch(house: House) -> list[Chore]:
    """Where somebody wants to hear of the costs."""
    if house.settings.costs.alert_threshold is None:
        return []

    async def alert(*_: object) -> None:
        await house.alert_on_costs()

    return [chore("costs", Interval(COST_WATCH), alert)]


def _monitor(house: House) -> list[Chore]:
    """The health monitor, where the chain has models and the user wants it."""
    every = house.settings.health.probe_interval
    watched = watched_models(house.outside)
    if not every or not watched:
        return []

    async def probe(*_: object) -> None:
        await watch_providers(watched, StoredBreakers(house.db), house.clock)

    return [chore("probe", Interval(timedelta(seconds=every)), probe)]


def house_worker(house: House, *, works: bool = True, concurrency: int | None = None) -> Worker:
    """The worker of this process. `works` is False where other processes do the work."""
    return Worker(
        house.runs,
        house_chores(house),
        recommend=recommend_task(house),
        zone=house.zone,
        redis=house.settings.redis.url,
        # One Redis may serve several Brainarrs.
        queue=f"brainarr-{house.installation.name}",
        works=works,
        concurrency=concurrency or CONCURRENCY,
    )
