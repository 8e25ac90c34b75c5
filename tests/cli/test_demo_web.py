"""`brainarr demo --serve`: the web app in the sandbox."""

import os
import subprocess
import sys
import time
from contextlib import suppress

import httpx2
import pytest

from tests.servers import free_port

PATIENCE_S = 90


@pytest.mark.loopback
@pytest.mark.thorough
def test_the_web_app_is_served_in_the_sandbox_until_it_is_stopped():
    port = free_port()
    command = [sys.executable, "-m", "brainarr", "demo", "--serve", "--port", str(port)]
    # As the container image sets it.
    environ = {
        "BRAINARR__SERVER__HOST": "0.0.0.0",
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as demo:
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as browser:
                until = time.monotonic() + PATIENCE_S
                while time.monotonic() < until and demo.poll() is None:
                    with suppress(httpx2.TransportError):
                        if browser.get("/ping").status_code == 200:
                            break
                    time.sleep(0.1)
                answer = browser.get("/", headers={"Accept": "text/html"})
                assert answer.headers["location"].startswith("/setup/admin")
        finally:
            demo.terminate()
        told, complaints = demo.communicate(timeout=PATIENCE_S)
    assert f"http://localhost:{port}/" in told
    assert complaints == ""
    assert demo.returncode in (0, 130, 143, -15)
