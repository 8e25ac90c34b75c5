"""Backups through the HTTP door."""

import io
import zipfile
from pathlib import Path

import httpx2
import pytest

from tests.web.conftest import House, both_databases

pytestmark = both_databases
AT = "/api/v1/system/backup"


async def test_one_is_made_listed_fetched_and_deleted(api: httpx2.AsyncClient):
    assert (await api.get(AT)).json() == []
    made = await api.post(AT)
    assert made.status_code == 201
    backup = made.json()
    assert (backup["origin"], backup["version"]) == ("manual", "1.0.0")
    assert (await api.get(AT)).json() == [backup]
    fetched = await api.get(f"{AT}/{backup['name']}")
    assert fetched.headers["content-type"] == "application/zip"
    assert len(fetched.content) == backup["size"]
    assert "secret.key" in zipfile.ZipFile(io.BytesIO(fetched.content)).namelist()
    assert (await api.delete(f"{AT}/{backup['name']}")).json() == backup
    assert (await api.get(AT)).json() == []


@pytest.mark.parametrize(
    "name",
    [
        "nothing.zip",
        "%2e%2e%2fbrainarr.db",
        "..%2fsecret.key",
        "%2fetc%2fpasswd",
        "secret.key",
        "a%00.zip",
        "x" * 150,
    ],
)
async def test_no_other_file_is_given_out_or_deleted(api: httpx2.AsyncClient, house: House, name: str):
    await api.post(AT)
    files = files_of(house)
    for method in ("GET", "DELETE"):
        answer = await api.request(method, httpx2.URL("http://brainarr:8690").join(f"{AT}/{name}"))
        assert answer.status_code in (404, 405), answer.text
        assert "key" not in answer.headers.get("content-disposition", "")
    assert files_of(house) == files


def files_of(house: House) -> list[Path]:
    return sorted(path for path in house.deps.backups.folder.rglob("*") if "brainarr.db-" not in path.name)
