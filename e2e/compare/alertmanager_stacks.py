"""The two stacks that `alertmanager.py` compares, and the server behind both.

Debian's Prometheus sends to Debian's Alertmanager; the binary under test is both in one process.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import requests

OFFSET = int(os.environ["GLASSHOUSE_PORT_OFFSET"])
GLASSHOUSE = os.environ["GLASSHOUSE_BINARY"]
PROMETHEUS = os.environ["PROMETHEUS_BINARY"]
ALERTMANAGER = os.environ["ALERTMANAGER_BINARY"]
# Where users of either stack are told to look, so that no link differs.
EXTERNAL_URL = f"http://127.0.0.1:{3000 + OFFSET}"

# Debian's programs read their templates from this folder.
INSTALLED = b"/usr/share/prometheus/alertmanager"
UNPACKED = b"usr/share/prometheus//alertmanager"
# Prometheus passes the Alertmanagers that it has found on every 5 seconds.
DISCOVERY_S = 6


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def usable(program: str, folder: Path) -> tuple[str, Path]:
    """A program of the package, and the folder to run it in.

    Of a package that is only unpacked, it is a copy with a relative path of the same length.
    """
    found = Path(shutil.which(program) or program).resolve()
    if Path(INSTALLED.decode(), "default.tmpl").is_file():
        return str(found), folder
    copy = folder / found.name
    copy.write_bytes(found.read_bytes().replace(INSTALLED, UNPACKED))
    copy.chmod(0o755)
    return str(copy), found.parents[2]


class Behind(ThreadingHTTPServer):
    """The target of both stacks, and the receivers of their notifications.

    The first part of a path is the name of the stack.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        self.page = None
        self.received = []
        # The status that a receiver answers, and how many times for each stack; 200 otherwise.
        self.failures = {}
        # The seconds after which a receiver answers.
        self.delays_s = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status: int, body: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def do_GET(self):
                page = server.page
                self.answer(503 if page is None else 200, page or "")

            def do_POST(self):
                at = time.time()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                _, stack, receiver = urlsplit(self.path).path.split("/", 2)
                server.received.append((stack, receiver, at, json.loads(body)))
                time.sleep(server.delays_s.get(receiver, 0))
                status, times = server.failures.get(receiver, (200, 0))
                same = (stack, receiver)
                count = sum(received[:2] == same for received in server.received)
                self.answer(status if count <= times else 200, "ok")

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Stack:
    """One of both: its files, its processes, and its API of Alertmanager."""

    name = ""

    def __init__(self, folder: Path, amtool: str, behind: Behind):
        self.folder = folder / self.name
        self.folder.mkdir()
        self.amtool_program = amtool
        self.behind = f"http://127.0.0.1:{behind.server_port}/{self.name}"
        self.target = f"127.0.0.1:{behind.server_port}"
        self.processes = []
        self.silences = {}

    def configure(self, rules: Path, alertmanager: str, template: str) -> None:
        """Writes the files. `BEHIND` in `alertmanager.yml` is the URL of the receivers."""
        (self.folder / "scenario.tmpl").write_text(template)
        (self.folder / "alertmanager.yml").write_text(alertmanager.replace("BEHIND", self.behind))
        (self.folder / "prometheus.yml").write_text(
            f"""
global:
  scrape_interval: 500ms
  scrape_timeout: 500ms
  evaluation_interval: 1s
  external_labels: {{region: eu}}
rule_files: [{rules}]
{self.alerting()}
scrape_configs:
  - job_name: load
    metrics_path: /{self.name}/metrics
    static_configs: [{{targets: ["{self.target}"], labels: {{instance: one}}}}]
"""
        )

    def run(self, command: list[str], folder: Path | None = None) -> None:
        log = (self.folder / f"{len(self.processes)}.log").open("ab")
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        self.processes.append(process)

    def kill(self) -> None:
        """Ends all processes as a crash does."""
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.processes = []

    def wait(self) -> None:
        """Waits until the APIs answer."""
        for _ in range(1200):
            for process in self.processes:
                assert process.poll() is None, f"{process.args}: exit {process.returncode}"
            try:
                if all(requests.get(url, timeout=5).ok for url in self.ready_urls()):
                    return
            except requests.exceptions.RequestException:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{self.name}: not ready in 60 s")

    def get(self, path: str):
        answer = requests.get(f"{self.alertmanager}/api/v2/{path}", timeout=30)
        assert answer.ok, f"{self.name}: {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def reload(self) -> None:
        answer = requests.post(f"{self.alertmanager}/-/reload", timeout=30)
        assert answer.ok, f"{self.name}: {answer.status_code} {answer.text}"

    def amtool(self, *arguments: str) -> str:
        command = [self.amtool_program, f"--alertmanager.url={self.alertmanager}/", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, f"{self.name}: {arguments}: {done.stderr}"
        return done.stdout.strip()

    def silence(self, name: str, *matchers: str) -> None:
        about = ["--author=compare", f"--comment={name}", "--duration=10m"]
        self.silences[name] = self.amtool("silence", "add", *about, *matchers)

    def expire(self, name: str) -> None:
        self.amtool("silence", "expire", self.silences[name])


class Ours(Stack):
    name = "ours"
    alertmanager = f"http://127.0.0.1:{9093 + OFFSET}"

    def alerting(self) -> str:
        return ""

    def ready_urls(self) -> list[str]:
        return [f"http://127.0.0.1:{13133 + OFFSET}/"]

    def start(self) -> None:
        files = [f"--adopt={self.folder}/{file}.yml" for file in ("prometheus", "alertmanager")]
        where = ["--port-offset", str(OFFSET), "--data", str(self.folder / "data")]
        self.run([GLASSHOUSE, "serve", "--log", "warn", *where, *files])


class Theirs(Stack):
    name = "theirs"

    def __init__(self, folder: Path, amtool: str, behind: Behind):
        super().__init__(folder, amtool, behind)
        self.ports = free_port(), free_port()
        self.prometheus, self.alertmanager = (f"http://127.0.0.1:{port}" for port in self.ports)
        self.program = usable(ALERTMANAGER, folder)

    def alerting(self) -> str:
        targets = f'[{{targets: ["127.0.0.1:{self.ports[1]}"]}}]'
        return f"alerting: {{alertmanagers: [{{static_configs: {targets}}}]}}"

    def ready_urls(self) -> list[str]:
        return [f"{url}/-/ready" for url in (self.prometheus, self.alertmanager)]

    def start(self) -> None:
        prometheus, alertmanager = self.ports
        web = [f"--web.external-url={EXTERNAL_URL}", "--web.route-prefix=/"]
        program, folder = self.program
        self.run(
            [
                program,
                f"--config.file={self.folder}/alertmanager.yml",
                f"--storage.path={self.folder}/alertmanager",
                f"--web.listen-address=127.0.0.1:{alertmanager}",
                "--cluster.listen-address=",
                # What is not saved is lost when it is killed. Glasshouse saves at once.
                "--data.maintenance-interval=1s",
                *web,
            ],
            folder,
        )
        self.run(
            [
                PROMETHEUS,
                f"--config.file={self.folder}/prometheus.yml",
                f"--storage.tsdb.path={self.folder}/tsdb",
                f"--web.listen-address=127.0.0.1:{prometheus}",
                *web,
            ]
        )


def start_both(stacks: list[Stack]) -> None:
    """Starts both, and waits until alerts reach the Alertmanagers."""
    for stack in stacks:
        stack.start()
    for stack in stacks:
        stack.wait()
    time.sleep(DISCOVERY_S)


def mute_times(now: datetime) -> tuple[float, str]:
    """A start on the second, and the text of a time interval that ends 21 to 53 seconds later.

    The end is 5 seconds after a multiple of 8 seconds from the start, where no group is flushed.
    """
    start = now.replace(microsecond=0) + timedelta(seconds=1)
    while start.second not in (7, 15, 23, 31, 39):
        start += timedelta(seconds=1)
    end = start.replace(second=0) + timedelta(minutes=1)
    text = "24:00" if (end.hour, end.minute) == (0, 0) else end.strftime("%H:%M")
    return start.timestamp(), text

