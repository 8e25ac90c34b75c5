"""What a worker is given: every task of this Brainarr, with its schedule and its service function."""

from datetime import timedelta
from functools import partial

from brainarr.domain.addresses import external_address
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.schedule import Interval, parse_schedule
from brainarr.jobs.chores import NO_LIDARR, Chore, Rhythm, chore, chore_when_wanted, usual_chores
from brainarr.jobs.worker import CONCURRENCY, Worker
from brainarr.service.backtest import BACKTEST, work_backtest
from brainarr.service.backup import TASK as BACKUP
from brainarr.service.backup import make_backup
from brainarr.service.delivery.remembering import RoundDeps
from brainarr.service.delivery.rounds import tend_deliveries
from brainarr.service.following import follow_lidarrs
from brainarr.service.left_off import next_try, switch_on
from brainarr.service.list_sync import next_sync, sync_approved
from brainarr.service.monitor import watch_providers
from brainarr.service.tasks import Task
from brainarr.store.archive import Origin
from brainarr.store.breakers import StoredBreakers
from brainarr.store.jobs import DELIVERIES, FOLLOW, RECOMMEND
from brainarr.wiring.build import House
from brainarr.wiring.checkup import watched_models

COST_WATCH = timedelta(minutes=1)


def recommend_task(house: House) -> Task:
    missing = "" if house.outside.lidarr else NO_LIDARR
    schedule = parse_schedule(house.settings.recommend.schedule)
    return Task(RECOMMEND, schedule, missing, lidarrs=frozenset(house.outside.lidarrs))


def house_tasks(house: House) -> tuple[Task, ...]:
    """As the API shows them."""
    return (recommend_task(house), *(chore.task for chore in house_chores(house)))


def house_chores(house: House) -> tuple[Chore, ...]:
    """The chores and what else is done beside the runs."""
    schedules = house.settings.schedules
    rhythm = Rhythm(*map(parse_schedule, (schedules.library, schedules.settle, schedules.clean_up)))
    return (
        *usual_chores(house.runs, house.cache, rhythm, house.settings.retention.periods),
        _follow(house),
        _deliveries(house),
        _backup(house),
        *_cost_watch(house),
        *_monitor(house),
        chore(BACKTEST, None, partial(work_backtest, house.backtests)),
        _list_sync(house),
        _lidarr_setup(house),
    )


def _follow(house: House) -> Chore:
    """Listening to the Lidarrs, and looking at what has changed there."""

    async def follow(*_: object) -> None:
        await follow_lidarrs(house.db, house.outside.lidarrs, house.clock)

    schedule = parse_schedule(house.settings.schedules.lidarr)
    return chore(FOLLOW, schedule, follow, missing="" if house.outside.lidarrs else NO_LIDARR)


def _deliveries(house: House) -> Chore:
    lidarrs = house.outside.lidarrs
    deps = RoundDeps(house.db, house.clock, lidarrs, house.outside.messengers)

    async def tend(*_: object) -> None:
        await tend_deliveries(deps)

    missing = "" if lidarrs else NO_LIDARR
    return chore(DELIVERIES, parse_schedule(house.settings.schedules.deliveries), tend, missing=missing)


def _list_sync(house: House) -> Chore:
    """For the Lidarrs whose owner wants it."""
    settings, lidarrs = house.settings, house.outside.lidarrs
    wanted = {DEFAULT_INSTANCE: settings.lidarr.sync_after_approval}
    wanted |= {one.name: one.sync_after_approval for one in settings.lidarrs}
    asked = {instance: lidarr for instance, lidarr in lidarrs.items() if wanted[instance]}

    async def sync(*_: object) -> None:
        await sync_approved(house.db, asked, clock=house.clock)

    missing = NO_LIDARR if not lidarrs else "" if asked else "Set lidarr.sync_after_approval."
    return chore_when_wanted("list_sync", next_sync, sync, missing=missing)


def _lidarr_setup(house: House) -> Chore:
    """Where something could not be switched on yet."""
    server = house.settings.server
    lists = {instance: lidarr.lists for instance, lidarr in house.outside.lidarrs.items()}
    address = external_address(server.external_url, server.url_base)

    async def try_again(*_: object) -> None:
        await switch_on(house.db, house.installation.secrets, lists, address, clock=house.clock)

    return chore_when_wanted("lidarr_setup", next_try, try_again, missing="" if lists else NO_LIDARR)


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
