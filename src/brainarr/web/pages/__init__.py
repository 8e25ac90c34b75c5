"""The pages that people look at, one module for each."""

from fastapi import APIRouter, Depends

from brainarr.web.pages import (
    account,
    artwork,
    ask,
    care,
    costs,
    decisions,
    discover,
    history,
    lidarrs,
    lists,
    openid,
    people,
    previews,
    providers,
    recommendation,
    runs,
    settings,
    setup,
    shell,
    sign_in,
    system,
    taste,
)
from brainarr.web.people import require_our_form, require_stranger_form

PAGES = (
    recommendation,
    discover,
    decisions,
    artwork,
    previews,
    ask,
    runs,
    shell,
    taste,
    care,
    costs,
    history,
    setup,
    lidarrs,
    lists,
    providers,
    settings,
    system,
    account,
    people,
)


def pages_router() -> APIRouter:
    """Every form of theirs is checked to be ours."""
    pages = APIRouter(include_in_schema=False)
    for door in (sign_in, openid):
        pages.include_router(door.router, dependencies=[Depends(require_stranger_form)])
    ours = [Depends(require_our_form)]
    for noun in (sign_in.signed_in, openid.signed_in, *(noun.router for noun in PAGES)):
        pages.include_router(noun, dependencies=ours)
    return pages
