"""Pauses between attempts take no time here, unless a test asks for them."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stamina
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_httpserver import HTTPServer

from brainarr.http import Http

OpenHttp = Callable[..., Http]


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
async def open_http() -> AsyncIterator[OpenHttp]:
    """Opens clients and closes them after the test."""
    opened: list[Http] = []

    def open_one(base_url: str, **options: Any) -> Http:
        opened.append(Http("radio", base_url, **options))
        return opened[-1]

    yield open_one
    for http in opened:
        await http.aclose()


@pytest.fixture
def https_address(tmp_path: Path, now: datetime) -> Iterator[str]:
    """A server whose certificate nobody has signed; it answers [] to everything."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with HTTPServer(ssl_context=context) as server:
        server.expect_request("/stations").respond_with_json([])
        yield server.url_for("/")
