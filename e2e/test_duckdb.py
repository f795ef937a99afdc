"""The DuckDB examples of the documentation count right, whatever else lies among the parts."""

import itertools
import json
import os
import pathlib
import shutil
import time

import duckdb
import pytest
import requests

from conftest import BINARY, PORTS, start

ROOT = pathlib.Path(__file__).parent.parent
CALLS = 12
TOKENS = 100
SIGNALS = ("spans", "logs", "metrics")

pytestmark = pytest.mark.skipif(BINARY is None, reason="GLASSHOUSE_BINARY is not set")


def examples(name: str) -> list[str]:
    """The SQL blocks of a document that ask DuckDB."""
    blocks = (ROOT / name).read_text().split("```sql\n")[1:]
    return [block.split("```")[0] for block in blocks]


def attributes(**pairs) -> list[dict]:
    """Attributes of OTLP; `__` in a name is a point."""
    kinds = {int: "intValue", str: "stringValue"}
    return [
        {"key": key.replace("__", "."), "value": {kinds[type(value)]: str(value)}}
        for key, value in pairs.items()
    ]


def calls() -> dict[str, dict]:
    """Model calls, a failed line of each, and two values of a counter."""
    now = time.time_ns()
    model = attributes(gen_ai__request__model="small", gen_ai__usage__input_tokens=TOKENS)
    ids = [{"traceId": os.urandom(16).hex(), "spanId": os.urandom(8).hex()} for _ in range(CALLS)]
    times = {"startTimeUnixNano": str(now - 1_000_000), "endTimeUnixNano": str(now)}
    event = {"name": "first_token", "timeUnixNano": str(now)}
    spans = [
        {"name": "alex.llm.generate", "attributes": model, "events": [event], **times, **id} for id in ids
    ]
    bodies = itertools.cycle(({"stringValue": '{"message": "rate limit"}'}, {"stringValue": "broken pipe"}))
    records = [
        {"timeUnixNano": str(now), "severityNumber": 17, "body": body, **id} for body, id in zip(bodies, ids)
    ]
    points = [
        {"timeUnixNano": str(now - age), "asInt": str(value), "attributes": attributes(model="small")}
        for age, value in ((2_000_000_000, 1), (1_000_000_000, CALLS + 1))
    ]
    total = {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": points}
    metric = {"name": "alex_llm_requests", "sum": total}
    resource = {"attributes": attributes(service__name="agent", service__version="1.2")}
    return {
        "traces": {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]},
        "logs": {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]},
        "metrics": {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]},
    }


@pytest.fixture
def data(tmp_path, started, monkeypatch):
    """A data folder as the working folder, in which every part lies twice and counts once."""
    process = start(tmp_path, started)
    for kind, body in calls().items():
        url = f"http://127.0.0.1:{4318 + PORTS}/v1/{kind}"
        headers = {"Content-Type": "application/json"}
        answer = requests.post(url, data=json.dumps(body), headers=headers, timeout=10)
        assert answer.status_code == 200 and answer.json() == {}, answer.text
    process.terminate()
    assert process.wait(timeout=40) == 0
    monkeypatch.chdir(tmp_path)
    for signal in SIGNALS:
        parts = list(pathlib.Path("parts", signal).glob("*/*.parquet"))
        assert parts, f"a clean stop left no parts of {signal}"
        for part in parts:
            # As a merge or a crash leaves them: whole, and in no manifest.
            shutil.copy(part, part.with_name(part.stem[:-16] + os.urandom(8).hex() + part.suffix))
    return duckdb.connect()


def test_the_example_of_the_readme_counts_each_call_once(data):
    (example,) = [block for block in examples("README.md") if "read_parquet" in block]
    assert data.execute(example).fetchall() == [("small", CALLS, CALLS * TOKENS)]
    glob = "SELECT count(*) FROM 'parts/spans/*/*.parquet'"
    assert data.execute(glob).fetchall() == [(2 * CALLS,)], "the parts do not lie there twice"


def test_every_example_of_the_formats_counts_each_row_once(data):
    tables, questions = examples("docs/formats/README.md")
    data.execute(tables)
    answers = [data.execute(question).fetchall() for question in questions.split(";") if question.strip()]
    by_model, errors, by_minute, events, growth = answers
    assert by_model == [("small", CALLS, CALLS * TOKENS, 1)]
    assert len(errors) == min(CALLS, 10) and errors[0][1] == "alex.llm.generate"
    assert {message for *_, message in errors} == {"rate limit", "broken pipe"}
    assert [(version, count) for _, version, count in by_minute] == [("1.2", CALLS)]
    assert events == [("first_token", CALLS)]
    assert growth == [("small", CALLS)]
    (of_metrics,) = examples("docs/formats/parts-metrics.md")
    renamed = of_metrics.replace("http_requests_total", "alex_llm_requests_total")
    assert data.execute(renamed).fetchall() == [("agent", CALLS)]
    day = data.execute("SELECT DISTINCT start_time::DATE::VARCHAR FROM spans").fetchall()[0][0]
    assert data.execute("SELECT len(parts('spans', day := $1))", [day]).fetchall() == [(1,)]
