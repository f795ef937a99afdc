/** Shown while no data is stored: how to send some. */
import { Tabs } from "@mantine/core";
import type { Overview } from "../../api/generated";
import { CodeBlock } from "../../components/code-block";
import { receiverAddress } from "../../components/otlp-receivers";
import { Panel } from "../../components/panel";
import classes from "./home.module.css";

export function FirstSteps({ overview }: { overview: Overview }) {
  const grpc = `http://${receiverAddress(overview, "otlp_grpc") ?? "127.0.0.1:4317"}`;
  const http = `http://${receiverAddress(overview, "otlp_http") ?? "127.0.0.1:4318"}`;
  return (
    <Panel title="No data received yet">
      <div className={classes.start}>
        <p>
          Send data from any OpenTelemetry SDK or Collector as shown below. It appears on this page within
          five seconds. To see example data, run <code>glasshouse demo</code>.
        </p>
        <Tabs defaultValue="environment">
          <Tabs.List>
            <Tabs.Tab value="environment">Environment</Tabs.Tab>
            <Tabs.Tab value="python">Python</Tabs.Tab>
            <Tabs.Tab value="curl">curl</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="environment">
            <CodeBlock text={environment(grpc, http)} />
          </Tabs.Panel>
          <Tabs.Panel value="python">
            <CodeBlock text={python(grpc)} />
          </Tabs.Panel>
          <Tabs.Panel value="curl">
            <CodeBlock text={curl(http)} />
          </Tabs.Panel>
        </Tabs>
      </div>
    </Panel>
  );
}

function environment(grpc: string, http: string): string {
  return `export OTEL_SERVICE_NAME=my-agent

# OTLP over gRPC
export OTEL_EXPORTER_OTLP_PROTOCOL=grpc
export OTEL_EXPORTER_OTLP_ENDPOINT=${grpc}

# or OTLP over HTTP
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_EXPORTER_OTLP_ENDPOINT=${http}`;
}

function python(grpc: string): string {
  return `# pip install opentelemetry-sdk opentelemetry-exporter-otlp
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource.create({"service.name": "my-agent"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint="${grpc}", insecure=True)))
trace.set_tracer_provider(provider)

with trace.get_tracer("first").start_as_current_span("hello"):
    pass
provider.shutdown()`;
}

function curl(http: string): string {
  return `now=$(date +%s)
curl -i ${http}/v1/traces -H 'Content-Type: application/json' -d '{
  "resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my-agent"}}]},
    "scopeSpans": [{"spans": [{
      "traceId": "'$(openssl rand -hex 16)'", "spanId": "'$(openssl rand -hex 8)'", "name": "hello", "kind": 1,
      "startTimeUnixNano": "'$now'000000000", "endTimeUnixNano": "'$now'500000000"
    }]}]
  }]
}'`;
}
