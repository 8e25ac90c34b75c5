"""The webhook by which one Lidarr tells us what happens there: made, compared, repaired, removed."""

import msgspec
import structlog

from brainarr.domain.addresses import host_and_path, leads_through
from brainarr.domain.import_lists import State, Unreached
from brainarr.domain.webhooks import WebhookFound, WebhookPlan, webhook_differences
from brainarr.pipeline.ports import Webhooks
from brainarr.service.lidarr_setup import stand

NAME = "Brainarr"

log = structlog.get_logger(__name__)


class WebhookStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How the webhook stands in a Lidarr."""

    state: State
    found: WebhookFound | None
    differences: tuple[str, ...] = ()
    """What is not as it should be, each in words."""


class WebhookPlaced(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    name: str
    made: bool
    """False: it was there, and was corrected."""
    unreached: Unreached | None
    """Lidarr's test call did not come through: so it stands there switched off. None: it is on."""


def webhook_address(address: str, instance: str) -> str:
    """Where that Lidarr tells us; `address` is how it reaches this server."""
    return f"{address}{_steps(instance)}"


async def read_webhook(lidarr: Webhooks, instance: str, address: str, key: str) -> WebhookStanding:
    """How it stands there. `key` opens our receiver. Raises ProviderError."""
    found = await _ours(lidarr, instance, address)
    if found is None:
        return WebhookStanding(state=State.MISSING, found=None)
    differences = webhook_differences(found, _plan(found.name, instance, address, key))
    state = State.DIFFERS if differences else State.SET_UP
    return WebhookStanding(state=state, found=found, differences=differences)


async def place_webhook(lidarr: Webhooks, instance: str, address: str, key: str) -> WebhookPlaced:
    """Makes or corrects it: asked twice, it is there once. Raises ProviderError.

    Lidarr's own test comes first. Where that does not reach us, it is left switched off: else Lidarr would
    complain of it in its health.
    """
    there = await _ours(lidarr, instance, address)
    plan = _plan(there.name if there else NAME, instance, address, key)
    number = there.number if there else None
    unreached = await stand(lidarr, plan, number, "webhook")
    log.info("a webhook stands in Lidarr", instance=instance, made=number is None, on=unreached is None)
    return WebhookPlaced(name=plan.name, made=number is None, unreached=unreached)


async def remove_webhook(lidarr: Webhooks, instance: str, address: str) -> bool:
    """Whether there was one. Raises ProviderError."""
    there = await _ours(lidarr, instance, address)
    if there is not None:
        await lidarr.remove(there.number)
        log.info("the webhook was removed from Lidarr", instance=instance)
    return there is not None


async def _ours(lidarr: Webhooks, instance: str, address: str) -> WebhookFound | None:
    """The one that tells us, rather by this address than by another one that leads here."""
    place = host_and_path(webhook_address(address, instance))
    mine = [one for one in await lidarr.read() if leads_through(one.address, _steps(instance))]
    return min(mine, key=lambda one: (host_and_path(one.address) != place, one.number), default=None)


def _steps(instance: str) -> str:
    return f"/webhooks/lidarr/{instance}"


def _plan(name: str, instance: str, address: str, key: str) -> WebhookPlan:
    return WebhookPlan(name=name, address=webhook_address(address, instance), key=key, enabled=True)
