/** Not built yet. */
export default function Metrics() {
  return null;
}
