"""The command line. What is slow to load is imported inside functions: `--version` answers at once."""


def main() -> None:
    from brainarr.cli.app import app

    app()
