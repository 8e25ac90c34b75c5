"""brainarr taste"""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from brainarr.cli.start import begin, run_async
from brainarr.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from brainarr.service.learning import Taste


def taste(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Forget what was learnt and liked.")] = False,
    blocks: Annotated[bool, typer.Option("--blocks", help="With --reset: revoke the blocks too.")] = False,
) -> None:
    """Show what your decisions have taught, in words."""
    from rich.console import Console
    from rich.text import Text

    from brainarr.service.learning import forget, read_taste
    from brainarr.web.api.learning import LearningDocument
    from brainarr.wiring.build import open_house

    if blocks and not reset:
        raise ConfigurationError([Fault("--blocks", "given alone", "together with --reset")])
    folder = begin(context, quiet=True)

    async def work() -> "Taste":
        async with open_house(folder, os.environ) as house:
            if reset:
                await forget(house.db, clock=house.clock, blocks=blocks)
            return await read_taste(house.db, house.runs.configured, clock=house.clock)

    found = run_async(work())
    if json:
        typer.echo(LearningDocument.of(found).model_dump_json(indent=2))
        return
    out = Console(highlight=False)
    if reset:
        out.print("Forgotten. History stays as it is.")
    for sentence in found.words:
        out.print(Text(sentence), soft_wrap=True)
