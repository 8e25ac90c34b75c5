"""Style, script and pictures of the pages. Their address names their content, so that they are kept for ever.

One version for all of them, in front of the path: a module's relative imports then stay within it.
"""

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).with_name("static")
_FOR_EVER = "public, max-age=31536000, immutable"
_files = StaticFiles(directory=FOLDER)
router = APIRouter(include_in_schema=False)


@lru_cache(1)
def static_version() -> str:
    digest = blake2b(digest_size=6)
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(FOLDER)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@router.get("/static/{version}/{path:path}")
@router.head("/static/{version}/{path:path}")
async def static(version: str, path: str, request: Request) -> Response:
    if version != static_version():
        # A page of before an update: its script with today's style would be neither.
        raise HTTPException(404, "There is no such version of the pages' files.")
    answer = await _files.get_response(path, request.scope)
    answer.headers["Cache-Control"] = _FOR_EVER
    return answer
