"""What stands beside Brainarr: the Unraid template and the reverse proxies."""

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from brainarr import __version__
from brainarr.web.api.widget import WidgetDocument
from brainarr.wiring.configuration import load_settings
from tests.packaging.clone import ROOT
from tests.packaging.container import AS_COMPOSED, image

PROXIES = sorted(path for path in (ROOT / "deploy/proxies").rglob("*") if path.is_file())
UNRAID = ElementTree.parse(ROOT / "deploy/unraid/brainarr.xml").getroot()
STANDARD = {"PUID", "PGID", "UMASK"}


def targets(kind: str) -> dict[str, str]:
    """Target → its default."""
    found = UNRAID.findall(f"Config[@Type='{kind}']")
    return {one.attrib["Target"]: one.attrib["Default"] for one in found}


def test_the_unraid_template_asks_for_what_brainarr_reads(tmp_path: Path):
    variables = targets("Variable")
    assert variables.keys() >= STANDARD
    given = {name: variables[name] or "http://10.0.0.2:8690" for name in variables.keys() - STANDARD}
    assert load_settings(tmp_path, image().environ | given).values.lidarr.api_key is not None
    assert UNRAID.findtext("Repository") == f"brainarr:{__version__}"
    port = image().last("EXPOSE").text
    assert targets("Port") == {port: port}
    assert f"[PORT:{port}]" in UNRAID.findtext("WebUI", "")
    assert list(targets("Path")) == [image().last("VOLUME").text]


def test_the_unraid_template_hides_secrets_and_locks_the_container_up():
    hidden = {one.attrib["Target"] for one in UNRAID.findall("Config[@Mask='true']")}
    assert hidden == {"BRAINARR__LIDARR__API_KEY"}
    words = shlex.split(UNRAID.findtext("ExtraParams", ""))
    added = [words[at + 1] for at, word in enumerate(words) if word == "--cap-add"]
    assert (added, words[words.index("--cap-drop") + 1]) == (list(AS_COMPOSED), "ALL")
    assert {"--read-only", "no-new-privileges:true"} <= set(words)
    assert UNRAID.findtext("Privileged") == "false"


@pytest.mark.parametrize("path", PROXIES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_proxy_leads_to_the_port_that_the_image_exposes_and_names_the_settings(path: Path):
    text = path.read_text()
    assert re.findall(r"(?:brainarr:|upstream_port )(\d+)", text)
    assert set(re.findall(r"(?:brainarr:|upstream_port )(\d+)", text)) == {image().last("EXPOSE").text}
    assert "server.external_url" in text
    assert ("server.url_base: /brainarr" in text) is ("subdomain" not in path.name)
    if path.suffix == ".yaml":
        assert yaml.safe_load(text)["http"]["routers"]["brainarr"]["service"] == "brainarr"
    elif path.suffix == ".conf":
        assert text.count("{") == text.count("}")


@pytest.mark.parametrize("name", ["brainarr.subdomain.conf", "brainarr.subfolder.conf"])
def test_past_the_sign_in_of_a_proxy_nobody_says_who_they_are(name: str):
    """With auth.method: external the proxy is believed: a header that a browser sent must not get through."""
    text = (ROOT / "deploy/proxies/swag" / name).read_text()
    opened = text.partition("location ~ ")[2]
    for header in ("Remote-User", "Remote-Groups"):
        assert f'proxy_set_header {header} "";' in opened
    (pattern,) = re.findall(r"^(\^\S+) {", opened, re.MULTILINE)
    base = "/brainarr" if "subfolder" in name else ""
    keyed = [
        "/api/v1/health",
        "/lists/default/artists",
        "/lists/x/api/v1/album",
        "/webhooks/lidarr/default",
        "/ping",
    ]
    assert [path for path in keyed if not re.match(pattern, base + path)] == []
    pages = ["/", "/lists", "/lists/default/settings", "/settings", "/apis", "/account", "/metricsx"]
    assert [path for path in pages if re.match(pattern, base + path)] == []


def test_the_dashboard_asks_for_fields_that_there_are_and_the_documentation_shows_the_same():
    text = (ROOT / "deploy/homepage/services.yaml").read_text()
    document = (ROOT / "docs/homepage.md").read_text()
    assert text.partition("\n")[2] in document
    widget = yaml.safe_load(text)[0]["Media"][0]["Brainarr"]["widget"]
    fields = set(WidgetDocument.model_fields)
    assert {mapping["field"] for mapping in widget["mappings"]} <= fields
    named = re.findall(r"`(\w+)`", document.partition("| field |")[2].partition("## Homepage")[0])
    assert set(named) == fields
