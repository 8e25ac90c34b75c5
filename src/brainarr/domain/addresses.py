"""Web addresses as people typed them elsewhere: the place that one names, and what it leads through."""

from urllib.parse import urlsplit


def host_and_path(address: str) -> tuple[str, str]:
    """Host and path; of what people typed elsewhere, as far as it is an address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return parts.netloc.lower(), parts.path.rstrip("/")


def external_address(external_url: str | None, url_base: str) -> str | None:
    """How others reach this server, URL base included, without a slash at the end; None: nobody said how."""
    if not external_url:
        return None
    address = external_url.rstrip("/")
    return address if address.endswith(url_base) else address + url_base


def leads_through(address: str, steps: str) -> bool:
    """Whether `steps` are whole steps of its path: /lists/a is no part of /lists/ab."""
    return f"{steps}/" in f"{host_and_path(address)[1]}/"


def without_query(address: str) -> str:
    """Fit to be shown: keys stand in the query."""
    return address.partition("?")[0]
