"""The same data by remote write into Prometheus and into Glasshouse, the same queries to both.

Prints how many answers are equal and each that is not; ends with status 1 if one differs that no
entry of EXPLAINED explains. `cargo xtask compare prometheus` runs it.

PROMETHEUS_BINARY      the real Prometheus
GLASSHOUSE_PORT_OFFSET where the binary under comparison listens
GLASSHOUSE_CORPORA     for the queries of Prometheus' compliance tests, when they are there
COMPARE_SEED           of the generated queries; 1 when unset
"""

import json
import math
import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

OFFSET = int(os.environ.get("GLASSHOUSE_PORT_OFFSET", "0"))
PROMETHEUS = os.environ["PROMETHEUS_BINARY"]
CORPORA = os.environ.get("GLASSHOUSE_CORPORA", "../shared/corpora")
COMPLIANCE = "prometheus-compliance/derived/promql_expanded.json"

INTERVAL_MS = 15_000
SAMPLES = 600
GENERATED = 800
STEP_S = 60
# Relative difference of values that is due to the order of additions.
TOLERANCE = 1e-9

# What Prometheus 3 does otherwise than the version of Debian, with the reason.
EXPLAINED = [
    (r"holt_winters|double_exponential_smoothing", "renamed in 3.0"),
    (r"sort_by_label|limitk|limit_ratio|mad_over_time|info\(|ts_of_|first_over_time", "newer than Debian's"),
    (r"stddev|stdvar", "computed by another algorithm since 3.0"),
    (r"label_replace|label_join", "refuses other label names since 3.0"),
    (r"\[\w+:\w*\].*\[\w+:\w*\]", "steps of the outer subquery are at left ends of the inner one's ranges"),
]


