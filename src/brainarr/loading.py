"""What an idle server does without: modules that are imported only when needed, and off the event loop."""

import asyncio
import gc
from importlib import import_module

_loaded: set[str] = set()


async def load(module: str) -> None:
    """An import statement for `module` after this costs nothing. The first time takes up to a second (the
    pipeline with numpy 0.3 s and 15 MB, docket 0.4 s and 15 MB), in which the event loop goes on.
    """
    if module in _loaded:
        return
    # Not asked of sys.modules: there it stands already while another thread has only begun to import it.
    await asyncio.to_thread(import_module, module)
    _loaded.add(module)
    # What is imported by now stays for good. Left to the collector, every full pass over it would stop the
    # event loop for tens of milliseconds, several times while a large library is read.
    gc.freeze()
