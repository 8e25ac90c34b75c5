"""The pages that people look at, one module for each."""

from fastapi import APIRouter

from brainarr.web.pages import lists, providers, settings, setup, shell, system

PAGES = (shell, setup, providers, lists, settings, system)


def pages_router() -> APIRouter:
    pages = APIRouter(include_in_schema=False)
    for noun in PAGES:
        pages.include_router(noun.router)
    return pages
