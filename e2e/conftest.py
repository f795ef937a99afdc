"""Where the binary listens, and small readers of its APIs."""

import os
import time
import uuid

import pytest
import requests

OFFSET = int(os.environ.get("GLASSHOUSE_PORT_OFFSET", "0"))


def address(port: int) -> str:
    """`http://…` of a port of the binary under test."""
    return f"http://127.0.0.1:{port + OFFSET}"


def get(port: int, path: str, **params):
    """The JSON answer of a GET, which must succeed."""
    answer = requests.get(address(port) + path, params=params, timeout=30)
    assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}"
    return answer.json()


def sql(query: str) -> list[dict]:
    """The rows of a SQL query."""
    answer = requests.post(address(3000) + "/api/sql", json={"query": query}, timeout=30)
    assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}"
    return answer.json()["rows"]


@pytest.fixture
def service() -> str:
    """A service name that no other test uses."""
    return f"e2e-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def now() -> float:
    """The time at which the test began, in seconds."""
    return time.time()
