/** Not built yet. */
export default function Logs() {
  return null;
}
