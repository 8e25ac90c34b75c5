"""A real browser in front of a real `brainarr serve`, beside the sandbox's Lidarr and catalogue."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from brainarr.sandbox.starter import demo_library, starter_world
from tests.cli.conftest import World, standing
from tests.processes.town import KEY, Member, environment, serving, sign_in

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
DESKTOP = (1280, 900)
PHONE = (390, 844)
SQLITE = "sqlite:///brainarr.db"
LISTS: list[dict[str, object]] = [
    {"name": "Gaps", "kind": "gaps", "terms": {"approval": "auto"}},
    {
        "name": "Late night",
        "instance": "attic",
        "terms": {
            "max_recommendations": 8,
            "styles_include": ["ambient", "trip hop"],
            "decades_include": [1990],
            "schedule": "30 4 * * SUN",
        },
    },
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.loopback)


@dataclass
class Town:
    """A Brainarr that serves and works, and what is outside."""

    member: Member
    outside: World
    base: str = ""
    """The URL base."""

    @property
    def address(self) -> str:
        return self.member.address

    def api(self) -> httpx2.Client:
        """Somebody with the instance's own key."""
        return httpx2.Client(base_url=self.address, headers={"X-Api-Key": KEY}, trust_env=False, timeout=60)

    def sign_in(self) -> list[Any]:
        """The administrator's cookies, as Playwright takes them."""
        return [
            {"name": cookie.name, "value": cookie.value or "", "url": f"{self.address}{self.base}/"}
            for cookie in sign_in(self.member, self.base).jar
        ]

    @cached_property
    def cookies(self) -> list[Any]:
        return self.sign_in()

    def run(self, **wanted: object) -> int:
        """A whole run, waited for; its number."""
        with self.api() as api:
            number = api.post("/api/v1/runs", json=wanted).json()["id"]
            with api.stream("GET", f"/api/v1/runs/{number}/events") as events:
                for _ in events.iter_lines():
                    pass
            assert api.get(f"/api/v1/runs/{number}").json()["status"] == "done"
        return number


@contextmanager
def town_in(folder: Path, **settings: str) -> Iterator[Town]:
    """A fresh Brainarr with a Lidarr that holds the demo's library; `settings` as `SERVER__URL_BASE="/x"`."""
    world = starter_world()
    with ExitStack() as stack:
        outside = stack.enter_context(standing(world, demo_library(world)))
        known = {name.removeprefix("BRAINARR__"): value for name, value in outside.environ.items()}
        usual = {
            "RECOMMEND__SCHEDULE": "off",
            "RECOMMEND__MAX_RECOMMENDATIONS": "20",
            "HEALTH__PROBE_INTERVAL": "0",
        }
        environ = environment(folder, SQLITE, None, **{**known, **usual, **settings})
        base = settings.get("SERVER__URL_BASE", "")
        yield Town(stack.enter_context(serving(environ)), outside, base)


@contextmanager
def attic_beside(town: Town) -> Iterator[None]:
    """A second Lidarr, which is connected; a list for it, and one of each kind for the first."""
    world = starter_world()
    with standing(world, demo_library(world)[:8]) as beside, town.api() as api:
        known = {name.removeprefix("BRAINARR__LIDARR__"): value for name, value in beside.environ.items()}
        attic = {"name": "attic", "url": known["URL"], "api_key": known["API_KEY"]}
        api.patch("/api/v1/settings", json={"values": {"lidarrs": [attic]}}).raise_for_status()
        for wanted in LISTS:
            api.post("/api/v1/lists", json=wanted).raise_for_status()
        yield


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One for all tests that spoil nothing: one run is done, twenty recommendations wait."""
    with town_in(tmp_path_factory.mktemp("town")) as town, attic_beside(town):
        town.run()
        yield town


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of each module: while Playwright runs, its event loop is in the way of other tests of this process."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip("needs chromium (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        # As root, in a container, Chromium's own sandbox cannot start.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def looking_at(
    browser: Browser,
    town: Town,
    *,
    size: tuple[int, int] = DESKTOP,
    script: bool = True,
    dark: bool = False,
    touch: bool = False,
    signed_in: bool = True,
) -> Iterator[Page]:
    """A page of its own, signed in as the administrator. What the page complains about fails the test."""
    context = browser.new_context(
        base_url=town.address,
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=script,
        color_scheme="dark" if dark else "light",
        has_touch=touch,
        service_workers="block",
    )
    if signed_in:
        context.add_cookies(town.cookies)
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    try:
        yield page
        assert not complaints, complaints
    finally:
        context.close()


@pytest.fixture
def visit(browser: Browser, town: Town) -> Iterator[Page]:
    with looking_at(browser, town) as page:
        yield page


@pytest.fixture
def on_phone(browser: Browser, town: Town) -> Iterator[Page]:
    with looking_at(browser, town, size=PHONE, touch=True) as page:
        yield page


@pytest.fixture
def without_script(browser: Browser, town: Town) -> Iterator[Page]:
    with looking_at(browser, town, script=False) as page:
        yield page
