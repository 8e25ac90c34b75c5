"""Which folder holds the configuration file, the database and the secret key."""

from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_config_path

from brainarr.errors import ConfigurationError, Fault

CONTAINER_FOLDER = Path("/config")


def config_folder(
    chosen: Path | None, environ: Mapping[str, str], *, container: Path = CONTAINER_FOLDER
) -> Path:
    """`chosen` (--config), else $BRAINARR_CONFIG, else /config if it exists, else the platform's own place.

    The folder need not exist yet. Raises ConfigurationError when the path is taken by something else.
    """
    named = environ.get("BRAINARR_CONFIG")
    if chosen is not None:
        folder, said_by = chosen, "--config"
    elif named:
        folder, said_by = Path(named), "BRAINARR_CONFIG"
    elif container.is_dir():
        folder, said_by = container, str(container)
    else:
        folder, said_by = user_config_path("brainarr", appauthor=False), "the platform"
    try:
        folder = folder.expanduser().absolute()
        taken = folder.exists() and not folder.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigurationError([Fault(said_by, repr(str(folder)), f"a folder ({error})")]) from error
    if taken:
        raise ConfigurationError([Fault(said_by, str(folder), "a folder, and this is a file")])
    return folder
