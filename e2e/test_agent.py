"""The example agent under each naming profile: Debian's Prometheus scrapes it, Glasshouse receives it,
and both have the same series with the same totals."""

import os
import re
import subprocess
import time

import pytest
import requests

from conftest import address, free_port, get

AGENT = os.environ.get("AGENT_BINARY")
PROMETHEUS = os.environ.get("PROMETHEUS_BINARY")
TASKS = [
    "What is the weather in Oslo?",
    "What is 17 % of 2340, plus 12?",
    "Read the file notes.txt that is not there",
]
#: A metric that a stack's dashboards ask for, by profile.
ASKED = {
    "otel": "gen_ai_client_inference_duration_seconds_count",
    "otel-1.41": "gen_ai_client_operation_duration_seconds_count",
    "alex": "alex_llm_requests_total",
    "ai-platform": "inference_requests_total",
    "botticelli": "llm_requests_total",
    "refly": "llm_invocation_count_total",
}
#: What changes while nobody does anything, or belongs to the scraper.
RESTLESS = re.compile(r"^(up|scrape_.*|target_info|process_.*|glasshouse_sdk_.*|otel_scope_.*)$")

pytestmark = [
    pytest.mark.skipif(AGENT is None, reason="AGENT_BINARY is not set"),
    pytest.mark.skipif(PROMETHEUS is None, reason="PROMETHEUS_BINARY is not set"),
]


def wait_for(what, seconds: float = 30):
    """The first true answer of `what`."""
    end = time.monotonic() + seconds
    while True:
        try:
            answer = what()
        except requests.exceptions.RequestException:
            answer = None
        if answer:
            return answer
        assert time.monotonic() < end, f"not within {seconds} s: {what.__doc__ or what}"
        time.sleep(0.1)


@pytest.fixture
def started():
    """The processes that the test started; none outlives it."""
    processes = []
    yield processes
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=20)


@pytest.fixture(params=ASKED)
def stack(request, started, tmp_path, service):
    """An agent under one profile, and the Prometheus that scrapes it."""
    page, metrics, prometheus = free_port(), free_port(), free_port()
    environment = os.environ | {
        "AGENT_ADDRESS": f"127.0.0.1:{page}",
        "PROMETHEUS_ENDPOINT": f"127.0.0.1:{metrics}",
        "GLASSHOUSE_NAMING_PROFILE": request.param,
        "OTEL_EXPORTER_OTLP_ENDPOINT": address(4318),
        "OTEL_RESOURCE_ATTRIBUTES": f"service.namespace={service}",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
    }
    started.append(subprocess.Popen([AGENT], env=environment, stdout=subprocess.DEVNULL))
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
        f"scrape_configs: [{{job_name: agent, static_configs: [{{targets: ['127.0.0.1:{metrics}']}}]}}]\n"
    )
    command = [
        PROMETHEUS,
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{prometheus}",
        "--enable-feature=exemplar-storage",
        "--log.level=error",
    ]
    started.append(subprocess.Popen(command))
    agent, scraped = f"http://127.0.0.1:{page}", f"http://127.0.0.1:{prometheus}"
    wait_for(lambda: requests.get(f"{agent}/healthz", timeout=5).ok)
    wait_for(lambda: requests.get(f"{scraped}/-/ready", timeout=5).ok)
    return request.param, agent, scraped


def solve(agent: str, task: str):
    """Starts a task and reads its events to the end."""
    created = requests.post(f"{agent}/api/tasks", json={"task": task}, timeout=30)
    assert created.status_code == 202, created.text
    events = f"{agent}/api/tasks/{created.json()['task_id']}/events"
    with requests.get(events, stream=True, timeout=60) as stream:
        assert "event: done" in "\n".join(stream.iter_lines(decode_unicode=True))


