"""Every page there is, for tests that look at all of them and for the pictures of them."""

from tests.browser.conftest import Town

FIXED = {
    "discover": "/discover",
    "discover-list": "/discover?view=list",
    "swipe": "/discover?view=swipe",
    "ask": "/ask",
    "runs": "/runs",
    "taste": "/taste",
    "care": "/care",
    "care-gaps": "/care/gaps",
    "care-releases": "/care/releases",
    "backtest": "/taste/backtest",
    "history": "/history",
    "lists": "/lists",
    "lidarrs": "/lidarrs",
    "lidarr-new": "/lidarrs/entry",
    "lidarr-change": "/lidarrs/entry?name=attic",
    "providers": "/providers",
    "costs": "/costs",
    "settings": "/settings",
    "system": "/system",
    "tasks": "/system/tasks",
    "log": "/system/log",
    "backup": "/system/backup",
    "about": "/system/about",
    "account": "/account",
    "people": "/people",
    "setup": "/setup/lidarr",
    "setup-model": "/setup/model",
    "setup-taste": "/setup/taste",
    "setup-run": "/setup/run",
    "lists-in-lidarr": "/lists/in-lidarr?slug=default",
    "list-new": "/lists/new",
    "list-change": "/lists/edit?slug=late-night",
    "list-delete": "/lists/delete?slug=late-night",
    "provider-new": "/providers/new",
    "provider-entry": "/providers/entry?kind=openai",
    "more": "/more",
}

OF_MORE = ("lidarr-change", "list-change", "list-delete")


def places(town: Town) -> dict[str, str]:
    """Name → address, those of one recommendation and one run among them."""
    with town.api() as api:
        there = {one["slug"] for one in api.get("/api/v1/lists").json()}
        (found,) = api.get("/api/v1/recommendations", params={"page_size": 1}).json()
        (ran,) = api.get("/api/v1/runs", params={"page_size": 1}).json()
    # Not every town has a second list, for a second Lidarr.
    fixed = {name: path for name, path in FIXED.items() if name not in OF_MORE or "late-night" in there}
    return {
        **fixed,
        "recommendation": f"/recommendations/{found['id']}",
        "run": f"/runs/{ran['id']}",
    }
