"""What we read off the files and the version table is what Alembic says of them."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import brainarr.store
from brainarr.store.revisions import known_revisions, named_revision, revision_of
from brainarr.store.session import create_engine, database_url
from brainarr.store.upgrade import downgrade, upgrade
from tests.conftest import NOW
from tests.store.given import URL


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(brainarr.store.__path__[0], "migrations")))
    return ScriptDirectory.from_config(config)


def test_the_files_are_alembics_one_line_of_revisions() -> None:
    assert known_revisions() == tuple(script.revision for script in scripts().walk_revisions())
    assert named_revision("head") == scripts().get_current_head()


@pytest.mark.parametrize("revision", [*known_revisions(), "base"])
async def test_a_database_is_at_the_revision_that_alembic_sees(revision: str, tmp_path: Path) -> None:
    def by_alembic(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    await upgrade(URL, tmp_path, now=NOW)
    await downgrade(URL, tmp_path, revision, now=NOW)
    engine = create_engine(database_url(URL, tmp_path))
    async with engine.connect() as connection:
        seen = await connection.run_sync(by_alembic)
        assert await revision_of(connection) == seen == named_revision(revision)
    await engine.dispose()


async def test_a_file_without_tables_is_at_no_revision(tmp_path: Path) -> None:
    engine = create_engine(database_url(URL, tmp_path))
    async with engine.connect() as connection:
        assert await revision_of(connection) is None
    await engine.dispose()
