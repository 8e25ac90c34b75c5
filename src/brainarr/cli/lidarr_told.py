"""What the commands about Lidarr print."""

from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from brainarr.domain.import_lists import State, Unreached
from brainarr.service.lidarr_links import Link, Linked
from brainarr.service.lidarr_setup import Placed
from brainarr.service.lidarr_webhook import WebhookPlaced

GOOD, NOTE, BAD = ("ok  ", "green"), ("note", "yellow"), ("FAIL", "bold red")
_SIGNS = {State.SET_UP: GOOD, State.MISSING: NOTE, State.DIFFERS: BAD}
TRIED_AGAIN = "While `brainarr serve` runs, this is tried again every ten minutes and switched on by itself."


def print_linked(linked: Linked, *, as_json: bool) -> None:
    """What was made or corrected, and what is still in the way."""
    hook = linked.webhook
    if as_json:
        _print_json(
            {
                "lists": [{"channel": one.channel, **_placed(one)} for one in linked.lists],
                "webhook": _placed(hook) if hook else None,
            }
        )
        return
    out = _console()
    for one in (*linked.lists, *((hook,) if hook else ())):
        done = "made" if one.made else "up to date"
        what = "webhook " if isinstance(one, WebhookPlaced) else ""
        _line(out, NOTE if one.unreached else GOOD, f"{what}{one.name}: {done}, {_on(one.unreached)}")
        if one.unreached:
            out.print(Text(f"      {one.unreached.said}. {one.unreached.remedy}"))
    if linked.left_off:
        out.print(TRIED_AGAIN)
    elif not linked.lists and not hook:
        out.print("Nothing that is there differs. What is not there, `brainarr lidarr connect` makes.")


def print_link(link: Link, *, as_json: bool) -> None:
    """How everything stands."""
    if as_json:
        _print_json(_link(link))
        return
    out = _console()
    _line(out, NOTE if link.warning else GOOD, link.warning or f"Lidarr {link.version}")
    for row, standings in link.lists:
        for one in standings:
            _line(out, _SIGNS[one.state], f"{row.name}, {one.channel}: {_stands(one.state, one.differences)}")
    hook = link.webhook
    _line(out, _SIGNS[hook.state], f"webhook: {_stands(hook.state, hook.differences)}")
    for left in link.left_off:
        where = f"{left.channel} of {left.slug}" if left.slug else left.channel
        _line(
            out, NOTE, f"{where} waits since Lidarr cannot reach {left.address}: {left.said}. {left.remedy}"
        )
    if link.is_right:
        out.print("All that is there is as it should be.")
    else:
        out.print(
            "`brainarr lidarr connect` makes what is missing, `brainarr lidarr repair` corrects the rest."
        )


def _link(link: Link) -> dict[str, Any]:
    hook = link.webhook
    return {
        "instance": link.instance,
        "version": link.version,
        "warning": link.warning,
        "lists": [
            {"list": row.slug, "channel": one.channel, "state": one.state, "differences": one.differences}
            for row, standings in link.lists
            for one in standings
        ],
        "webhook": {"state": hook.state, "differences": hook.differences},
        "left_off": link.left_off,
    }


def _placed(one: Placed | WebhookPlaced) -> dict[str, Any]:
    missed = one.unreached
    return {
        "name": one.name,
        "made": one.made,
        "enabled": missed is None,
        "said": missed.said if missed else "",
        "remedy": missed.remedy if missed else "",
    }


def _stands(state: State, differences: tuple[str, ...]) -> str:
    return f"{state}: {'; '.join(differences)}" if differences else state


def _on(unreached: Unreached | None) -> str:
    return "switched off: Lidarr cannot reach it" if unreached else "on"


def _line(out: Console, sign: tuple[str, str], said: str) -> None:
    out.print(Text.assemble(sign, f"  {said}"))


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def _print_json(document: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
