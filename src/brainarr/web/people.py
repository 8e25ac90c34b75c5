"""Who looks at a page."""

from typing import Annotated

from fastapi import Depends, Request

from brainarr.domain.people import Person, Role
from brainarr.web.auth import CallerOf
from brainarr.web.problems import Forbidden


async def require_person(request: Request, caller: CallerOf) -> Person:
    person = Person(1, "owner", Role.ADMIN if caller.is_owner else Role.USER)
    # So that a page about a mistake stands in the same frame.
    request.state.person = person
    return person


SignedIn = Annotated[Person, Depends(require_person)]


async def require_admin(person: SignedIn) -> Person:
    if not person.is_admin:
        raise Forbidden("This page is for administrators.", remedy="Ask one of them.")
    return person


Admin = Annotated[Person, Depends(require_admin)]
