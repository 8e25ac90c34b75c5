"""Making a list, changing what it wants, and deleting it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brainarr.domain.lists import DEFAULT_INSTANCE, NO_TERMS, ListKind
from brainarr.domain.people import Person
from brainarr.domain.recommendation import Status
from brainarr.errors import BrainarrError
from brainarr.service.left_off import unlink_list
from brainarr.service.lidarr_setup import BOTH
from brainarr.service.lists import (
    DEFAULT_LIST,
    ListAtWork,
    change_list,
    create_list,
    no_list,
    read_list,
    read_lists_at_work,
)
from brainarr.service.retiring import Deleted, Leftovers, delete_list, heir_among
from brainarr.web.api.lists import public_address, require_known
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.figures import plural
from brainarr.web.pages.lists.form import TermsForm, choices, form_of, read_form, usual
from brainarr.web.people import Admin
from brainarr.web.render import back, failed, page

router = APIRouter()
"""Below `/lists`."""

FIRST_DECADE = 1950

MOST_PARTS = 20
"""Import lists in one Lidarr that read one list of ours, each a part of it."""

KINDS = (
    (ListKind.DISCOVER, "Discover", "Music close to your taste that you do not have."),
    (ListKind.GAPS, "Gaps", "Albums that artists you love have made and you lack."),
    (ListKind.RELEASES, "Releases", "What artists you have released lately, or soon will."),
)

_OPEN = (Status.PENDING, Status.APPROVED, Status.DELIVERED, Status.FAILED)


@router.get("/new")
async def new(request: Request, deps: Deps, person: Admin, kind: ListKind = ListKind.DISCOVER) -> Response:
    return await _form(request, deps, person, form_of(), name="", kind=kind)


@router.post("/create")
async def create(request: Request, deps: Deps, person: Admin) -> Response:
    """Fields: name, kind, instance, and those of the terms."""
    form = await request.form()
    shown, terms = read_form(form)
    name, instance = str(form.get("name", "")), str(form.get("instance", DEFAULT_INSTANCE))
    kind = next((one for one in ListKind if one == form.get("kind")), ListKind.DISCOVER)
    if terms is None:
        return await _form(request, deps, person, shown, name=name, kind=kind, instance=instance, status=422)
    try:
        require_known(deps, instance, terms.providers)
        row = await create_list(
            deps.db,
            deps.secrets,
            name,
            kind=kind,
            instance=instance,
            terms=terms.over(NO_TERMS),
            clock=deps.clock,
        )
    except BrainarrError as error:
        return await _form(
            request, deps, person, shown, name=name, kind=kind, instance=instance, error=error, status=409
        )
    deps.wake()
    return back(request, f"/lists#l-{row.slug}", told=f"{row.name} is there.")


@router.get("/edit")
async def edit(request: Request, deps: Deps, person: Admin, slug: str) -> Response:
    """Raises NotFound."""
    row = await read_list(deps.db, deps.secrets, slug)
    return await _form(
        request,
        deps,
        person,
        form_of(row.terms),
        name=row.name,
        kind=row.kind,
        instance=row.instance,
        slug=slug,
    )


@router.post("/edit")
async def change(
    request: Request, deps: Deps, person: Admin, slug: Annotated[str, Form(max_length=64)]
) -> Response:
    """Fields: slug, name, instance, and those of the terms. Raises NotFound."""
    form = await request.form()
    row = await read_list(deps.db, deps.secrets, slug)
    shown, terms = read_form(form)
    name, instance = str(form.get("name", "")), str(form.get("instance", "")) or None
    error = None
    if terms is not None:
        try:
            require_known(deps, instance, terms.providers)
            before = row.instance
            row = await change_list(
                deps.db,
                deps.secrets,
                slug,
                name=name,
                instance=instance,
                terms=terms.over(row.terms),
                clock=deps.clock,
            )
        except BrainarrError as refused:
            error = refused
        else:
            deps.wake()
            told = f"{row.name} is saved. It counts from its next run on."
            if row.instance != before:
                told = f"{row.name} is for the Lidarr {row.instance} now, and has a new key: set it up there."
            return back(request, f"/lists#l-{slug}", told=told)
    return await _form(
        request,
        deps,
        person,
        shown,
        name=name,
        kind=row.kind,
        instance=instance or row.instance,
        slug=slug,
        error=error,
        status=409 if error else 422,
    )


@router.get("/delete")
async def ask_to_delete(request: Request, deps: Deps, person: Admin, slug: str) -> Response:
    """Raises NotFound."""
    at_work = await read_lists_at_work(deps.db, deps.secrets, deps.importers, clock=deps.clock)
    wanted = next((one for one in at_work if one.row.slug == slug), None)
    if wanted is None or slug == DEFAULT_LIST:
        raise no_list(slug)
    heir = heir_among([one.row for one in at_work], wanted.row)
    return page(
        request,
        "pages/lists/delete.html",
        person=person,
        row=wanted.row,
        waiting=_waiting(wanted),
        connected=wanted.row.instance in deps.import_lists,
        heir=heir.name if heir else "",
    )


@router.post("/delete")
async def delete(
    request: Request,
    deps: Deps,
    person: Admin,
    slug: Annotated[str, Form(max_length=64)],
    leftovers: Annotated[Leftovers, Form()] = Leftovers.MOVE,
    from_lidarr: Annotated[bool, Form()] = False,
) -> Response:
    """`from_lidarr`: its import lists are removed there first; while Lidarr is away, nothing is deleted."""
    try:
        row = await read_list(deps.db, deps.secrets, slug)
        there = deps.import_lists.get(row.instance)
        if from_lidarr and there is not None and slug != DEFAULT_LIST:
            for _ in range(MOST_PARTS):
                if not await unlink_list(deps.db, there, row, public_address(request, deps), BOTH):
                    break
        deleted = await delete_list(deps.db, deps.secrets, slug, leftovers=leftovers, clock=deps.clock)
    except BrainarrError as error:
        return failed(request, "/lists", error)
    return back(request, "/lists", told=_told(deleted))


def _told(deleted: Deleted) -> str:
    said = f"{deleted.name} is deleted."
    if deleted.moved:
        return f"{said} {plural(deleted.moved, 'recommendation')} went to {deleted.moved_to}."
    if deleted.rejected:
        return f"{said} {plural(deleted.rejected, 'recommendation')} went with it."
    return said


def _waiting(at_work: ListAtWork) -> int:
    return sum(at_work.counts.get(status, 0) for status in _OPEN)


async def _form(
    request: Request,
    deps: WebDeps,
    person: Person,
    shown: TermsForm,
    *,
    name: str,
    kind: ListKind,
    instance: str = DEFAULT_INSTANCE,
    slug: str = "",
    error: BrainarrError | None = None,
    status: int = 200,
) -> Response:
    settings = await deps.configuration.read()
    # Its own first one may have gone from the settings: then it must be seen, and another one chosen.
    lidarrs = dict.fromkeys((*deps.instances, instance))
    return page(
        request,
        "pages/lists/form.html",
        person=person,
        status=status,
        slug=slug,
        name=name,
        kind=kind,
        kinds=KINDS,
        instance=instance,
        lidarrs=[(one, one) for one in lidarrs],
        shown=shown,
        usual=usual(settings, deps.chain),
        targets=choices(settings, "target"),
        discoveries=choices(settings, "discovery"),
        approvals=choices(settings, "approval"),
        chain=deps.chain,
        places=range(max(len(deps.chain), len(shown.providers))),
        decades=range(FIRST_DECADE, deps.clock().year + 1, 10),
        error=error,
    )
