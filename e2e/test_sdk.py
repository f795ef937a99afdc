"""What the OpenTelemetry Python SDK sends comes back from every API, whole and at once."""

import logging

import pytest
import requests
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from conftest import address, get, sql

TRANSPORTS = ["grpc", "http", "http-gzip"]


def exporter(grpc_class, http_class, transport: str, path: str, **options):
    """An exporter of one signal over one transport, aimed at the binary under test."""
    if transport == "grpc":
        return grpc_class(endpoint=address(4317), insecure=True, **options)
    compression = Compression.Gzip if transport == "http-gzip" else Compression.NoCompression
    return http_class(endpoint=address(4318) + path, compression=compression, **options)


def resource(service: str) -> Resource:
    return Resource.create({"service.name": service, "deployment.environment.name": "test"})


def send_trace(service: str, transport: str) -> tuple[str, str]:
    """A task with one failed child; returns trace id and the child's span id."""
    provider = TracerProvider(resource=resource(service))
    spans = exporter(GrpcSpans, HttpSpans, transport, "/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracer = provider.get_tracer("e2e", "1.0")
    with tracer.start_as_current_span("alex.session.solve_task", kind=SpanKind.SERVER) as root:
        root.set_attribute("alex.session_id", "s-1")
        with tracer.start_as_current_span("alex.llm.generate", kind=SpanKind.CLIENT) as call:
            call.set_attribute("gen_ai.usage.input_tokens", 1234)
            call.set_attribute("alex.cost", 0.25)
            call.set_attribute("stream", True)
            call.set_attribute("stops", ["a", "b"])
            call.record_exception(ValueError("rate limit"))
            call.set_status(Status(StatusCode.ERROR, "rate limit"))
    provider.shutdown()
    ids = root.get_span_context(), call.get_span_context()
    return trace.format_trace_id(ids[0].trace_id), trace.format_span_id(ids[1].span_id)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_trace_comes_back_from_tempo_by_id(service, transport):
    trace_id, _ = send_trace(service, transport)
    answer = requests.get(
        f"{address(3200)}/api/traces/{trace_id}", headers={"Accept": "application/json"}, timeout=30
    ).json()
    batches = answer.get("batches") or answer.get("resourceSpans")
    spans = [
        span for batch in batches for scope in batch["scopeSpans"] for span in scope["spans"]
    ]
    assert {span["name"] for span in spans} == {"alex.session.solve_task", "alex.llm.generate"}
    call = next(span for span in spans if span["name"] == "alex.llm.generate")
    attributes = {item["key"]: item["value"] for item in call["attributes"]}
    assert int(attributes["gen_ai.usage.input_tokens"]["intValue"]) == 1234
    assert attributes["alex.cost"]["doubleValue"] == 0.25
    assert attributes["stream"]["boolValue"] is True
    assert len(attributes["stops"]["arrayValue"]["values"]) == 2
    assert call["events"][0]["name"] == "exception"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_trace_is_found_by_jaeger_tempo_and_sql(service, transport):
    trace_id, span_id = send_trace(service, transport)
    assert service in get(16686, "/api/services")["data"]
    operations = get(16686, f"/api/services/{service}/operations")["data"]
    assert set(operations) == {"alex.session.solve_task", "alex.llm.generate"}
    found = get(16686, "/api/traces", service=service, operation="alex.llm.generate", limit=5)["data"]
    assert [one["traceID"] for one in found] == [trace_id]
    assert len(found[0]["spans"]) == 2
    by_tag = get(16686, "/api/traces", service=service, tags='{"error":"true"}')["data"]
    assert [one["traceID"] for one in by_tag] == [trace_id]
    query = f'{{ resource.service.name = "{service}" && span.gen_ai.usage.input_tokens > 1000 }}'
    traces = get(3200, "/api/search", q=query, limit=5)["traces"]
    assert [one["traceID"].rjust(32, "0") for one in traces] == [trace_id]
    assert traces[0]["rootTraceName"] == "alex.session.solve_task"
    rows = sql(
        "SELECT span_id, status_code, duration_ns, attributes['alex.cost'] AS cost FROM spans "
        f"WHERE trace_id = '{trace_id}' AND name = 'alex.llm.generate'"
    )
    assert rows[0]["span_id"] == span_id
    assert rows[0]["status_code"] == "error"
    assert float(rows[0]["cost"]) == 0.25
    assert rows[0]["duration_ns"] > 0


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_log_records_come_back_from_loki_and_sql(service, transport, now):
    provider = LoggerProvider(resource=resource(service))
    records = exporter(GrpcLogs, HttpLogs, transport, "/v1/logs")
    provider.add_log_record_processor(SimpleLogRecordProcessor(records))
    logger = logging.getLogger(service)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(LoggingHandler(logger_provider=provider))
    logger.info('{"message": "task accepted", "session": "s-1"}')
    logger.error('{"message": "model call failed", "error_type": "rate_limit", "code": 429}')
    provider.shutdown()

    def lines(query):
        data = get(3100, "/loki/api/v1/query_range", query=query, start=now - 60, end=now + 60)
        return [value[1] for stream in data["data"]["result"] for value in stream["values"]]

    assert len(lines(f'{{service_name="{service}"}}')) == 2
    assert len(lines(f'{{service_name="{service}"}} |= "rate_limit"')) == 1
    assert len(lines(f'{{service_name="{service}"}} | json | code >= 400')) == 1
    counted = get(3100, "/loki/api/v1/query", query=f'sum(count_over_time({{service_name="{service}"}}[5m]))')
    assert counted["data"]["result"][0]["value"][1] == "2"
    assert "service_name" in get(3100, "/loki/api/v1/labels")["data"]
    assert service in get(3100, "/loki/api/v1/label/service_name/values")["data"]
    rows = sql(f"SELECT severity_text, body FROM logs WHERE service_name = '{service}' ORDER BY timestamp")
    assert [row["severity_text"] for row in rows] == ["INFO", "ERROR"]


def send_metrics(service: str, transport: str, **options) -> None:
    """Two exports of every kind of instrument."""
    samples = exporter(GrpcMetrics, HttpMetrics, transport, "/v1/metrics", **options)
    reader = PeriodicExportingMetricReader(samples, export_interval_millis=3_600_000)
    view = View(instrument_name="sizes", aggregation=ExponentialBucketHistogramAggregation())
    provider = MeterProvider(resource=resource(service), metric_readers=[reader], views=[view])
    meter = provider.get_meter("e2e", "1.0")
    requests_total = meter.create_counter("alex.llm.requests", unit="1", description="LLM calls")
    latency = meter.create_histogram("alex.llm.latency", unit="s")
    sizes = meter.create_histogram("sizes", unit="By")
    active = meter.create_up_down_counter("alex.sessions.active")
    gauge = meter.create_gauge("queue.depth")
    for _ in range(2):
        requests_total.add(3, {"model": "gpt-4o"})
        latency.record(0.4, {"model": "gpt-4o"})
        sizes.record(700)
        active.add(2)
        gauge.set(7.5)
        provider.force_flush()
    provider.shutdown()


def value(query: str) -> float:
    result = get(9090, "/api/v1/query", query=query)["data"]["result"]
    assert len(result) == 1, result
    return float(result[0]["value"][1])


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_kind_of_metric_is_answered_by_promql_and_sql(service, transport):
    send_metrics(service, transport)
    assert value(f'alex_llm_requests_total{{job="{service}",model="gpt-4o"}}') == 6
    assert value(f'alex_llm_latency_seconds_count{{job="{service}"}}') == 2
    assert value(f'alex_llm_latency_seconds_bucket{{job="{service}",le="5"}}') == 2
    assert value(f'alex_sessions_active{{job="{service}"}}') == 4
    assert value(f'queue_depth{{job="{service}"}}') == 7.5
    histogram = get(9090, "/api/v1/query", query=f'sizes_bytes{{job="{service}"}}')["data"]["result"]
    assert histogram[0]["histogram"][1]["count"] == "2"
    quantile = f'histogram_quantile(0.9, sum by (le) (alex_llm_latency_seconds_bucket{{job="{service}"}}))'
    assert value(quantile) > 0
    assert service in get(9090, "/api/v1/label/job/values")["data"]
    rows = sql(
        "SELECT max(value) AS value FROM metrics WHERE name = 'alex_llm_requests_total' "
        f"AND labels['job'] = '{service}'"
    )
    assert rows[0]["value"] == 6


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_delta_sums_count_up(service, transport):
    delta = {Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA}
    send_metrics(service, transport, preferred_temporality=delta)
    assert value(f'alex_llm_requests_total{{job="{service}"}}') == 6
    assert value(f'alex_llm_latency_seconds_count{{job="{service}"}}') == 2


def test_the_one_port_answers_for_all(service):
    trace_id, _ = send_trace(service, "http")
    assert get(3000, f"/tempo/api/traces/{trace_id}")
    assert service in get(3000, "/jaeger/api/services")["data"]
    assert get(3000, "/prometheus/api/v1/query", query="1")["data"]["resultType"] == "scalar"
    assert "data" in get(3000, "/loki/api/v1/labels")
    names = [one["name"] for one in get(3000, "/api/overview")["services"]]
    assert service in names
