/** The recent series by metric and label, from Prometheus' `/status/tsdb`. */
import { list, number, record, string } from "./decode";
import { request } from "./http";

export interface Count {
  name: string;
  value: number;
}

export interface Cardinality {
  series: number;
  /** The time that the series are from, up to now; milliseconds. */
  spanMs: number;
  labelPairs: number;
  seriesByMetric: Count[];
  seriesByPair: Count[];
  valuesByLabel: Count[];
  bytesByLabel: Count[];
}

/** The largest of each, at most `limit`. */
export async function fetchCardinality(limit: number, signal?: AbortSignal): Promise<Cardinality> {
  const answer = await request("/prometheus/api/v1/status/tsdb", { parameters: { limit }, signal });
  const data = record(record(answer).data);
  const head = record(data.headStats);
  return {
    series: number(head.numSeries),
    spanMs: number(head.maxTime) - number(head.minTime),
    labelPairs: number(head.numLabelPairs),
    seriesByMetric: counts(data.seriesCountByMetricName),
    seriesByPair: counts(data.seriesCountByLabelValuePair),
    valuesByLabel: counts(data.labelValueCountByLabelName),
    bytesByLabel: counts(data.memoryInBytesByLabelName),
  };
}

function counts(value: unknown): Count[] {
  return list(value).map((item) => ({ name: string(record(item).name), value: number(record(item).value) }));
}
