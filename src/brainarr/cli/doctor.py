"""brainarr doctor"""

import os
from typing import Annotated

import typer

from brainarr.cli.start import begin, run_async

SIGNS = {"ok": ("ok  ", "green"), "note": ("note", "yellow"), "failed": ("FAIL", "bold red")}


def doctor(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check everything Brainarr depends on: one line each, with what to do about it."""
    import msgspec
    from rich.console import Console
    from rich.text import Text

    from brainarr.log import without_secrets
    from brainarr.service.doctor import Finding, examine, needs_user
    from brainarr.wiring.checkup import open_checkup

    folder = begin(context, quiet=True)

    async def work() -> tuple[Finding, ...]:
        async with open_checkup(folder, os.environ) as checks:
            return await examine(checks)

    findings = run_async(work())
    if json:
        typer.echo(msgspec.json.format(msgspec.json.encode({"findings": findings}), indent=2).decode())
    else:
        out = Console(highlight=False, soft_wrap=True)
        for finding in findings:
            sign, style = SIGNS[finding.health]
            line = f"  {finding.name}: {finding.detail}"
            remedy = f"  {finding.remedy}" if finding.remedy else ""
            out.print(Text.assemble((sign, style), without_secrets(line), (without_secrets(remedy), "dim")))
        out.print("Something needs you." if needs_user(findings) else "All is well.")
    raise typer.Exit(1 if needs_user(findings) else 0)
