"""The one page for a browser: says that Brainarr runs and where its doors are. No script, no secret."""

import base64
import hashlib

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from brainarr import __version__

router = APIRouter(include_in_schema=False)

_STYLE = """
:root { color-scheme: light dark; font: 100%/1.6 system-ui, sans-serif; }
body { max-width: 38rem; margin: 10vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
code { font-size: .95em; overflow-wrap: anywhere; }
dt { font-weight: 600; margin-top: .75rem; } dd { margin: 0; }
footer { margin-top: 2.5rem; opacity: .75; font-size: .9rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# The page may use its own style and nothing else at all.
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Brainarr</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Brainarr {__version__} is running</h1>
<p>It finds music for your Lidarr. This version has no web interface yet: it is used through its
command line, its API, and the import lists it serves.</p>
<dl>
<dt>Is it alive?</dt>
<dd><a href="ping"><code>ping</code></a>, open to everyone</dd>
<dt>The API</dt>
<dd><code>api/v1/…</code> with your API key in the header <code>X-Api-Key</code>;
described by <a href="api/v1/openapi.json"><code>api/v1/openapi.json</code></a></dd>
<dt>What needs attention</dt>
<dd><code>api/v1/health</code>, or <code>brainarr doctor</code> on the command line</dd>
<dt>For Lidarr</dt>
<dd><code>api/v1/lists</code> shows the addresses and keys for its import lists</dd>
</dl>
</main>
<footer>Nothing on this page is specific to you, so it asks for no key.</footer>
</body>
</html>
"""


@router.get("/", response_class=HTMLResponse)
@router.head("/", response_class=HTMLResponse)
def page() -> HTMLResponse:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})