def series(query, selector: str) -> dict[tuple, float]:
    """All series of the selector, without what the receiver itself adds."""
    found = {}
    for sample in query(selector):
        labels = {k: v for k, v in sample["metric"].items() if k not in ("job", "instance")}
        name = labels.pop("__name__")
        if RESTLESS.match(name):
            continue
        if "le" in labels:
            labels["le"] = str(float(labels["le"]))
        found[(name, *sorted(labels.items()))] = float(sample["value"][1])
    return found


def test_both_have_the_same_totals_under_every_naming_profile(stack, service):
    profile, agent, scraped = stack
    for task in TASKS:
        solve(agent, task)
    vital = '{"name":"LCP","value":1234.5,"delta":1234.5,"page":"/tasks/42?user=me"}'
    beacon = requests.post(
        f"{agent}/api/metrics/web-vitals",
        data=vital,
        headers={"Content-Type": "text/plain;charset=UTF-8"},
        timeout=10,
    )
    assert beacon.status_code == 204, beacon.text

    def by_prometheus(selector):
        answer = requests.get(f"{scraped}/api/v1/query", params={"query": selector}, timeout=10)
        return answer.json()["data"]["result"]

    def by_glasshouse(selector):
        return get(9090, "/api/v1/query", query=selector)["data"]["result"]

    job = f'{{job="{service}/alex-agent"}}'

    def settled():
        """the same series with the same totals in Prometheus and in Glasshouse, twice in a row"""
        first = series(by_prometheus, '{job="agent"}')
        time.sleep(1.2)
        second, received = series(by_prometheus, '{job="agent"}'), series(by_glasshouse, job)
        return first == second == received and second

    try:
        totals = wait_for(settled, 40)
    except AssertionError:
        left, right = series(by_prometheus, '{job="agent"}'), series(by_glasshouse, job)
        differing = {k: (left.get(k), right.get(k)) for k in left | right if left.get(k) != right.get(k)}
        raise AssertionError(f"{len(differing)} of {len(left | right)} differ: {differing}") from None
    names = {key[0] for key in totals}
    assert ASKED[profile] in names, sorted(names)
    assert sum(value for key, value in totals.items() if key[0] == ASKED[profile]) > 0
    labels = {name for key in totals for name, _ in key[1:]}
    assert not labels & {"session_id", "user_id", "delta", "trace_id"}, labels


def test_a_measurement_leads_to_its_trace_in_both(stack, service):
    profile, agent, scraped = stack
    if profile != "alex":
        pytest.skip("one profile is enough")
    solve(agent, TASKS[0])
    asked = {"query": "alex_llm_latency_seconds_bucket", "start": time.time() - 600, "end": time.time() + 60}

    def exemplars():
        """an exemplar of a model call in Prometheus"""
        answer = requests.get(f"{scraped}/api/v1/query_exemplars", params=asked, timeout=10)
        return [e for s in answer.json()["data"] for e in s["exemplars"]]

    trace_id = wait_for(exemplars)[0]["labels"]["trace_id"]

    def trace():
        """the trace of the exemplar in Glasshouse, through all three services"""
        answer = requests.get(f"{address(3200)}/api/traces/{trace_id}", timeout=10)
        if answer.status_code != 200:
            return None
        text = answer.text
        return all(name in text for name in ("alex-agent", "llm-gateway", "tool-runner")) and text

    text = wait_for(trace)
    for span in ("alex.session.solve_task", "alex.react.iteration", "alex.llm.generate", "alex.tool.execute"):
        assert span in text
    received = get(9090, "/api/v1/query_exemplars", **asked)["data"]
    assert any(e["labels"]["trace_id"] == trace_id for s in received for e in s["exemplars"])


def test_log_lines_of_a_task_carry_its_trace(stack, service):
    profile, agent, _ = stack
    if profile != "ai-platform":
        pytest.skip("one profile is enough")
    solve(agent, TASKS[1])

    def lines():
        """log lines of the agent with a trace id"""
        query = '{service_name="alex-agent"} | trace_id != ""'
        found = get(3100, "/loki/api/v1/query_range", query=query, limit=100)["data"]["result"]
        return [stream for stream in found if stream["stream"].get("session_id")]

    assert wait_for(lines)