def series() -> list[tuple[dict, list[float]]]:
    """Counters, gauges, a classic histogram and series with gaps, as of a small service."""
    rng = random.Random(7)
    found = []

    def add(name: str, values, **labels):
        found.append(({"__name__": name, "job": "demo", **labels}, list(values)))

    def counter(rate: float):
        total = 0.0
        for i in range(SAMPLES):
            total = rng.random() if i % 211 == 210 else total + rng.random() * rate
            yield total

    def walk(start: float):
        for _ in range(SAMPLES):
            start += rng.uniform(-1, 1) * 1e6
            yield start

    for instance in ("demo.example:10000", "demo.example:10001", "demo.example:10002"):
        of = {"instance": instance}
        for mode in ("idle", "system", "user"):
            add("demo_cpu_usage_seconds_total", counter(1), mode=mode, **of)
        for kind in ("buffers", "cached", "free", "used"):
            add("demo_memory_usage_bytes", walk(1e9), type=kind, **of)
        add("demo_disk_usage_bytes", walk(4e9), **of)
        add("demo_disk_total_bytes", [8e9] * SAMPLES, **of)
        add("demo_num_cpus", [4] * SAMPLES, **of)
        add("demo_batch_last_success_timestamp_seconds", (1e9 + i // 40 for i in range(SAMPLES)), **of)
        add("demo_items_shipped_total", counter(9), **of)
        gaps = (math.nan if i // 20 % 3 == 1 else 1.0 for i in range(SAMPLES))
        add("demo_intermittent_metric", gaps, **of)
        for path in ("/api/foo", "/api/bar", "/api/nonexistent"):
            for status in ("200", "500"):
                request = {"path": path, "status": status, "method": "GET", **of}
                name = "demo_api_request_duration_seconds"
                buckets = [list(counter(2)) for _ in range(5)]
                total = [0.0] * SAMPLES
                for bound, bucket in zip(("0.005", "0.025", "0.1", "0.5", "+Inf"), buckets):
                    total = [a + b for a, b in zip(total, bucket)]
                    add(f"{name}_bucket", total, le=bound, **request)
                add(f"{name}_count", total, **request)
                add(f"{name}_sum", (value / 9 for value in total), **request)
    return found


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def write_request(batch: list[tuple[dict, int, float]]) -> bytes:
    """`prometheus.WriteRequest`, as a snappy block of literals."""
    out = b""
    for labels, timestamp_ms, value in batch:
        pairs = b"".join(
            field(1, field(1, name.encode()) + field(2, text.encode()))
            for name, text in sorted(labels.items())
        )
        sample = b"\x09" + struct.pack("<d", value) + b"\x10" + varint(timestamp_ms)
        out += field(1, pairs + field(2, sample))
    block = varint(len(out))
    for start in range(0, len(out), 65_536):
        literal = out[start : start + 65_536]
        block += bytes([61 << 2]) + struct.pack("<H", len(literal) - 1) + literal
    return block


def send(addresses: list[str], newest_ms: int) -> None:
    headers = {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    all_series = series()
    for i in range(SAMPLES):
        at = newest_ms - (SAMPLES - 1 - i) * INTERVAL_MS
        values = [(labels, at, values[i]) for labels, values in all_series]
        body = write_request([item for item in values if not math.isnan(item[2])])
        for address in addresses:
            answer = requests.post(f"{address}/api/v1/write", data=body, headers=headers, timeout=60)
            assert answer.status_code in (200, 204), f"{address}: {answer.status_code} {answer.text}"


class Generator:
    """Random queries over the series."""

    COUNTERS = ["demo_cpu_usage_seconds_total", "demo_items_shipped_total"]
    GAUGES = ["demo_memory_usage_bytes", "demo_disk_usage_bytes", "demo_num_cpus", "demo_intermittent_metric"]
    LABELS = ["instance", "mode", "type", "job", "path"]

    def __init__(self, seed: int):
        self.rng = random.Random(seed)

    def pick(self, *options):
        return self.rng.choice(options)

    def selector(self) -> str:
        name = self.pick(*self.COUNTERS, *self.GAUGES)
        matcher = self.pick(
            "", "", '{instance=~".*1000[01]"}', '{instance!="demo.example:10000"}',
            '{mode=~"idle|user"}', '{type!~"b.*"}', '{job="demo",absent=""}',
        )
        offset = self.pick("", "", "", " offset 7m", " offset -3m")
        return f"{name}{matcher}{offset}"

    def ranged(self) -> str:
        text = self.selector()
        at = text.find(" offset")
        name, offset = (text, "") if at < 0 else (text[:at], text[at:])
        return f"{name}[{self.pick('1m', '5m', '13m', '1h')}]{offset}"

    def vector(self, depth: int) -> str:
        if depth <= 0:
            return self.selector()
        over = ["avg", "min", "max", "sum", "count", "last", "present"]
        kind = self.rng.randrange(8)
        if kind == 0:
            function = self.pick("rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets")
            return f"{function}({self.ranged()})"
        if kind == 1:
            return f"{self.pick(*over)}_over_time({self.ranged()})"
        if kind == 2:
            by = self.pick("by", "without")
            labels = ", ".join(self.rng.sample(self.LABELS, self.rng.randrange(3)))
            aggregation = self.pick("sum", "avg", "min", "max", "count", "group")
            return f"{aggregation} {by} ({labels}) ({self.vector(depth - 1)})"
        if kind == 3:
            operator = self.pick("+", "-", "*", "/", "%", "^", ">", "<= bool", "and", "or", "unless")
            return f"({self.vector(depth - 1)} {operator} {self.vector(depth - 1)})"
        if kind == 4:
            operator = self.pick("+", "-", "*", "/", "%", "> bool", "<")
            return f"({self.vector(depth - 1)} {operator} {self.pick('2', '0.5', '1e9', '0', '-3')})"
        if kind == 5:
            function = self.pick("abs", "ceil", "floor", "exp", "ln", "sqrt", "sgn", "timestamp", "hour")
            return f"{function}({self.vector(depth - 1)})"
        if kind == 6:
            return f"max_over_time(({self.vector(depth - 1)})[{self.pick('10m:1m', '20m:90s', '5m:')}])"
        return f"quantile by (job) ({self.pick('0.1', '0.5', '0.99')}, {self.vector(depth - 1)})"


def queries() -> list[str]:
    found = []
    compliance = Path(CORPORA) / COMPLIANCE
    if compliance.is_file():
        found += [case["query"] for case in json.loads(compliance.read_text())["cases"]]
    else:
        print(f"SKIPPED: {compliance} is not there")
    generator = Generator(int(os.environ.get("COMPARE_SEED", "1")))
    return found + [generator.vector(3) for _ in range(GENERATED)]


def ask(address: str, query: str, start_s: float, end_s: float):
    """The result of a range query by series, or the type of the error."""
    parameters = {"query": query, "start": start_s, "end": end_s, "step": STEP_S}
    answer = requests.post(f"{address}/api/v1/query_range", data=parameters, timeout=120).json()
    if answer["status"] != "success":
        return answer["errorType"]
    result = answer["data"]["result"]
    return {json.dumps(one["metric"], sort_keys=True): one.get("values", []) for one in result}


def is_close(ours, theirs) -> bool:
    """Whether values differ by no more than the order of additions explains."""
    if isinstance(ours, str) or isinstance(theirs, str) or ours.keys() != theirs.keys():
        return False
    for key, values in ours.items():
        if [at for at, _ in values] != [at for at, _ in theirs[key]]:
            return False
        for (_, a), (_, b) in zip(values, theirs[key]):
            a, b = float(a), float(b)
            if a != b and not (math.isnan(a) and math.isnan(b)):
                if not math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=1e-12):
                    return False
    return True


def explanation(query: str) -> str | None:
    return next((reason for pattern, reason in EXPLAINED if re.search(pattern, query)), None)


def compare(glasshouse: str, prometheus: str, newest_ms: int) -> int:
    # Steps of subqueries are multiples of their interval: none is at the left end of a range, where
    # there is one no longer since 3.0.
    end_s = newest_ms // 60_000 * 60 + 7
    start_s = end_s - 3600
    counts = {"equal": 0, "equal but for rounding": 0, "both refuse": 0, "explained": 0, "different": 0}
    for query in queries():
        ours, theirs = (ask(a, query, start_s, end_s) for a in (glasshouse, prometheus))
        if isinstance(ours, str) and isinstance(theirs, str):
            counts["both refuse"] += 1
        elif ours == theirs:
            counts["equal"] += 1
        elif is_close(ours, theirs):
            counts["equal but for rounding"] += 1
        elif reason := explanation(query):
            counts["explained"] += 1
            print(f"explained: {query}: {reason}")
        else:
            counts["different"] += 1
            print(f"DIFFERENT: {query}\n  ours:   {str(ours)[:300]}\n  theirs: {str(theirs)[:300]}")
    print(", ".join(f"{name} {count}" for name, count in counts.items()))
    return counts["different"]


def main() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    glasshouse, prometheus = (f"http://127.0.0.1:{p}" for p in (9090 + OFFSET, port))
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "prometheus.yml"
        config.write_text("global: {scrape_interval: 1m}\n")
        command = [
            PROMETHEUS,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-remote-write-receiver",
            "--enable-feature=promql-at-modifier,promql-negative-offset",
            "--log.level=error",
        ]
        process = subprocess.Popen(command)
        try:
            for _ in range(300):
                try:
                    if requests.get(f"{prometheus}/-/ready", timeout=5).ok:
                        break
                except requests.exceptions.ConnectionError:
                    pass
                time.sleep(0.1)
            # Samples lie between the steps: since 3.0 a range has no sample at its left end.
            newest_ms = int(time.time()) // 60 * 60_000 - 60_000 - 1_234
            send([glasshouse, prometheus], newest_ms)
            return compare(glasshouse, prometheus, newest_ms)
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
