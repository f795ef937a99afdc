"""Where the binary listens, small readers of its APIs, and servers of a test's own."""

import os
import socket
import subprocess
import time
import uuid

import pytest
import requests

OFFSET = int(os.environ.get("GLASSHOUSE_PORT_OFFSET", "0"))
BINARY = os.environ.get("GLASSHOUSE_BINARY")
# The offset of a server of a test's own, beside the one under test.
PORTS = OFFSET + 50


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


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def service() -> str:
    """A service name that no other test uses."""
    return f"e2e-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def now() -> float:
    """The time at which the test began, in seconds."""
    return time.time()


@pytest.fixture
def started():
    """The processes that the test started; none outlives it."""
    processes = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def start(folder, started, *arguments: str) -> subprocess.Popen:
    """Starts the binary and waits until it takes data."""
    command = [BINARY, "serve", "--log", "warn", "--port-offset", str(PORTS), "--data", str(folder)]
    command += arguments
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started.append(process)
    for _ in range(3000):
        assert process.poll() is None, f"did not start: exit {process.returncode}"
        try:
            if requests.get(f"http://127.0.0.1:{13133 + PORTS}/", timeout=5).status_code == 200:
                return process
        except requests.exceptions.RequestException:
            pass
        time.sleep(0.01)
    raise AssertionError("not ready in 30 s")
