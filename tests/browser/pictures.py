"""Pictures of every page for the docs: `python -m tests.browser.pictures docs/screenshots`.

Of a Brainarr that has been at work: two runs, a model that costs, decisions, an import. Desktop in the light
theme, phone in the dark one.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, DESKTOP, PHONE, Town, attic_beside, looking_at, town_in
from tests.browser.places import places
from tests.processes.paid_model import paid_model

NAMED = [("Slint", "Spiderland"), ("Codeine", "Frigid Stars LP"), ("Talk Talk", "Laughing Stock")]
SETTLED_MS = 1_500
"""Until pictures have come and times say how long ago they were."""
QUALITY = 82


def live(town: Town) -> None:
    """What a household does in an evening."""
    first = town.run()
    with town.api() as api:
        found = [row["id"] for row in api.get(f"/api/v1/runs/{first}").json()["recommendations"]]
        for decision, chosen in (("approve", found[1:4]), ("reject", found[4:6]), ("block", found[6:7])):
            api.post("/api/v1/recommendations/bulk", json={"ids": chosen, "decision": decision})
        api.post(f"/api/v1/recommendations/{found[0]}/more")
        api.post(f"/api/v1/recommendations/{found[1]}/push")
        for slug in ("default", "gaps"):
            api.post(f"/api/v1/lists/{slug}/lidarr", json={"channels": ["albums"]}).raise_for_status()
    town.run(list="gaps")
    town.run(wish="something slow and dreamy")


def take(page: Page, path: str, file: Path) -> None:
    page.goto(path)
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=str(file), type="jpeg", quality=QUALITY)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, CHROMIUM)))
    with (
        tempfile.TemporaryDirectory() as place,
        paid_model(NAMED) as model,
        town_in(Path(place), **model.environment(), COSTS__MONTHLY_BUDGET="5") as town,
        attic_beside(town),
        sync_playwright() as playwright,
    ):
        live(town)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, path in places(town).items():
            with looking_at(browser, town, size=DESKTOP) as page:
                take(page, path, folder / f"{name}-desktop.jpg")
            with looking_at(browser, town, size=PHONE, dark=True, touch=True) as page:
                take(page, path, folder / f"{name}-phone.jpg")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
