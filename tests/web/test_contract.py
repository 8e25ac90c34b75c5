"""The API keeps what its description promises, whatever it is sent: no 5xx, no undescribed answer.

A real server answers, beside a Lidarr and a catalogue, with one run done and some recommendations decided.
"""

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.browser.conftest import Town, town_in
from tests.processes.town import KEY

pytestmark = [pytest.mark.loopback, pytest.mark.thorough]

EXAMPLES = 40
"""Requests to each operation."""
PATIENCE_S = 60
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One that nobody else uses: whatever can be asked for is."""
    with town_in(tmp_path_factory.mktemp("contract"), SERVER__REQUESTS_PER_MINUTE="0") as town:
        run = town.run()
        with town.api() as api:
            found = api.get(f"/api/v1/runs/{run}").json()["recommendations"]
            for decision, row in zip(("approve", "reject", "more", "block"), found, strict=False):
                assert api.post(f"/api/v1/recommendations/{row['id']}/{decision}").status_code == 200
        yield town


def test_every_operation_answers_as_it_is_described(town: Town):
    load_all_checks()
    schema = schemathesis.openapi.from_url(f"{town.address}/api/v1/openapi.json")
    session = requests.Session()
    session.trust_env = False
    session.headers["X-Api-Key"] = KEY
    faults: list[str] = []
    for operation in schema.get_all_operations():
        described = operation.ok()  # pyright: ignore[reportAttributeAccessIssue]

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
        )
        @given(case=described.as_strategy())
        def ask(case: Case) -> None:
            answer = case.call(session=session, timeout=PATIENCE_S, allow_redirects=False)
            case.validate_response(answer, checks=CHECKS)

        try:
            ask()
        # All of them are told at once: one mistake does not hide the next.
        except BaseExceptionGroup as group:
            faults.append(f"{described.label}: {group.exceptions[0]}")
        except AssertionError as fault:
            faults.append(f"{described.label}: {fault}")
    assert not faults, "\n\n".join(faults)
    assert requests.get(f"{town.address}/ping", timeout=PATIENCE_S).status_code == 200
