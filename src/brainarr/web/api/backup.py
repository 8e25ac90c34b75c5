"""system/backup: backups that lie on the server."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import FileResponse
from pydantic import Field

from brainarr.service.backup import delete_backup, list_backups, make_backup, read_backup
from brainarr.store.archive import Origin
from brainarr.store.backup import Backup
from brainarr.web.auth import require_owner
from brainarr.web.deps import Deps
from brainarr.web.documents import Document
from brainarr.web.problems import FORBIDDEN, NOT_FOUND, STORAGE, problems

router = APIRouter(
    prefix="/system/backup",
    tags=["system"],
    # Each opens every secret, also those of whoever has another key.
    dependencies=[Depends(require_owner)],
    responses=problems(FORBIDDEN),
)

_ZIP = {200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}}

Name = Annotated[str, Path(max_length=200, examples=["brainarr-manual-20261122-120000.zip"])]


class BackupDocument(Document):
    name: str = Field(examples=["brainarr-manual-20261122-120000.zip"])
    origin: Origin = Field(description="Why it was made; yours (manual) are never deleted by themselves.")
    made_at: datetime
    size: int = Field(examples=[1_204_224], description="In bytes.")
    version: str = Field(examples=["1.0.0"], description="Of the Brainarr that made it.")
    revision: str = Field(examples=["0007"], description="Of its tables.")
    database: str = Field(examples=["sqlite"], description="sqlite or postgresql; either restores both.")
    rows: int = Field(examples=[52_310])

    @classmethod
    def of(cls, backup: Backup) -> "BackupDocument":
        manifest = backup.manifest
        return cls(
            name=backup.name,
            origin=manifest.origin,
            made_at=manifest.made_at,
            size=backup.size,
            version=manifest.version,
            revision=manifest.revision,
            database=manifest.database,
            rows=sum(manifest.rows.values()),
        )


@router.get("")
async def backups(deps: Deps) -> list[BackupDocument]:
    """The newest first."""
    return [BackupDocument.of(backup) for backup in await list_backups(deps.backups)]


@router.post("", status_code=201, responses=problems(STORAGE))
async def back_up(deps: Deps) -> BackupDocument:
    """Makes one of this very moment, and answers when it is finished."""
    return BackupDocument.of(await make_backup(deps.backups))


@router.get("/{name}", response_class=FileResponse, responses={**problems(NOT_FOUND), **_ZIP})
async def download_backup(deps: Deps, name: Name) -> FileResponse:
    """The zip file. It opens every secret: keep it as you would keep the keys themselves."""
    backup = await read_backup(deps.backups, name)
    return FileResponse(backup.path, media_type="application/zip", filename=backup.name)


@router.delete("/{name}", responses=problems(NOT_FOUND))
async def remove_backup(deps: Deps, name: Name) -> BackupDocument:
    """Deletes it for good, one of yours too."""
    return BackupDocument.of(await delete_backup(deps.backups, name))
