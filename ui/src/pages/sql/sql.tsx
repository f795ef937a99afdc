/** Not built yet. */
export default function Sql() {
  return null;
}
