"""Debian's Prometheus beside the binary: its data is taken over, and it reads ours."""

import os
import subprocess
import time
from pathlib import Path

import pytest
import requests

from conftest import BINARY, PORTS, address, free_port, get, start

PROMETHEUS = os.environ.get("PROMETHEUS_BINARY")
pytestmark = pytest.mark.skipif(PROMETHEUS is None, reason="PROMETHEUS_BINARY is not set")

DAY = 86_400


def blocks(folder: Path, newest: int) -> None:
    """Three days of a counter with a sample a minute, as blocks that promtool writes."""
    lines = ["# TYPE orders counter", "# HELP orders Orders that were placed."]
    for shop in ("a", "b"):
        for i in range(3 * 1440):
            time_s = newest - (3 * 1440 - 1 - i) * 60
            lines.append(f'orders_total{{shop="{shop}"}} {i} {time_s}')
    page = folder / "page.txt"
    page.write_text("\n".join([*lines, "# EOF", ""]))
    promtool = Path(PROMETHEUS).with_name("promtool")
    subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", page, folder / "prometheus"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def test_the_data_folder_of_prometheus_is_imported(tmp_path, started):
    newest = int(time.time()) - 300
    blocks(tmp_path, newest)
    data = tmp_path / "data"
    command = [BINARY, "import", "prometheus", str(tmp_path / "prometheus"), "--data", str(data)]
    for repeated in (0, 1):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert f"{2 * 3 * 1440} samples" in done.stdout, (repeated, done.stdout)

    process = start(data, started)
    query = f"http://127.0.0.1:{9090 + PORTS}/api/v1/query"

    def values(text: str, at: int) -> list[str]:
        answer = requests.get(query, params={"query": text, "time": at}, timeout=30).json()
        return [series["value"][1] for series in answer["data"]["result"]]

    assert values("orders_total", newest) == ["4319", "4319"]
    assert values("orders_total", newest - 2 * DAY) == ["1439", "1439"]
    assert values('count_over_time(orders_total{shop="a"}[3d])', newest) == ["4320"]

    # A running server has the folder: nothing is imported behind its back.
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 4, refused.stderr
    process.terminate()
    assert process.wait(20) == 0


def test_a_prometheus_reads_and_federates(tmp_path, started, service):
    now_ns = time.time_ns()
    point = {"asInt": "42", "timeUnixNano": str(now_ns)}
    metric = {"name": "stock", "gauge": {"dataPoints": [point]}}
    attribute = {"key": "service.name", "value": {"stringValue": service}}
    body = {
        "resourceMetrics": [
            {"resource": {"attributes": [attribute]}, "scopeMetrics": [{"metrics": [metric]}]}
        ]
    }
    assert requests.post(address(4318) + "/v1/metrics", json=body, timeout=30).status_code == 200
    assert get(9090, "/api/v1/query", query=f'stock{{job="{service}"}}')["data"]["result"]

    target = address(9090).removeprefix("http://")
    (tmp_path / "prometheus.yml").write_text(
        f"""
scrape_configs:
  - job_name: federate
    scrape_interval: 1s
    honor_labels: true
    metrics_path: /federate
    params: {{"match[]": ['{{job="{service}"}}']}}
    static_configs: [{{targets: ["{target}"]}}]
remote_read:
  - url: {address(9090)}/api/v1/read
    read_recent: true
"""
    )
    port = free_port()
    started.append(
        subprocess.Popen(
            [
                PROMETHEUS,
                f"--config.file={tmp_path}/prometheus.yml",
                f"--storage.tsdb.path={tmp_path}/tsdb",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    )

    def ask(text: str) -> list:
        url = f"http://127.0.0.1:{port}/api/v1/query"
        answer = requests.get(url, params={"query": text}, timeout=30).json()
        assert answer["status"] == "success", answer
        return answer["data"]["result"]

    for _ in range(300):
        try:
            scraped = ask('scrape_samples_scraped{job="federate"} > 0')
            if scraped:
                break
        except requests.exceptions.ConnectionError:
            pass
        time.sleep(0.1)
    else:
        raise AssertionError("Prometheus scraped nothing in 30 s")
    [found] = ask(f'stock{{job="{service}"}}')
    assert found["value"][1] == "42"
    # What only we have comes by remote read.
    assert ask(f'count({{job="{service}"}}) > 0')
