"""Alerting when things fail: crashes, receivers, floods, rules, templates and files that are wrong."""

import json
import signal
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from conftest import BINARY, PORTS, start

pytestmark = pytest.mark.skipif(BINARY is None, reason="GLASSHOUSE_BINARY is not set")

ALERTMANAGER = f"http://127.0.0.1:{9093 + PORTS}"
PROMETHEUS = f"http://127.0.0.1:{9090 + PORTS}"
TIMES = "  group_wait: 0s\n  group_interval: 1s\n  repeat_interval: 1h\n"


class Receivers(ThreadingHTTPServer):
    """Keeps what is posted. `answers` has what a path does instead of answering 200."""

    daemon_threads = True

    def __init__(self):
        self.got = []
        self.answers = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.got.append((time.monotonic(), self.path, json.loads(body)))
                server.answers.get(self.path, lambda handler: handler.answer(200))(self)

            def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def bodies(self, path: str) -> list[dict]:
        return [body for _, posted, body in self.got if posted == path]

    def times(self, path: str) -> list[float]:
        return [at for at, posted, _ in self.got if posted == path]


@pytest.fixture
def receivers():
    with Receivers() as server:
        yield server
        server.shutdown()


def wait(is_done, within: float = 30) -> None:
    deadline = time.monotonic() + within
    while not is_done():
        assert time.monotonic() < deadline, "it has not happened in time"
        time.sleep(0.05)


def post(*alerts: dict, ends_s: float | None = None) -> None:
    """Sends alerts with these labels; they end so much later."""
    body = [{"labels": labels} for labels in alerts]
    for alert in body:
        if ends_s is not None:
            end = time.time() + ends_s
            alert["startsAt"] = datetime.fromtimestamp(end - 3600).astimezone().isoformat()
            alert["endsAt"] = datetime.fromtimestamp(end).astimezone().isoformat()
    answer = requests.post(f"{ALERTMANAGER}/api/v2/alerts", json=body, timeout=30)
    assert answer.status_code == 200, answer.text


def states() -> dict[str, str]:
    alerts = requests.get(f"{ALERTMANAGER}/api/v2/alerts", timeout=30).json()
    return {alert["labels"]["alertname"]: alert["status"]["state"] for alert in alerts}


def alertnames(bodies: list[dict]) -> list[str]:
    return [body["groupLabels"]["alertname"] for body in bodies]


def routed(folder, receivers: Receivers, *names: str) -> str:
    """An `alertmanager.yml` that sends all alerts to webhooks with these names."""
    # All routes match the same alerts, so that their groups have the same key.
    routes = "".join(f"    - {{receiver: {name}, continue: true}}\n" for name in names)
    hooks = "".join(
        f"  - {{name: {name}, webhook_configs: [{{url: {receivers.url}/{name}}}]}}\n" for name in names
    )
    root = f"  receiver: {names[0]}\n  group_by: [alertname]\n{TIMES}"
    file = folder / "alertmanager.yml"
    file.write_text(f"route:\n{root}  routes:\n{routes}receivers:\n{hooks}")
    return str(file)


def kill(process) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def rules(folder, text: str) -> str:
    """A `prometheus.yml` with these groups of rules."""
    (folder / "rules.yml").write_text(text)
    file = folder / "prometheus.yml"
    file.write_text("global: {evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs: []\n")
    return str(file)


def rule_states() -> dict[str, dict]:
    groups = requests.get(f"{PROMETHEUS}/api/v1/rules", timeout=30).json()["data"]["groups"]
    return {rule["name"]: rule for group in groups for rule in group["rules"]}


def test_a_notification_that_a_crash_interrupts_is_sent_again_and_only_once(
    tmp_path, started, receivers
):
    config = routed(tmp_path, receivers, "hook")
    process = start(tmp_path / "data", started, "--adopt", config)
    receivers.answers["/hook"] = lambda _: kill(process)
    try:
        post({"alertname": "A"})
    except requests.exceptions.ConnectionError:
        pass
    wait(lambda: process.poll() is not None)
    assert len(receivers.bodies("/hook")) == 1
    receivers.answers.clear()
    for _ in range(2):
        process = start(tmp_path / "data", started, "--adopt", config)
        # Senders send again what fires.
        post({"alertname": "A"})
        wait(lambda: len(receivers.bodies("/hook")) == 2)
        # The log has it within that time.
        time.sleep(1.5)
        kill(process)
    assert len(receivers.bodies("/hook")) == 2


def test_a_pending_alert_stays_pending_over_a_crash(tmp_path, started):
    config = rules(
        tmp_path,
        "groups: [{name: g, rules: [{alert: Slow, expr: vector(1), for: 15m}]}]",
    )
    process = start(tmp_path / "data", started, "--adopt", config)

    def active_at() -> float:
        alerts = rule_states().get("Slow", {}).get("alerts", [])
        return datetime.fromisoformat(alerts[0]["activeAt"]).timestamp() if alerts else 0.0

    wait(active_at)
    first = active_at()
    time.sleep(8)
    kill(process)
    killed = time.time()
    start(tmp_path / "data", started, "--adopt", config)
    ready = time.time()
    # The time in which nobody looked does not count.
    wait(lambda: 0 < active_at() <= first + (ready - killed) + 5)
    assert rule_states()["Slow"]["state"] == "pending"


