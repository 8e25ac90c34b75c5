"""What every page stands in: the theme, the list of further pages, and what makes it an app on a phone."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from brainarr.web.people import SignedIn
from brainarr.web.render import THEME_COOKIE, address, back, cookie_path, local_path, page
from brainarr.web.statics import FOLDER, static_version

router = APIRouter()
_A_YEAR_S = 365 * 24 * 3600


@router.get("/more")
async def more(request: Request, person: SignedIn) -> HTMLResponse:
    return page(request, "pages/more.html", person=person)


@router.post("/theme")
async def choose_theme(
    request: Request,
    person: SignedIn,
    theme: Annotated[Literal["auto", "light", "dark"], Form()],
    next: Annotated[str, Form()] = "",
) -> Response:
    """Of this browser, not of the person: a phone at night and a desk by day."""
    answer = back(request, local_path(next, "/account"), told=f"Theme: {theme}.")
    answer.set_cookie(
        THEME_COOKIE,
        theme,
        max_age=_A_YEAR_S,
        path=cookie_path(request),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.get("/offline")
async def offline(request: Request) -> HTMLResponse:
    """What the service worker shows when nobody answers. It says nothing of anybody: open to all."""
    answer = page(request, "pages/offline.html", person=None)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@router.get("/manifest.webmanifest")
async def manifest(request: Request) -> Response:
    """https://www.w3.org/TR/appmanifest/"""
    files = address(request, f"/static/{static_version()}")
    icons = [
        {"src": f"{files}/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        {"src": f"{files}/icon-192.png", "sizes": "192x192", "type": "image/png", "purpose": "any"},
        {"src": f"{files}/icon-512.png", "sizes": "512x512", "type": "image/png", "purpose": "any"},
        {"src": f"{files}/icon-mask.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    described = {
        "id": address(request, "/"),
        "name": "Brainarr",
        "short_name": "Brainarr",
        "description": "Finds your next favourite music for Lidarr.",
        "start_url": address(request, "/"),
        "scope": address(request, "/"),
        "display": "standalone",
        "background_color": "#15181d",
        "theme_color": "#15181d",
        "categories": ["music"],
        "icons": icons,
        "shortcuts": [
            {"name": name, "url": address(request, path)}
            for name, path in (("Discover", "/discover"), ("Ask", "/ask"), ("Runs", "/runs"))
        ],
    }
    return Response(
        msgspec.json.encode(described),
        media_type="application/manifest+json",
        headers={"Cache-Control": "no-cache"},
    )


@router.get("/sw.js")
async def service_worker(request: Request) -> Response:
    """At the top, because a service worker minds only what lies below its own address."""
    text = (FOLDER / "worker.js").read_text()
    known = {"base": address(request, ""), "version": static_version()}
    return Response(
        f"const BRAINARR = {msgspec.json.encode(known).decode()};\n{text}",
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache"},
    )
