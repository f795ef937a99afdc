"""Bad input gets the error of the protocol, and the process goes on."""

import gzip
import json
import os

import grpc
import pytest
import requests
from google.rpc import status_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from conftest import OFFSET, address, get

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}


def span(**changes) -> dict:
    good = {
        "traceId": os.urandom(16).hex(),
        "spanId": os.urandom(8).hex(),
        "name": "good",
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000001000000000",
    }
    return good | changes


def body(*spans) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


CASES = [
    ("truncated protobuf", b"\x0a\xff\xff\xff\xff\x0f", PROTOBUF, 400),
    ("wrong wire type", b"\x08\x01\x0b", PROTOBUF, 400),
    ("not JSON", b"{", JSON, 400),
    ("wrongly typed JSON", b'{"resourceSpans": 5}', JSON, 400),
    ("deep JSON", b"[" * 200_000, JSON, 400),
    ("plain text", b"hello", {"Content-Type": "text/plain"}, 415),
    ("unknown encoding", b"", PROTOBUF | {"Content-Encoding": "br"}, 415),
    ("gzip that is none", b"hello", PROTOBUF | {"Content-Encoding": "gzip"}, 400),
    ("gzip bomb", gzip.compress(bytes(200 << 20)), PROTOBUF | {"Content-Encoding": "gzip"}, 413),
    ("huge body", bytes(80 << 20), PROTOBUF, 413),
    ("empty request", b"", PROTOBUF, 200),
]


@pytest.mark.parametrize("name,data,headers,status", CASES, ids=[case[0] for case in CASES])
def test_a_bad_body_gets_its_status(name, data, headers, status):
    try:
        answer = requests.post(address(4318) + "/v1/traces", data=data, headers=headers, timeout=30)
    except requests.exceptions.ConnectionError:
        assert status == 413, "only an oversized body may be cut off"
        return
    assert answer.status_code == status, answer.text[:300]
    if status >= 400 and headers["Content-Type"] == "application/x-protobuf":
        assert status_pb2.Status.FromString(answer.content).message
    if status >= 400 and headers["Content-Type"] == "application/json":
        assert answer.json()["message"]
    assert get(13133, "/")


REJECTED = [
    ("zero trace id", {"traceId": "0" * 32}),
    ("short span id", {"spanId": "abcd"}),
    ("the year 2262", {"startTimeUnixNano": "9214646400000000000", "endTimeUnixNano": "9214646400000000000"}),
    ("past the end of time", {"startTimeUnixNano": "18446744073709551615"}),
]


@pytest.mark.parametrize("name,changes", REJECTED, ids=[case[0] for case in REJECTED])
def test_the_good_part_of_a_batch_is_kept(name, changes):
    good = span()
    answer = requests.post(
        address(4318) + "/v1/traces", data=body(span(**changes), good), headers=JSON, timeout=30
    )
    assert answer.status_code == 200, answer.text
    partial = answer.json()["partialSuccess"]
    assert int(partial["rejectedSpans"]) == 1 and partial["errorMessage"]
    assert get(3200, f"/api/traces/{good['traceId']}")


def test_an_oversized_grpc_message_is_refused_for_good():
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{4317 + OFFSET}", options=options) as channel:
        request = trace_service_pb2.ExportTraceServiceRequest()
        one = request.resource_spans.add().scope_spans.add().spans.add()
        one.name = "x" * (80 << 20)
        with pytest.raises(grpc.RpcError) as error:
            trace_service_pb2_grpc.TraceServiceStub(channel).Export(request, timeout=60)
        assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        retry = dict(error.value.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
        assert b"RetryInfo" not in retry


QUERIES = [
    (9090, "/api/v1/query", {"query": "sum("}, 400),
    (9090, "/api/v1/query", {"query": "(" * 20_000}, 400),
    (9090, "/api/v1/query_range", {"query": "up", "start": 0, "end": 100_000_000, "step": 1}, 400),
    (3100, "/loki/api/v1/query_range", {"query": '{a="b"'}, 400),
    (3200, "/api/search", {"q": "{ span.x = "}, 400),
    (3200, "/api/traces/nothex", {}, 400),
    (3200, "/api/traces/" + "f" * 32, {}, 404),
    (16686, "/api/traces/" + "f" * 32, {}, 404),
]


@pytest.mark.parametrize("port,path,params,status", QUERIES, ids=[str(i) for i in range(len(QUERIES))])
def test_a_bad_query_gets_its_status(port, path, params, status):
    answer = requests.post if len(str(params)) > 4000 else requests.get
    kind = "data" if len(str(params)) > 4000 else "params"
    assert answer(address(port) + path, timeout=30, **{kind: params}).status_code == status


def test_sql_is_read_only():
    for query in [
        "DROP TABLE spans",
        "INSERT INTO logs VALUES (1)",
        "COPY spans TO 'x.parquet'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SET datafusion.execution.batch_size = 1",
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    ]:
        answer = requests.post(address(3000) + "/api/sql", json={"query": query}, timeout=30)
        assert answer.status_code == 400, (query[:60], answer.status_code, answer.text[:300])
        assert answer.json()["error"]
