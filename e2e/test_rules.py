"""Rules beside Debian's Prometheus: the same files and targets, the same alerts and series."""

import os
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads

import pytest
import requests

from conftest import PORTS, start
from test_prometheus import Prometheus

pytestmark = pytest.mark.skipif(
    os.environ.get("PROMETHEUS_BINARY") is None, reason="PROMETHEUS_BINARY is not set"
)

RULES = r"""
groups:
  - name: recorded
    rules:
      - record: job:load:sum
        expr: sum by (job) (load)
        labels: {team: core, zone: ""}
      - record: load:ratio
        expr: load / on () group_left () sum(load)
      - record: twice
        expr: load
        labels: {zone: same, host: same}
  - name: alerts
    rules:
      - alert: Busy
        expr: load > 5
        labels: {severity: '{{ if gt $value 8.0 }}critical{{ else }}warning{{ end }}'}
        annotations:
          summary: '{{ $labels.host }} in {{ $labels.zone }} has {{ $value | humanize }} of {{ $externalLabels.region }}'
          share: '{{ with printf "load{host=%q} / 10" $labels.host | query }}{{ . | first | value | humanizePercentage }}{{ end }}'
          wrong: '{{ query "nothing" | first | value }}'
      - alert: BusyForLong
        expr: load > 5
        for: 3s
        annotations: {text: '{{ .Value }} {{ .Labels.absent }} {{ range query "sort_desc(load)" }}{{ .Labels.host }}={{ .Value }} {{ end }}'}
      - alert: Pending
        expr: load > 5
        for: 1h
      - alert: Gone
        expr: absent(load{host="z"})
      - alert: Scalar
        expr: '4'
        annotations: {text: '{{ $value }}'}
      - alert: Same
        expr: load > 0
        labels: {host: x, zone: x}
      - alert: Limited
        expr: load / 0 > 1
"""


class Recorder(ThreadingHTTPServer):
    """A target whose page the test writes, and an Alertmanager that keeps what it gets."""

    def __init__(self):
        self.page = ""
        self.alerts = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, body: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def do_GET(self):
                self.answer(server.page)

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                received = datetime.now(timezone.utc)
                for alert in loads(self.rfile.read(length)):
                    ended = datetime.fromisoformat(alert["endsAt"]) <= received
                    server.alerts.append((alert, "resolved" if ended else "firing"))
                self.answer("")

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def sent(self) -> dict:
        """The alerts by their labels: annotations, and the states in which they came."""
        found = {}
        for alert, state in self.alerts:
            key = tuple(sorted(alert["labels"].items()))
            found.setdefault(key, (alert.get("annotations", {}), set()))[1].add(state)
        return found


def described(group: dict) -> dict:
    """What of a group both servers must say alike."""
    skipped = ("evaluationTime", "lastEvaluation", "keepFiringFor")
    rules = []
    for rule in group["rules"]:
        # Prometheus 2 leaves out labels of recording rules that have none.
        rule = {key: value for key, value in rule.items() if key not in skipped and value != {}}
        alerts = rule.pop("alerts", [])
        for alert in alerts:
            del alert["activeAt"]
        rule["alerts"] = sorted(alerts, key=lambda alert: sorted(alert["labels"].items()))
        rules.append(rule)
    return {"name": group["name"], "interval": group["interval"], "rules": rules}


def test_rules_have_the_results_and_alerts_of_prometheus(tmp_path, started):
    pages = {"ours": Recorder(), "theirs": Recorder()}
    rows = [("a", "x", 9.5), ("b", "x", 7), ("c", "y", 1)]

    def show(rows: list) -> None:
        for recorder in pages.values():
            lines = [f'load{{host="{h}",zone="{z}"}} {value}' for h, z, value in rows]
            recorder.page = "\n".join([*lines, ""])

    show(rows)
    (tmp_path / "rules.yml").write_text(RULES)
    for name, recorder in pages.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "prometheus.yml").write_text(
            f"""
global:
  scrape_interval: 1s
  evaluation_interval: 1s
  external_labels: {{region: eu}}
rule_files: [../rules.yml]
alerting:
  alert_relabel_configs: [{{source_labels: [severity], target_label: level}}]
  alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{recorder.server_port}"]}}]}}]
scrape_configs:
  - job_name: load
    static_configs: [{{targets: ["127.0.0.1:{recorder.server_port}"], labels: {{instance: one}}}}]
"""
        )
    start(tmp_path / "data", started, "--adopt", str(tmp_path / "ours" / "prometheus.yml"))
    # It finds its Alertmanager only after some seconds: what fired before is sent again.
    resend = "--rules.alert.resend-delay=2s"
    prometheus = Prometheus(tmp_path / "theirs", started, resend)
    prometheus.wait('ALERTS{alertname="BusyForLong",alertstate="firing"}')
    urls = {
        "ours": f"http://127.0.0.1:{9090 + PORTS}/api/v1",
        "theirs": f"http://127.0.0.1:{prometheus.port}/api/v1",
    }

    def ask(name: str, path: str, **params) -> dict:
        return requests.get(urls[name] + path, params=params, timeout=30).json()["data"]

    def states() -> list:
        found = []
        for name in urls:
            groups = sorted(ask(name, "/rules")["groups"], key=lambda group: group["name"])
            found.append([described(group) for group in groups])
        return found

    def series() -> list:
        query = '{__name__=~"job:load:sum|load:ratio|ALERTS"}'
        found = []
        for name in urls:
            vector = ask(name, "/query", query=query)["result"]
            values = [(sorted(s["metric"].items()), s["value"][1]) for s in vector]
            found.append(sorted(values))
        return found

    def sent() -> list:
        return [recorder.sent() for recorder in pages.values()]

    def agree(what) -> None:
        deadline = time.monotonic() + 60
        while True:
            ours, theirs = what()
            if ours == theirs:
                return
            if time.monotonic() > deadline:
                break
            time.sleep(0.25)
        assert ours == theirs

    agree(states)
    agree(series)
    # What is never sent while it fires is not sent when it is resolved.
    agree(sent)
    # One is gone, one is new, one changes the label that depends on its value.
    show([("a", "x", 5.5), ("b", "x", 1), ("d", "y", 6)])
    time.sleep(4)
    agree(states)
    agree(series)
    agree(sent)
    assert any("resolved" in states for _, states in pages["ours"].sent().values())
