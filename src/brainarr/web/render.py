"""Pages out of templates: one template answers the whole page, or the one block of it that a script asks for.

A script names the block in the header `X-Block`; everything else about the answer is the same, so that what
works without script works with it. The flash (what the last action came to) goes along with any of them.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2_fragments import BlockNotFoundError, render_block
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from brainarr import __version__
from brainarr.domain.people import Person
from brainarr.errors import BrainarrError
from brainarr.web.cookies import drop_cookie, keep_promises, set_cookie
from brainarr.web.csrf import csrf_token
from brainarr.web.deps import deps_of
from brainarr.web.figures import compact, dollars, percent, plural
from brainarr.web.icons import SPRITE, icon
from brainarr.web.statics import static_version

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from anywhere else, and nothing inline: not a script, not even a style attribute."""

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "brainarr_theme"
_FLASH_COOKIE = "brainarr_flash"
_FLASH_LIFE = timedelta(minutes=1)
_FRAME, _FLASH_BLOCK = "base.html", "flash"
_LONGEST_FLASH = 600
_FOR_MACHINES = re.compile(r"/(api/|metrics$|ping$|webhooks/|lists/[^/]+/(artists$|api/))")
_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")


class Undo(msgspec.Struct, frozen=True):
    """A form that takes an action back."""

    path: str
    """Of ours, without the URL base."""
    label: str = "Undo"
    fields: Mapping[str, str] = {}


class Flash(msgspec.Struct, frozen=True):
    """What the last action came to, shown once."""

    text: str
    bad: bool = False
    undo: Undo | None = None


def page(
    request: Request, template: str, *, person: Person | None, status: int = 200, **context: Any
) -> HTMLResponse:
    """The page of `template`, or the block of it that the request names."""
    flash = _flash_of(request)
    everything = {**context, **_surroundings(request, person), "flash": flash}
    block = request.headers.get("x-block")
    environment = _environment()
    if block:
        try:
            body = render_block(environment, template, block, **everything)
            body += render_block(environment, _FRAME, _FLASH_BLOCK, **everything)
        except BlockNotFoundError:
            body = environment.get_template(template).render(**everything)
    else:
        body = environment.get_template(template).render(**everything)
    headers = {
        "Content-Security-Policy": POLICY,
        "Vary": "X-Block, Cookie",
        # Under "no-referrer" a form is sent with `Origin: null`, which is refused like a foreign page:
        # https://fetch.spec.whatwg.org/#append-a-request-origin-header
        "Referrer-Policy": "same-origin",
    }
    answer = HTMLResponse(body, status, headers=headers)
    if flash is not None:
        drop_cookie(request, answer, _FLASH_COOKIE)
    keep_promises(request, answer)
    return answer


def document(template: str, **context: Any) -> str:
    """A whole document out of `template` alone, such as a file: nothing of a request is in it."""
    return _environment().get_template(template).render(**context)


def back(
    request: Request, path: str, *, told: str = "", bad: bool = False, undo: Undo | None = None
) -> Response:
    """On to a page of ours (303), which shows `told` once."""
    answer = RedirectResponse(address(request, path), status_code=303)
    if told:
        flash = Flash(told[:_LONGEST_FLASH], bad, undo)
        text = deps_of(request).secrets.encrypt(msgspec.json.encode(flash).decode())
        set_cookie(request, answer, _FLASH_COOKIE, text, _FLASH_LIFE)
    return answer


def failed(request: Request, path: str, error: BrainarrError) -> Response:
    """On to a page of ours, which says what could not be done and what to do about it."""
    return back(request, path, told=f"{error.message} {error.remedy}".strip(), bad=True)


def local_path(text: str | None, otherwise: str) -> str:
    """`text` where it is a path of ours (a form's field `next`), with its query; else `otherwise`."""
    if text and len(text) <= 2_000 and _PATH.fullmatch(text):
        parts = urlsplit(text)
        if not parts.scheme and not parts.netloc:
            return text
    return otherwise


def address(request: Request, path: str) -> str:
    """`path` below the URL base."""
    return f"{deps_of(request).url_base}{path}"


def person_of(request: Request) -> Person | None:
    """Who asks, where that is known by now."""
    return getattr(request.state, "person", None)


def wants_page(request: Request) -> bool:
    """Whether a browser asks, for something that people look at."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return "text/html" in request.headers.get("accept", "") and not _FOR_MACHINES.match(path)


def theme_of(request: Request) -> str:
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return theme if theme in THEMES else "auto"


def _flash_of(request: Request) -> Flash | None:
    text = request.cookies.get(_FLASH_COOKIE)
    if not text:
        return None
    try:
        return msgspec.json.decode(deps_of(request).secrets.decrypt(text), type=Flash)
    except (BrainarrError, msgspec.MsgspecError):
        # Of another installation, or somebody's invention.
        return None


def _surroundings(request: Request, person: Person | None) -> dict[str, Any]:
    """What every template may use."""
    deps = deps_of(request)
    path = request.scope["path"].removeprefix(request.scope.get("root_path", "")) or "/"
    query = request.url.query
    base = deps.url_base

    def url(path: str) -> str:
        return f"{base}{path}"

    def static(name: str) -> str:
        return f"{base}/static/{static_version()}/{quote(name)}"

    def csrf() -> Markup:
        return Markup('<input type="hidden" name="csrf" value="{}">').format(csrf_token(request))

    def when(moment: datetime | None) -> Markup:
        """`moment` in the house's zone; the script says beside it how long ago that is."""
        if moment is None:
            return Markup("")
        local = moment.astimezone(deps.zone)
        return Markup('<time datetime="{}">{}</time>').format(
            moment.astimezone(UTC).isoformat(timespec="seconds"), f"{local:%d %b %Y, %H:%M}"
        )

    return {
        "person": person,
        "path": path,
        "here": f"{path}?{query}" if query else path,
        "url": url,
        "static": static,
        "csrf": csrf,
        "csrf_for_scripts": csrf_token(request) if person else "",
        "when": when,
        "theme": theme_of(request),
        "version": __version__,
    }


@lru_cache(1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("brainarr.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(dollars=dollars, percent=percent, compact=compact, plural=plural)
    environment.globals.update(icon=icon, sprite=SPRITE)
    # At hand everywhere: what a template imports at its top is unknown in a block that is rendered alone.
    environment.globals.update(ui=environment.get_template("parts/ui.html").module)
    return environment
