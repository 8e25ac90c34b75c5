"""The pages of the reference: built with the site and stored nowhere, so they cannot be out of date."""

from collections.abc import Callable, Mapping

from docs.site.commands import commands_page
from docs.site.messages import messages_page
from docs.site.metrics import metrics_page
from docs.site.prices import prices_page
from docs.site.routes import routes_page
from docs.site.settings import settings_page

PAGES: Mapping[str, Callable[[], str]] = {
    "reference/settings.md": settings_page,
    "reference/commands.md": commands_page,
    "reference/routes.md": routes_page,
    "reference/metrics.md": metrics_page,
    "reference/messages.md": messages_page,
    "reference/prices.md": prices_page,
}
