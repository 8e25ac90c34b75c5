"""Figures that are watched from outside: right, and never falling."""

from typing import Any

from sqlalchemy import delete, insert

from brainarr.domain.prompt import Usage
from brainarr.store import figures, tables
from brainarr.store.figures import ModelFigure, RunFigure, SourceFigure
from brainarr.store.usage import StoredLedger
from tests.service.given import ran
from tests.store.given import House, recommended


async def all_figures(house: House) -> tuple[Any, ...]:
    async with house.db.reading() as connection:
        return (
            await figures.run_figures(connection),
            await figures.verdict_figures(connection),
            await figures.source_figures(connection),
            await figures.model_figures(connection),
        )


async def test_deleted_rows_stay_in_the_sums_and_new_ones_are_added(house: House) -> None:
    ledger = StoredLedger(house.db, house.clock)
    await ran(house, [recommended(1)])
    await ledger.record(Usage("cloud", "m", 100, 10, 5, 7, 1.0, "ok"))
    await ledger.record(Usage("cloud", "m", 100, 10, 5, None, 1.0, "ok"))
    before = await all_figures(house)
    assert before[0] == (RunFigure("manual", "done", 1, 1),)
    assert before[1] == {"kept": 1, "owned": 2}
    assert before[3] == (ModelFigure("cloud", "ok", 2, 200, 20, 10, 7, 1),)
    for _ in range(2):
        # The second time there is nothing left to delete.
        async with house.db.transaction() as connection:
            for table in (tables.verdicts, tables.provider_reports, tables.usage):
                await figures.keep(connection, table, table.c.id > 0)
                await connection.execute(delete(table).where(table.c.id > 0))
        assert await all_figures(house) == before
    await ran(house, [recommended(2)])
    await ledger.record(Usage("cloud", "m", 1, 1, 0, 1, 1.0, "ok"))
    runs, verdicts, sources, models = await all_figures(house)
    assert runs == (RunFigure("manual", "done", 2, 2),)
    assert verdicts == {"kept": 2, "owned": 4}
    assert sources == tuple(
        SourceFigure(one.provider, one.outcome, one.runs * 2, one.candidates * 2) for one in before[2]
    )
    assert models == (ModelFigure("cloud", "ok", 3, 201, 21, 10, 8, 1),)


async def test_only_what_is_deleted_is_kept(house: House) -> None:
    rows = [
        {
            "run_id": (await ran(house, [])).run.id,
            "artist": "A",
            "verdict": verdict,
            "detail": "",
            "sources": (),
        }
        for verdict in ("held", "held", "loop")
    ]
    async with house.db.transaction() as connection:
        await connection.execute(delete(tables.verdicts))
        await connection.execute(insert(tables.verdicts), rows)
        gone = tables.verdicts.c.verdict == "held"
        await figures.keep(connection, tables.verdicts, gone)
        await connection.execute(delete(tables.verdicts).where(gone))
    async with house.db.reading() as connection:
        assert await figures.verdict_figures(connection) == {"held": 2, "loop": 1}
