"""Whatever is sent, the server answers in words and goes on."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from vyraz.live.app import create_app
from vyraz.live.settings import Settings

#: The server asks that its own address is named.
HOST = {"host": "127.0.0.1"}
schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(Settings()), headers=HOST)


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_ends_in_an_error_of_ours(case: Any) -> None:
    answer = case.call(headers=HOST)
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    if answer.status_code >= 400 and answer.status_code not in (404, 405):
        assert answer.json()["detail"]


def test_malformed_messages_and_uploads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short run of benchmarks/hostile.py, whose long one looks at memory too."""
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "benchmarks"), *sys.path])
    figures = importlib.import_module("hostile").attack(160)
    assert figures["messages"] == 160
    assert figures["answers_after"]
    assert figures["answers_of_5xx"] == 0
    assert figures["files_left"] == []
    assert figures["jobs_left"] == 0
