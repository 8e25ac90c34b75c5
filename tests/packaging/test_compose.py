"""The compose files: only what Docker Compose knows, only settings that exist, nothing left open."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from brainarr import __version__
from brainarr.wiring.configuration import load_settings
from tests.packaging.compose import FILES, FOLDER, brainarrs, read_compose, variables
from tests.packaging.container import AS_COMPOSED, image

ENV = {"POSTGRES_PASSWORD": "abc123", "REDIS_PASSWORD": "def456", "LIDARR_API_KEY": "0123456789abcdef"}
CONTAINERS = {"PUID", "PGID", "UMASK", "TZ"}
"""What the entry script and the system read."""

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


@each_file
def test_a_file_holds_only_what_docker_compose_knows(path: Path):
    found = read_compose(path.read_text(), ENV)
    assert brainarrs(path, ENV)
    for service in found.services.values():
        assert service.depends_on.keys() <= found.services.keys()
    with pytest.raises(msgspec.ValidationError):
        read_compose(path.read_text().replace("restart:", "restrat:"), ENV)


@each_file
def test_every_variable_is_one_that_brainarr_reads_with_a_value_it_takes(path: Path, tmp_path: Path):
    for service in brainarrs(path, ENV).values():
        environ = image().environ | service.environment
        assert {name for name in environ if not name.startswith(("BRAINARR_", "PYTHON"))} <= CONTAINERS
        settings = load_settings(tmp_path, environ).values
        assert (settings.server.host, settings.server.port) == ("0.0.0.0", 8690)


@each_file
def test_a_container_may_do_no_more_than_it_must(path: Path):
    for service in brainarrs(path, ENV).values():
        assert (service.read_only, service.tmpfs) == (True, ["/tmp"])
        assert (service.cap_drop, service.cap_add) == (["ALL"], list(AS_COMPOSED))
        assert service.security_opt == ["no-new-privileges:true"]
        # Answers under way have five seconds, a run its time to be given back.
        assert service.stop_grace_period == "30s"
        assert any(volume.endswith(":/config") for volume in service.volumes)


@each_file
def test_services_call_each_other_by_names_that_exist(path: Path):
    services = read_compose(path.read_text(), ENV).services
    for service in services.values():
        for name, value in service.environment.items():
            if "://" in value:
                address = urlsplit(value)
                assert address.hostname in services, (name, value)
                assert address.port in (8690, 8686, 11434, 5432, 6379), (name, value)


@each_file
def test_what_is_published_is_what_the_image_exposes(path: Path):
    for service in brainarrs(path, ENV).values():
        assert [port.split(":")[1] for port in service.ports] in ([image().last("EXPOSE").text], [])


@each_file
def test_without_an_image_of_yours_it_is_this_version_built_from_the_clone(path: Path):
    for service in brainarrs(path, ENV).values():
        assert service.image == f"brainarr:{__version__}"
        assert service.build is not None and (FOLDER / service.build / "Dockerfile").exists()


def test_a_worker_is_asked_for_its_health_where_it_answers():
    services = brainarrs(FOLDER / "scaled.yaml", ENV)
    health = services["worker"].healthcheck
    assert health is not None
    *command, port = health.test
    assert " ".join(command) == " ".join(["CMD", *re.findall(r'"([^"]+)"', image().last("HEALTHCHECK").text)])
    assert port == services["worker"].environment["BRAINARR__METRICS__WORKER_PORT"]
    assert services["brainarr"].environment["BRAINARR__JOBS__EMBEDDED"] == "false"


def test_a_password_that_nobody_chose_stops_the_start():
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        with pytest.raises(KeyError, match=name):
            read_compose((FOLDER / "scaled.yaml").read_text(), ENV | {name: ""})


def test_the_example_of_an_env_file_names_all_that_the_files_take():
    asked = {name for path in FILES for name in variables(path.read_text())}
    example = (FOLDER / ".env.example").read_text()
    assert set(re.findall(r"^#?(\w+)=", example, re.MULTILINE)) == asked
