/** Not built yet. */
export default function Trace() {
  return null;
}
