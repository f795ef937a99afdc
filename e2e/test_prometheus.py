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


def send_stock(url: str, service: str, points: list[tuple[int, int]]) -> None:
    """Sends a gauge by OTLP; points are nanoseconds and a value."""
    points = [{"asInt": str(value), "timeUnixNano": str(at)} for at, value in points]
    send_metric(url, service, {"name": "stock", "gauge": {"dataPoints": points}})


def send_metric(url: str, service: str, metric: dict) -> None:
    """Sends a metric by OTLP."""
    attribute = {"key": "service.name", "value": {"stringValue": service}}
    body = {
        "resourceMetrics": [
            {"resource": {"attributes": [attribute]}, "scopeMetrics": [{"metrics": [metric]}]}
        ]
    }
    assert requests.post(url + "/v1/metrics", json=body, timeout=30).status_code == 200


class Prometheus:
    """A running Prometheus with the `prometheus.yml` of a folder."""

    def __init__(self, folder: Path, started: list, *arguments: str, port: int | None = None):
        self.port = port or free_port()
        command = [
            PROMETHEUS,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{self.port}",
            *arguments,
        ]
        quiet = subprocess.DEVNULL
        started.append(subprocess.Popen(command, stdout=quiet, stderr=quiet))

    def ask(self, text: str) -> list:
        """The vector that a query has."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query"
        answer = requests.get(url, params={"query": text}, timeout=30).json()
        assert answer["status"] == "success", answer
        return answer["data"]["result"]

    def wait(self, text: str) -> list:
        """Waits until a query has a result."""
        for _ in range(300):
            try:
                if found := self.ask(text):
                    return found
            # Refused, or 503 without JSON, while it starts.
            except requests.exceptions.RequestException:
                pass
            time.sleep(0.1)
        raise AssertionError(f"no {text} in 30 s")


def test_a_prometheus_reads_and_federates(tmp_path, started, service):
    send_stock(address(4318), service, [(time.time_ns(), 42)])
    assert get(9090, "/api/v1/query", query=f'stock{{job="{service}"}}')["data"]["result"]

    at = str(time.time_ns())
    point = {"timeUnixNano": at, "count": "5", "sum": 9, "scale": 2, "zeroCount": "1"}
    point["positive"] = {"offset": 3, "bucketCounts": ["1", "0", "3"]}
    histogram = {"aggregationTemporality": 2, "dataPoints": [point]}
    send_metric(address(4318), service, {"name": "wait", "exponentialHistogram": histogram})

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
    # With native histograms it asks for protobuf.
    prometheus = Prometheus(tmp_path, started, "--enable-feature=native-histograms")
    ask = prometheus.ask

    prometheus.wait('scrape_samples_scraped{job="federate"} > 0')
    [found] = ask(f'stock{{job="{service}"}}')
    assert found["value"][1] == "42"
    # All but the three observations of the highest bucket, whose bounds are 2.38 and 2.83.
    fraction = f'histogram_fraction(-1, 2.3, wait{{job="{service}"}})'
    assert [found["value"][1] for found in ask(fraction)] == ["0.4"]
    assert [found["value"][1] for found in ask(f'histogram_sum(wait{{job="{service}"}})')] == ["9"]
    # What only we have comes by remote read.
    assert ask(f'count({{job="{service}"}}) > 0')


def test_a_prometheus_gets_all_metrics_although_both_were_down(tmp_path, started, service):
    port = free_port()
    (tmp_path / "glasshouse").mkdir()
    (tmp_path / "glasshouse" / "prometheus.yml").write_text(
        f"""
global: {{external_labels: {{region: eu}}}}
scrape_configs: []
remote_write:
  - url: http://127.0.0.1:{port}/api/v1/write
    queue_config: {{batch_send_deadline: 200ms}}
"""
    )
    (tmp_path / "prometheus.yml").write_text("scrape_configs: []\n")
    adopt = ["--adopt", str(tmp_path / "glasshouse" / "prometheus.yml")]
    otlp = f"http://127.0.0.1:{4318 + PORTS}"
    began = time.time_ns()
    points = [(began + i * 1_000_000, i) for i in range(60)]

    process = start(tmp_path / "data", started, *adopt)
    send_stock(otlp, service, points[:50])
    time.sleep(1)
    process.kill()
    process.wait()
    start(tmp_path / "data", started, *adopt)
    receiver = Prometheus(tmp_path, started, "--web.enable-remote-write-receiver", port=port)
    receiver.wait("vector(1)")
    send_stock(otlp, service, points[50:])

    series = f'stock{{job="{service}",region="eu"}}'
    receiver.wait(f"count_over_time({series}[1h]) == 60")
    [found] = receiver.ask(f"{series}[1h]")
    assert [float(value) for _, value in found["values"]] == [float(i) for i in range(60)]


def test_the_history_of_a_running_prometheus_is_imported(tmp_path, started):
    newest = int(time.time()) - 300
    blocks(tmp_path, newest)
    (tmp_path / "prometheus").rename(tmp_path / "tsdb")
    (tmp_path / "prometheus.yml").write_text("scrape_configs: []\n")
    running = Prometheus(tmp_path, started, "--storage.remote.read-sample-limit=500")
    running.wait("vector(1)")
    url = f"http://127.0.0.1:{running.port}"
    data = tmp_path / "data"
    command = [BINARY, "import", "prometheus", url, "--since", "10d", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{2 * 3 * 1440} samples" in done.stdout, done.stdout

    start(data, started)
    query = f"http://127.0.0.1:{9090 + PORTS}/api/v1/query"
    parameters = {"query": "count_over_time(orders_total[4d])", "time": newest}
    answer = requests.get(query, params=parameters, timeout=30).json()
    assert [series["value"][1] for series in answer["data"]["result"]] == ["4320", "4320"]
