"""The pages that people look at, one module for each."""

from fastapi import APIRouter, Depends

from brainarr.web.pages import shell, sign_in
from brainarr.web.people import require_our_form, require_stranger_form

PAGES = (shell,)


def pages_router() -> APIRouter:
    """Every form of theirs is checked to be ours."""
    pages = APIRouter(include_in_schema=False)
    pages.include_router(sign_in.router, dependencies=[Depends(require_stranger_form)])
    ours = [Depends(require_our_form)]
    pages.include_router(sign_in.signed_in, dependencies=ours)
    for noun in PAGES:
        pages.include_router(noun.router, dependencies=ours)
    return pages
