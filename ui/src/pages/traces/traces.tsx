/** Not built yet. */
export default function Traces() {
  return null;
}