def test_receivers_that_fail_hold_up_no_other_one(tmp_path, started, receivers):
    names = ("hangs", "broken", "busy", "talks", "well")
    is_over = threading.Event()

    def first_only(answer):
        count = iter(range(1000))
        return lambda handler: answer(handler) if next(count) == 0 else handler.answer(200)

    receivers.answers = {
        "/hangs": lambda _: is_over.wait(20),
        "/broken": lambda handler: handler.answer(500),
        "/busy": first_only(lambda handler: handler.answer(429, Retry_After="2")),
        "/talks": lambda handler: handler.answer(200, b"x" * 10_000_000),
    }
    config = routed(tmp_path, receivers, *names)
    process = start(tmp_path / "data", started, "--adopt", config)
    try:
        for name in ("A", "B"):
            posted = time.monotonic()
            post({"alertname": name})
            wait(lambda name=name: name in alertnames(receivers.bodies("/well")))
            # The one that hangs does so for 20 s.
            assert time.monotonic() - posted < 10
        wait(lambda: len(receivers.times("/broken")) >= 4)
        wait(lambda: len(receivers.times("/busy")) == 3)
        first = receivers.times("/busy")[0]
        assert max(receivers.times("/busy")) - first >= 2
        # A response is not read to its end, and what was accepted is not sent again.
        assert len(receivers.times("/talks")) == 2
        assert len(receivers.times("/hangs")) == 2
        assert process.poll() is None
    finally:
        is_over.set()


def test_ten_thousand_alerts_are_one_notification(tmp_path, started, receivers):
    config = routed(tmp_path, receivers, "hook")
    text = (tmp_path / "alertmanager.yml").read_text()
    text = text.replace("/hook}", "/hook, max_alerts: 5}")
    (tmp_path / "alertmanager.yml").write_text(text)
    process = start(tmp_path / "data", started, "--adopt", config)
    for part in range(10):
        post(*({"alertname": "Flood", "host": f"h{part}-{i}"} for i in range(1000)))

    def told() -> int:
        bodies = receivers.bodies("/hook")
        return bodies[-1]["truncatedAlerts"] + len(bodies[-1]["alerts"]) if bodies else 0

    wait(lambda: told() == 10_000, within=60)
    # Groups are flushed once in a second, however often alerts change.
    before, began = len(receivers.bodies("/hook")), time.monotonic()
    for i in range(20):
        post({"alertname": "Flood", "host": "flaps"}, ends_s=-1 if i % 2 else 600)
    time.sleep(1)
    sent = len(receivers.bodies("/hook")) - before
    assert sent <= time.monotonic() - began + 2
    status = Path(f"/proc/{process.pid}/status").read_text()
    resident_kib = int(status.split("VmRSS:")[1].split()[0])
    assert resident_kib < 1 << 20, resident_kib


def test_a_rule_that_fails_stops_no_other_one(tmp_path, started, receivers):
    two = '(label_replace(vector(1), "a", "x", "", "") or vector(1))'
    prometheus = rules(
        tmp_path,
        f"""
groups:
  - name: wrong
    rules:
      - {{alert: Wrong, expr: '{two} * on () {two}'}}
      - {{alert: After, expr: vector(1)}}
  - name: other
    rules:
      - {{alert: Watchdog, expr: vector(1)}}
""",
    )
    config = routed(tmp_path, receivers, "hook")
    start(tmp_path / "data", started, "--adopt", prometheus, "--adopt", config)

    wait(lambda: {"After", "Watchdog"} <= set(alertnames(receivers.bodies("/hook"))))
    wrong = rule_states()["Wrong"]
    assert (wrong["health"], "many-to-many" in wrong["lastError"]) == ("err", True), wrong
    metrics = requests.get(f"{PROMETHEUS}/metrics", timeout=30).text
    failures = [line for line in metrics.splitlines() if "rule_evaluation_failures_total" in line]
    assert any("wrong" in line and float(line.split()[-1]) > 0 for line in failures), failures
    # It cannot say that all is well, and the server says so itself.
    wait(lambda: "GlasshouseRulesFailing" in alertnames(receivers.bodies("/hook")))


HOSTILE = {
    "alertname": "<!channel> <http://evil.example|Open>",
    "host": "a\r\nBcc: all@example.com\r\n\r\n<@U123>",
    "text": "<" + "x" * 100_000,
}


