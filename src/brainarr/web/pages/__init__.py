"""The pages that people look at, one module for each."""

from fastapi import APIRouter

from brainarr.web.pages import ask, runs, shell

PAGES = (shell, runs, ask)


def pages_router() -> APIRouter:
    pages = APIRouter(include_in_schema=False)
    for noun in PAGES:
        pages.include_router(noun.router)
    return pages
