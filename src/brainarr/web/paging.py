"""Long lists come in pages: an array as body, the rest in `X-Total-Count` and `Link` (RFC 8288)."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from brainarr.errors import looks_secret
from brainarr.store.page import LARGEST_PAGE, Page, PageOf

_LAST_PAGE = 1_000_000


def _asked_page(
    page: Annotated[int, Query(ge=1, le=_LAST_PAGE)] = 1,
    page_size: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> PageOf:
    return PageOf(page, page_size)


AskedPage = Annotated[PageOf, Depends(_asked_page)]


def announce(request: Request, response: Response, page: Page[Any]) -> None:
    """Says how many rows there are, and where the neighbouring pages lie. Repeats no key of the query."""
    response.headers["X-Total-Count"] = str(page.total)
    last = max(1, -(-page.total // page.page_size))
    links = [
        f'<?{_query(request, number, page.page_size)}>; rel="{relation}"'
        for relation, number in (("prev", page.page - 1), ("next", page.page + 1))
        if 1 <= number <= last
    ]
    if links:
        response.headers["Link"] = ", ".join(links)


def _query(request: Request, page: int, page_size: int) -> str:
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in ("page", "page_size") and not looks_secret(name)
    ]
    return urlencode([*kept, ("page", page), ("page_size", page_size)])
