"""System: health, tasks, log, backups."""

import re
from pathlib import Path

import httpx2
import pytest
import structlog

from brainarr import log
from brainarr.service.runs import list_runs
from brainarr.web.task_words import TASKS, task_words
from tests.store.given import recommended
from tests.web.conftest import House

LOG = structlog.get_logger("brainarr.test")


async def shown(pages: httpx2.AsyncClient, path: str) -> str:
    answer = await pages.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_status_says_what_is_amiss_and_what_to_do(pages: httpx2.AsyncClient):
    text = await shown(pages, "/system")
    assert "All is well" in text or 'class="problem' in text
    assert "sqlite" in text and "memory" in text


async def test_tasks_are_listed_started_and_paused(house: House, pages: httpx2.AsyncClient):
    text = await shown(pages, "/system/tasks")
    assert "Look for recommendations" in text and "Read the library" in text
    # What cannot be done here says why instead of offering it.
    assert "Set lidarr.url." in text
    assert (await pages.post("/system/tasks/recommend")).headers["location"] == "/system/tasks"
    assert "starts now" in await shown(pages, "/system/tasks")
    assert house.woken
    assert (await list_runs(house.deps.db)).total == 1
    await pages.post("/system/tasks/pause")
    assert "Nothing starts by itself" in await shown(pages, "/system/tasks")
    await pages.post("/system/tasks/resume")
    assert "Pause everything" in await shown(pages, "/system/tasks")


def test_runs_of_a_list_are_told_by_its_name():
    lists = {"late-night": "Late night"}
    assert task_words("recommend:late-night", lists) == "Look for recommendations: Late night"
    assert task_words("library", lists) == "Read the library"


def test_every_task_of_the_docs_is_told_in_words():
    told = (Path(__file__).parents[2] / "docs/jobs.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE)) == set(TASKS)


async def test_a_task_that_does_not_exist_is_a_message_and_no_error(pages: httpx2.AsyncClient):
    assert (await pages.post("/system/tasks/nothing")).status_code == 303
    assert "There is no task" in await shown(pages, "/system/tasks")


@pytest.fixture
def configured(pages: httpx2.AsyncClient) -> None:
    log.configure("debug")


@pytest.mark.usefixtures("configured")
async def test_the_log_shows_lines_with_what_they_are_about_and_hides_secrets(pages: httpx2.AsyncClient):
    LOG.warning("a <b>bold</b> provider failed", provider="home", api_key="sk-abcdefabcdefabcdef")
    LOG.info("all is quiet", run=7)
    text = await shown(pages, "/system/log?text=provider+failed")
    assert "a &lt;b&gt;bold&lt;/b&gt; provider failed" in text
    assert "sk-abcdef" not in text
    assert "all is quiet" not in text
    assert "all is quiet" not in await shown(pages, "/system/log?level=warning")
    found = await shown(pages, "/system/log?text=all+is+quiet")
    assert re.search(r"<b>run</b> 7", found)


@pytest.mark.usefixtures("configured")
async def test_a_traceback_is_shown_as_text(pages: httpx2.AsyncClient):
    try:
        raise ValueError("<script>")
    except ValueError:
        LOG.error("it broke", exc_info=True)
    text = await shown(pages, "/system/log?text=it+broke")
    assert "Traceback (most recent call last)" in text and "&lt;script&gt;" in text
    download = await pages.get("/system/log/download")
    assert "it broke" in download.text and "attachment" in download.headers["content-disposition"]


async def test_backups_are_made_downloaded_and_deleted(pages: httpx2.AsyncClient):
    assert "No backup yet" in await shown(pages, "/system/backup")
    await pages.post("/system/backup")
    text = await shown(pages, "/system/backup")
    (name,) = set(re.findall(r"brainarr-manual-[0-9-]+\.zip(?=</code>)", text))
    assert (await pages.get(f"/system/backup/{name}")).content.startswith(b"PK")
    await pages.post(f"/system/backup/{name}/delete")
    assert "No backup yet" in await shown(pages, "/system/backup")


async def test_a_restore_brings_back_what_was_there_and_only_when_asked_twice(
    house: House, pages: httpx2.AsyncClient
):
    await house.recommend(recommended(1))
    await pages.post("/system/backup")
    (name,) = set(
        re.findall(r"brainarr-manual-[0-9-]+\.zip(?=</code>)", await shown(pages, "/system/backup"))
    )
    async with house.deps.db.transaction() as connection:
        await connection.exec_driver_sql("UPDATE recommendations SET status = 'rejected'")
    await pages.post(f"/system/backup/{name}/restore")
    assert "Nothing was restored" in await shown(pages, "/system/backup")
    await pages.post(f"/system/backup/{name}/restore", data={"sure": "yes"})
    assert "are back" in await shown(pages, "/system/backup")
    async with house.deps.db.reading() as connection:
        status = (await connection.exec_driver_sql("SELECT status FROM recommendations")).scalar()
    assert status == "pending"


async def test_names_of_files_elsewhere_are_not_found(pages: httpx2.AsyncClient):
    for name in ("..%2f..%2fsecret.key", "secret.key", "nothing.zip"):
        assert (await pages.get(f"/system/backup/{name}")).status_code == 404


async def test_a_key_that_may_only_read_is_no_administrator(house: House, api: httpx2.AsyncClient):
    made = (await api.post("/api/v1/keys", json={"name": "tool", "scope": "read"})).json()["key"]
    async with house.door(made) as reader:
        for path in ("/system", "/system/log", "/system/backup"):
            assert (await reader.get(path)).status_code in (303, 401, 403)


async def test_about_names_the_version_and_the_doors(pages: httpx2.AsyncClient):
    text = await shown(pages, "/system/about")
    assert "Brainarr 1." in text and "/api/v1/openapi.json" in text
