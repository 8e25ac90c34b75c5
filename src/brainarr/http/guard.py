"""Which addresses may be spoken to, checked on the very connection and not on the name that led to it.

A name is resolved once, every address it has is judged, and the connection goes to a judged address; TLS and
`Host` keep the name. So neither odd spellings (2130706433, 0x7f.1) nor names that change their mind between a
check and its use (DNS rebinding) lead anywhere else. Redirects come this way again.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore2
import httpx2

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Name and port → its addresses, the best first. Raises OSError."""


class Reach(Enum):
    """How far a client may go."""

    CONFIGURED = "configured"
    """An address that the user set: at home, too, but not to what clouds tell their machines."""
    PUBLIC = "public"
    """An address that came out of somebody's answer: the public internet only."""


class ForbiddenAddress(Exception):
    """The connection was not made, or not used."""


# https://www.iana.org/assignments/ipv6-address-space: only this block is handed out on the internet.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
# Within it: protocol assignments with Teredo, documentation, 6to4. They lead to addresses that we do not see.
_NOT_PUBLIC_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# https://www.iana.org/assignments/iana-ipv4-special-registry, multicast and the reserved rest.
_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
            "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        ),
    )
)  # fmt: skip
# Where clouds hand their machines credentials, for anybody on them who asks.
_METADATA = (
    IPv4Network("169.254.0.0/16"),
    IPv4Network("100.100.100.200/32"),
    IPv6Network("fe80::/10"),
    IPv6Network("fd00:ec2::254/128"),
)


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for: mapped, compatible, or translated by NAT64 or 6to4."""
    if isinstance(address, IPv4Address):
        return address
    value = int(address)
    if address in IPv6Network("2002::/16"):
        return IPv4Address(value >> 80 & 0xFFFFFFFF)
    # The two lowest compatible ones are "nowhere" and "this machine" in IPv6 itself.
    compatible = value >> 32 == 0 and value > 1
    if compatible or address in _NAT64 or address in IPv6Network("64:ff9b:1::/48"):
        return IPv4Address(value & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def is_public(address: Address) -> bool:
    """Whether it is an address on the public internet, however it is written."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address in _NAT64:
        return is_public(embedded(address))
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_PUBLIC_6)


def is_allowed(address: Address, reach: Reach) -> bool:
    if reach is Reach.PUBLIC:
        return is_public(address)
    real = embedded(address)
    return not real.is_multicast and not any(
        real.version == network.version and real in network for network in _METADATA
    )


def as_address(host: str) -> Address | None:
    """The address that `host` is, in any spelling that a system's resolver takes for one; None: a name."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    try:
        # 127.1, 0x7f000001, 017700000001 and 2130706433 are all 127.0.0.1 there.
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError, UnicodeError):
        return None


async def resolve_by_system(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """Connects where `reach` allows it and raises ForbiddenAddress elsewhere."""

    def __init__(self, reach: Reach, resolve: Resolve, **options: Any) -> None:
        super().__init__(**options)
        # httpx2 has no way to hand its pool a network; a test holds that the pool asks this one.
        self._pool._network_backend = _Guard(self._pool._network_backend, reach, resolve)


class _Guard(httpcore2.AsyncNetworkBackend):
    def __init__(self, network: httpcore2.AsyncNetworkBackend, reach: Reach, resolve: Resolve) -> None:
        self._network = network
        self._reach = reach
        self._resolve = resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        async def connect(to: str) -> httpcore2.AsyncNetworkStream:
            return await self._network.connect_tcp(to, port, timeout, local_address, socket_options)

        if literal := as_address(host):
            self._judge(literal)
            return await connect(str(literal))
        if self._reach is Reach.CONFIGURED:
            # The system tries all addresses of the name at once, so that a dead IPv6 costs nothing; which one
            # answered is judged before anything is said to it.
            stream = await connect(host)
            try:
                self._judge(ip_address(stream.get_extra_info("server_addr")[0].partition("%")[0]))
            except ForbiddenAddress:
                await stream.aclose()
                raise
            return stream
        return await self._first(connect, await self._resolved(host, port, timeout))

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)

    async def _resolved(self, host: str, port: int, timeout: float | None) -> list[Address]:
        """All of its addresses, judged: a name of which one is forbidden was made to deceive."""
        try:
            async with asyncio.timeout(timeout):
                found = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"{host} was not resolved") from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        addresses = [ip_address(one.partition("%")[0]) for one in found]
        for address in addresses:
            self._judge(address)
        return addresses

    async def _first(
        self, connect: Callable[[str], Awaitable[httpcore2.AsyncNetworkStream]], addresses: Sequence[Address]
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception = httpcore2.ConnectError("the name has no address")
        # Broken IPv6 is commoner than a host without IPv4, and one after the other is tried here.
        for address in sorted(addresses, key=lambda one: one.version):
            try:
                return await connect(str(address))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def _judge(self, address: Address) -> None:
        if not is_allowed(address, self._reach):
            raise ForbiddenAddress(str(address))
