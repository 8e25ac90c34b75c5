"""Where addresses that others name lead to, however they are written and whatever their names resolve to."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from brainarr.errors import ProviderRejected, ProviderUnavailable, Redirected
from brainarr.http import Http
from brainarr.http.guard import Reach, as_address, embedded, is_allowed, is_public
from tests.wire import raw_server

INSIDE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.192", "192.168.1.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
    "2001::1", "2002:7f00:1::", "64:ff9b:1::a00:1", "100::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.215.14", "172.15.255.255", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"]
v4 = st.integers(0, 2**32 - 1).map(IPv4Address)


class Names:
    """A resolver that knows what a test told it, and how often it was asked."""

    def __init__(self, **known: Sequence[str]) -> None:
        self.known = {name.replace("_", "."): list(found) for name, found in known.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self.known[host]


async def refusal(url: str, names: Names | None = None) -> str:
    http = Http("art", url, public_only=True, resolve=names or Names(), attempts=1, timeout=5)
    try:
        with pytest.raises(ProviderRejected) as caught:
            await http.get_json("cover")
        return str(caught.value)
    finally:
        await http.aclose()


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_on_the_internet_is_not_public(address: str):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_on_the_internet_is_public(address: str):
    assert is_public(ip_address(address))
    assert is_allowed(ip_address(address), Reach.CONFIGURED)


@given(v4)
def test_no_ipv6_form_makes_an_ipv4_address_public_that_is_not(address: IPv4Address):
    number = int(address)
    nat64 = IPv6Address((0x64FF9B << 96) | number)
    sixtofour = IPv6Address((0x2002 << 112) | (number << 80))
    mapped, compatible = IPv6Address((0xFFFF << 32) | number), IPv6Address(number)
    # IPv6-only networks reach the IPv4 internet through NAT64; the other forms lead nowhere public.
    assert is_public(nat64) == is_public(address)
    assert not any(map(is_public, (mapped, compatible, sixtofour)))
    for form in (nat64, sixtofour, mapped):
        assert embedded(form) == address
        assert is_allowed(form, Reach.CONFIGURED) == is_allowed(address, Reach.CONFIGURED)


@given(v4)
def test_every_spelling_of_an_address_is_that_address(address: IPv4Address):
    number, parts = int(address), str(address).split(".")
    spellings = [
        str(address),
        str(number),
        hex(number),
        f"0{number:o}",
        ".".join(hex(int(part)) for part in parts),
        ".".join(f"0{int(part):o}" for part in parts),
        f"{parts[0]}.{number & 0xFFFFFF}",
        f"{parts[0]}.{parts[1]}.{number & 0xFFFF}",
        f"[::ffff:{address}]",
    ]
    for spelling in spellings:
        found = as_address(spelling)
        assert found is not None and embedded(found) == address, spelling


@given(
    st.ip_addresses(v=4), st.sampled_from(["10.0.0.0/8", "127.0.0.0/8", "192.168.0.0/16", "169.254.0.0/16"])
)
def test_our_table_knows_at_least_what_pythons_knows(address: IPv4Address, network: str):
    inside = ip_network(network)
    assert isinstance(inside, IPv4Network)
    assert not is_public(inside[int(address) % inside.num_addresses])
    if is_public(address):
        assert address.is_global and not address.is_multicast


@pytest.mark.parametrize("name", ["localhost", "example.org", "brainarr", "a.b.c.d", "1.2.3.4.5", "0x", ""])
def test_a_name_is_no_address(name: str):
    assert as_address(name) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/",
        "http://127.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://10.0.0.1:6379/",
        "http://[64:ff9b::7f00:1]/", "http://0/",
    ],
)  # fmt: skip
async def test_an_address_inside_is_refused_in_every_spelling(url: str):
    # No test may open a socket here: it is refused before there is one.
    assert "is not spoken to" in await refusal(url)


async def test_a_name_that_leads_inside_is_refused_also_when_only_one_of_its_addresses_does():
    names = Names(inside_example=["192.168.1.10"], both_example=["93.184.215.14", "127.0.0.1"])
    assert "leads to 192.168.1.10" in await refusal("http://inside.example/", names)
    assert "leads to 127.0.0.1" in await refusal("http://both.example/", names)
    assert names.asked == ["inside.example", "both.example"]


@pytest.fixture
def all_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's loopback stands in for the internet; everything else is judged as ever."""
    monkeypatch.setattr(
        "brainarr.http.guard.is_public", lambda address: str(address) == "127.0.0.1" or is_public(address)
    )


