"""The commands, and how every failure becomes a message and an exit code.

0 done, 1 failed, 2 unusable arguments or configuration, 130 stopped by Ctrl-C.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from brainarr import __version__
from brainarr.cli import (
    backtest,
    db,
    demo,
    doctor,
    evaluate,
    history,
    keys,
    league,
    lidarr,
    run,
    secrets,
    serve,
    similarity,
    taste,
    user,
    worker,
)
from brainarr.errors import BrainarrError, ConfigurationError

FAILED = 1
UNUSABLE = 2


class Commands(TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _folder_first(args))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            # Faults hide their secrets themselves.
            _complain("\n  ".join(("this cannot be used:", *map(str, error.faults))))
            raise typer.Exit(UNUSABLE) from None
        except BrainarrError as error:
            from brainarr.log import without_secrets

            _complain(without_secrets(str(error)))
            raise typer.Exit(FAILED) from None


app = typer.Typer(
    name="brainarr",
    cls=Commands,
    help="Self-hosted music discovery for Lidarr: retrieve, fuse, verify, explain.",
    no_args_is_help=True,
    add_completion=False,
    # A pretty traceback shows local variables, and keys among them.
    pretty_exceptions_enable=False,
)
app.command()(serve.serve)
app.command()(worker.worker)
app.command("web-process", hidden=True)(serve.web_process)
app.command()(run.run)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command()(evaluate.evaluate)
app.command()(league.league)
app.command()(history.history)
app.command()(taste.taste)
app.command()(backtest.backtest)
app.add_typer(keys.app, name="api-key")
app.add_typer(lidarr.app, name="lidarr")
app.add_typer(user.app, name="user")
app.add_typer(secrets.app, name="secrets")
app.add_typer(db.app, name="db")
app.add_typer(similarity.app, name="similarity")


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"brainarr {__version__}")
        raise typer.Exit


@app.callback()
def brainarr(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The configuration folder, else $BRAINARR_CONFIG, else /config."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Say the version.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    """Reads the options that stand before the command."""
    context.obj = config


def _folder_first(args: list[str]) -> list[str]:
    """`--config` means the same after the command as before it."""
    for place, arg in enumerate(args):
        if arg == "--":
            break
        if arg == "--config" or arg.startswith("--config="):
            end = place + (2 if arg == "--config" else 1)
            return [*args[place:end], *args[:place], *args[end:]]
    return args


def _complain(message: str) -> None:
    typer.echo(f"brainarr: {message}", err=True)
