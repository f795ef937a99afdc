/** Annotations: moments and spans of time that charts mark. */

export interface Annotation {
  /** The name of its query. */
  name: string;
  fromMs: number;
  /** The same as `fromMs` for a moment. */
  toMs: number;
  title: string;
  text: string;
  tags: string[];
  /** A colour of a board. */
  color: string;
}
