"""What must be true of every cycle, whatever happens in it, and whose fault a failed list sync was."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from brainarr.domain.life import STEPS, replay
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Status
from brainarr.sandbox.lidarr.commands import Command
from brainarr.service.history import read_life
from tests.living.stage import CYCLE, Stage, carried_as

MOST_AT_ONCE = 50
LOOKUP_HOLDS = timedelta(hours=24)
_LOOKUP = "/lookup?term=lidarr"


@dataclass
class Watch:
    """Lets cycles pass and judges each."""

    stage: Stage
    spoilt: set[str] = field(default_factory=set)
    """What makes any sync fail that it is given to, by the test's doing."""
    elsewhere: str = ""
    """In the message of a failure that has nothing to do with us: somebody else's list, an outage."""
    ours: Counter[str] = field(default_factory=Counter)
    """How often a sync failed over each spoilt identifier that we carried."""
    not_ours: int = 0
    looked_up: dict[str, datetime] = field(default_factory=dict)
    """When Brainarr last asked Lidarr's lookup about each identifier."""
    _read: int = 0

    async def cycle(self, length: timedelta = CYCLE) -> list[Command]:
        failed = [number for number, one in (await self.stage.statuses()).items() if one is Status.FAILED]
        convicted: set[str] = {carried_as(row) for row in await self.stage.rows_of(failed)}
        synced = await self.stage.cycle(length)
        self._note_lookups()
        for command in synced:
            self._judge(command, convicted)
        return synced

    async def cycles(self, count: int) -> list[Command]:
        return [command for _ in range(count) for command in await self.cycle()]

    def _note_lookups(self) -> None:
        asked = self.stage.lidarr.requests[self._read :]
        self._read += len(asked)
        for request in asked:
            if _LOOKUP in request:
                mbid = Mbid(request[-36:])
                # A lookup answers with what an identifier was merged into, and so speaks for that.
                for spoken_for in (mbid, self.stage.world.merged.get(mbid, mbid)):
                    self.looked_up[spoken_for] = self.stage.clock.now

    def _judge(self, command: Command, convicted: set[str]) -> None:
        synced = command.synced
        assert synced is not None
        assert synced.fetch_failures == (), "Lidarr could read our lists"
        lacked = {mbid for mbid in synced.lacked if mbid in self._everything()}
        assert len(lacked) <= MOST_AT_ONCE
        assert not lacked & convicted, "what was found to break a sync was carried again"
        for mbid in lacked:
            assert self.stage.clock.now - self.looked_up[mbid] < LOOKUP_HOLDS
        if synced.failure is None:
            return
        if self.elsewhere and self.elsewhere in synced.failure:
            self.not_ours += 1
            return
        guilty = lacked & self.spoilt
        assert guilty, f"a sync failed and nobody knows why: {synced.failure}"
        self.ours.update(guilty)

    def _everything(self) -> set[str]:
        world = self.stage.world
        return {*world.artists, *world.albums, *world.merged}


def counted(statuses: Mapping[int, Status]) -> dict[str, int]:
    return dict(Counter(status.value for status in statuses.values()))


async def check_lives(stage: Stage) -> None:
    """Of each recommendation: its history leads step by step to where it is, and says why."""
    for row in await stage.rows_of(stage.ids.values()):
        life = await read_life(stage.house.db, row.id)
        events = [told.event.event for told in life.events]
        states = replay(events)
        assert states[-1] == row.status, (row.recommendation.artist, events)
        for event, before in zip(events[1:], states, strict=False):
            assert before in STEPS[event].begins, (row.recommendation.artist, before, event)
        if row.status is Status.FAILED:
            assert row.failure and row.remedy, events