@pytest.mark.loopback
@pytest.mark.usefixtures("all_public")
async def test_a_name_is_resolved_once_and_the_judged_address_is_connected_to(httpserver: HTTPServer):
    """DNS rebinding: were the name asked for again, it would lead elsewhere now."""
    names = Names(cover_example=["127.0.0.1"])
    seen: list[str] = []

    def note(request: Request) -> Response:
        seen.append(request.headers["Host"])
        names.known["cover.example"] = ["192.168.1.1"]
        return Response("{}", content_type="application/json")

    httpserver.expect_request("/cover").respond_with_handler(note)
    http = Http("art", f"http://cover.example:{httpserver.port}", public_only=True, resolve=names)
    assert await http.get_json("cover") == {}
    assert seen == [f"cover.example:{httpserver.port}"]
    assert names.asked == ["cover.example"]
    await http.aclose()


@pytest.mark.loopback
@pytest.mark.usefixtures("all_public")
async def test_an_address_that_does_not_answer_is_followed_by_the_next(httpserver: HTTPServer):
    httpserver.expect_request("/cover").respond_with_json([])
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        names = Names(cover_example=["127.0.0.1", "127.0.0.1"])
        http = Http("art", f"http://cover.example:{closed.getsockname()[1]}", public_only=True, resolve=names)
        with pytest.raises(ProviderUnavailable, match="no connection"):
            await http.get_json("cover")
        await http.aclose()
    unknown = Http("art", "http://nobody.example", public_only=True, resolve=Names(), attempts=1)
    with pytest.raises(ProviderUnavailable):
        await unknown.get_json("cover")
    await unknown.aclose()


@pytest.mark.loopback
@pytest.mark.usefixtures("all_public")
@pytest.mark.parametrize(
    "target", ["http://192.168.1.1/x", "http://[::1]/x", "http://169.254.169.254/x", "http://3232235777/x"]
)
async def test_a_redirect_that_leads_inside_is_refused(httpserver: HTTPServer, target: str):
    httpserver.expect_request("/cover").respond_with_data("", status=302, headers={"Location": target})
    assert "is not spoken to" in await refusal(f"http://127.0.0.1:{httpserver.port}")


@pytest.mark.loopback
@pytest.mark.usefixtures("all_public")
async def test_a_redirect_to_another_public_host_is_followed_but_not_to_another_protocol(
    httpserver: HTTPServer,
):
    names = Names(archive_example=["127.0.0.1"])
    there = f"http://archive.example:{httpserver.port}/there"
    httpserver.expect_request("/cover").respond_with_data("", status=307, headers={"Location": there})
    httpserver.expect_request("/there").respond_with_json({"found": True})
    http = Http("art", f"http://127.0.0.1:{httpserver.port}", public_only=True, resolve=names)
    assert await http.get_json("cover") == {"found": True}
    httpserver.expect_request("/file").respond_with_data("", status=302, headers={"Location": "file:///etc"})
    with pytest.raises((Redirected, ProviderRejected)):
        await http.get_json("file")
    await http.aclose()


async def test_a_client_for_the_addresses_of_others_takes_no_secrets():
    with pytest.raises(ValueError, match="no secrets"):
        Http("art", "https://example.org", public_only=True, headers={"X-Api-Key": "x"})


@pytest.mark.loopback
async def test_what_the_user_configured_may_be_at_home(httpserver: HTTPServer):
    httpserver.expect_request("/cover").respond_with_json([])
    http = Http("lidarr", httpserver.url_for("/"))
    assert await http.get_json("cover") == []
    await http.aclose()
    by_name = Http("lidarr", f"http://localhost:{httpserver.port}")
    assert await by_name.get_json("cover") == []
    await by_name.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/", "http://2852039166/",
        "http://[fd00:ec2::254]/", "http://100.100.100.200/", "http://224.0.0.251/",
    ],
)  # fmt: skip
async def test_what_clouds_tell_their_machines_is_not_asked_for_even_where_it_is_configured(url: str):
    http = Http("lidarr", url, attempts=1)
    with pytest.raises(ProviderRejected, match="is not spoken to"):
        await http.get_json("latest/meta-data")
    await http.aclose()


@pytest.mark.loopback
async def test_a_configured_name_that_leads_to_metadata_is_told_nothing(monkeypatch: pytest.MonkeyPatch):
    """The connection is there, and the address at its other end is looked at before a word is said."""
    monkeypatch.setattr("brainarr.http.guard._METADATA", (IPv4Network("127.0.0.0/8"),))
    heard: list[bytes] = []

    async def answer(writer: object) -> None:
        heard.append(b"a request")

    async with raw_server(answer) as address:  # type: ignore[arg-type]
        http = Http("lidarr", address.replace("127.0.0.1", "localhost"), attempts=1)
        with pytest.raises(ProviderRejected, match=r"leads to 127\.0\.0\.1"):
            await http.get_json("x")
        await http.aclose()
    assert heard == []
