"""kill -9 under load, fifty times: everything that was acknowledged is found again."""

import itertools
import json
import os
import random
import signal
import threading
import time

import pytest
import requests

from conftest import BINARY, PORTS, start

ROUNDS = int(os.environ.get("GLASSHOUSE_CRASH_ROUNDS", "50"))
WORKERS = 4
ITEMS = 10
JSON = {"Content-Type": "application/json"}

pytestmark = pytest.mark.skipif(BINARY is None, reason="GLASSHOUSE_BINARY is not set")


def resource() -> dict:
    return {"attributes": [{"key": "service.name", "value": {"stringValue": "ledger"}}]}


def bodies(number: int) -> dict[str, dict]:
    """One request of each signal, all carrying the number."""
    now = time.time_ns()
    label = [{"key": "number", "value": {"stringValue": str(number)}}]
    spans = [
        {
            "traceId": os.urandom(16).hex(),
            "spanId": os.urandom(8).hex(),
            "name": "ledger",
            "startTimeUnixNano": str(now),
            "endTimeUnixNano": str(now + 1000),
            "attributes": label,
        }
        for _ in range(ITEMS)
    ]
    records = [
        {"timeUnixNano": str(now + i), "body": {"stringValue": f"line {i}"}, "attributes": label}
        for i in range(ITEMS)
    ]
    points = [
        {"timeUnixNano": str((now // 1_000_000) * 1_000_000), "asInt": str(number), "attributes": label}
    ]
    return {
        "traces": {"resourceSpans": [{"resource": resource(), "scopeSpans": [{"spans": spans}]}]},
        "logs": {"resourceLogs": [{"resource": resource(), "scopeLogs": [{"logRecords": records}]}]},
        "metrics": {
            "resourceMetrics": [
                {
                    "resource": resource(),
                    "scopeMetrics": [{"metrics": [{"name": "ledger", "gauge": {"dataPoints": points}}]}],
                }
            ]
        },
    }


def work(ledger: dict[str, set], numbers, is_over: threading.Event) -> None:
    """Sends until the server dies; writes down what it acknowledged."""
    session = requests.Session()
    while not is_over.is_set():
        number = next(numbers)
        for kind, body in bodies(number).items():
            try:
                url = f"http://127.0.0.1:{4318 + PORTS}/v1/{kind}"
                answer = session.post(url, data=json.dumps(body), headers=JSON, timeout=10)
            except requests.exceptions.RequestException:
                return
            if answer.status_code == 200:
                assert not answer.json().get("partialSuccess"), answer.text
                ledger[kind].add(number)


def counts(query: str) -> dict[int, int]:
    url = f"http://127.0.0.1:{3000 + PORTS}/api/sql"
    answer = requests.post(url, json={"query": query}, timeout=60)
    assert answer.status_code == 200, answer.text[:500]
    return {int(float(row["number"])): row["items"] for row in answer.json()["rows"]}


QUERIES = {
    "traces": ("SELECT attributes['number'] AS number, count(*) AS items FROM spans GROUP BY 1", ITEMS),
    "logs": ("SELECT attributes['number'] AS number, count(*) AS items FROM logs GROUP BY 1", ITEMS),
    "metrics": ("SELECT value AS number, count(*) AS items FROM metrics WHERE name = 'ledger' GROUP BY 1", 1),
}


def check(ledger: dict[str, set]) -> None:
    """Acknowledged is a part of stored, and nothing is stored by half or twice."""
    for kind, (query, items) in QUERIES.items():
        stored = counts(query)
        lost = ledger[kind] - stored.keys()
        assert not lost, f"{kind}: {len(lost)} acknowledged requests are lost: {sorted(lost)[:5]}"
        uneven = {number: count for number, count in stored.items() if count != items}
        assert not uneven, f"{kind}: {list(uneven.items())[:5]} instead of {items} items"


def test_nothing_acknowledged_is_lost(tmp_path, started):
    chance = random.Random(11)
    ledger = {"traces": set(), "logs": set(), "metrics": set()}
    numbers = itertools.count()
    for _ in range(ROUNDS):
        process = start(tmp_path, started)
        check(ledger)
        is_over = threading.Event()
        workers = [threading.Thread(target=work, args=(ledger, numbers, is_over)) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        time.sleep(chance.uniform(0.02, 0.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        is_over.set()
        for worker in workers:
            worker.join()
    process = start(tmp_path, started)
    check(ledger)
    process.terminate()
    assert process.wait(timeout=40) == 0
    process = start(tmp_path, started)
    check(ledger)
    assert sum(map(len, ledger.values())) > ROUNDS, "the load was too small to prove anything"
