"""HEALTHCHECK of the image: whether Brainarr answers `GET /ping`. A worker's metrics.worker_port is given.

It runs every half minute, so it loads next to nothing (`python -I -S`), and knows the address from the
variables that the image sets, which go before config.yaml.
"""

import http.client
import os
import sys

PATIENCE_S = 5
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 compared, not listened on

host = os.environ.get("BRAINARR__SERVER__HOST") or "127.0.0.1"
port = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("BRAINARR__SERVER__PORT") or "8690"
connection = http.client.HTTPConnection(EVERYWHERE.get(host, host), int(port), timeout=PATIENCE_S)
try:
    connection.request("GET", "/ping")
    status = connection.getresponse().status
except OSError as error:
    sys.exit(f"port {port} of {host}: {error}")
if status != http.client.OK:
    sys.exit(f"port {port} of {host}: {status}")