def test_labels_mention_nobody_and_endless_templates_end(tmp_path, started, receivers):
    (tmp_path / "endless.tmpl").write_text(
        '{{ define "endless" }}{{ template "endless" . }}{{ end }}'
        '{{ define "large" }}{{ range .Alerts }}{{ template "twice" "0123456789" }}{{ end }}{{ end }}'
        '{{ define "twice" }}{{ template "twice" (print . .) }}{{ end }}'
    )
    (tmp_path / "alertmanager.yml").write_text(
        f"""
templates: [endless.tmpl]
route:
  receiver: slack
  group_by: [alertname]
{TIMES}
  routes: [{{receiver: endless, continue: true}}, {{receiver: large, continue: true}}, {{receiver: slack}}]
receivers:
  - name: slack
    slack_configs: [{{api_url: {receivers.url}/slack, channel: a}}]
  - name: endless
    slack_configs: [{{api_url: {receivers.url}/endless, channel: a, text: '{{{{ template "endless" . }}}}'}}]
  - name: large
    slack_configs: [{{api_url: {receivers.url}/large, channel: a, text: '{{{{ template "large" . }}}}'}}]
"""
    )
    start(tmp_path / "data", started, "--adopt", str(tmp_path / "alertmanager.yml"))
    post(HOSTILE)
    wait(lambda: receivers.bodies("/slack"))
    sent = json.dumps(receivers.bodies("/slack")[0])
    for hostile in ("<!channel", "<http", "<@U123>"):
        assert hostile not in sent, sent[:2000]
    assert len(sent) < 100_000
    failed = 'alertmanager_notifications_failed_total{integration="slack"'
    wait(
        lambda: sum(
            float(line.split()[-1])
            for line in requests.get(f"{ALERTMANAGER}/metrics", timeout=30).text.splitlines()
            if line.startswith(failed)
        )
        >= 2
    )
    assert not receivers.bodies("/endless") and not receivers.bodies("/large")


def test_silences_outlive_a_crash_and_so_does_their_end(tmp_path, started, receivers):
    config = routed(tmp_path, receivers, "hook")
    process = start(tmp_path / "data", started, "--adopt", config)
    hour = 3600
    silence = {
        "matchers": [{"name": "alertname", "value": "(A|B)+", "isRegex": True}],
        "startsAt": datetime.fromtimestamp(time.time()).astimezone().isoformat(),
        "endsAt": datetime.fromtimestamp(time.time() + hour).astimezone().isoformat(),
        "createdBy": "e2e",
        "comment": "e2e",
    }
    answer = requests.post(f"{ALERTMANAGER}/api/v2/silences", json=silence, timeout=30)
    silence_id = answer.json()["silenceID"]
    kill(process)
    process = start(tmp_path / "data", started, "--adopt", config)
    post({"alertname": "A"}, {"alertname": "Other"})
    wait(lambda: receivers.bodies("/hook"))
    assert states() == {"A": "suppressed", "Other": "active"}
    answer = requests.delete(f"{ALERTMANAGER}/api/v2/silence/{silence_id}", timeout=30)
    assert answer.status_code == 200
    kill(process)
    start(tmp_path / "data", started, "--adopt", config)
    post({"alertname": "A"})
    wait(lambda: len(receivers.bodies("/hook")) == 2)
    assert alertnames(receivers.bodies("/hook")) == ["Other", "A"]


def test_files_with_a_mistake_change_nothing(tmp_path, started, receivers):
    good = "groups: [{name: g, rules: [{alert: Old, expr: vector(1)}]}]\n"
    prometheus = rules(tmp_path, good)
    config = tmp_path / "alertmanager.yml"
    routed(tmp_path, receivers, "hook")
    start(tmp_path / "data", started, "--adopt", prometheus, "--adopt", str(config))
    wait(lambda: receivers.bodies("/hook"))
    well = config.read_text()

    def reload(port_url: str) -> requests.Response:
        return requests.post(f"{port_url}/-/reload", timeout=30)

    for file, text, where in [
        (tmp_path / "rules.yml", good + "\nwrong: [\n", "rules.yml:3"),
        (tmp_path / "rules.yml", good.replace("Old, expr: vector(1)", "New, expr: 'vector('"), "rules.yml:1"),
        (config, well.replace("receiver: hook", "receiver: nobody", 1), "alertmanager.yml"),
        (config, well + "unknown: 1\n", "alertmanager.yml:"),
    ]:
        before = file.read_text()
        file.write_text(text)
        for url in (PROMETHEUS, ALERTMANAGER):
            answer = reload(url)
            assert answer.status_code in (400, 500), (text, answer.status_code)
            assert where in answer.text, (where, answer.text)
        file.write_text(before)
        assert list(rule_states()) == ["Old"]
        status = requests.get(f"{ALERTMANAGER}/api/v2/status", timeout=30).json()
        assert "unknown" not in status["config"]["original"]
    (tmp_path / "rules.yml").write_text(good.replace("Old", "New"))
    assert reload(ALERTMANAGER).status_code == 200
    wait(lambda: list(rule_states()) == ["New"])
