/** The tokens of PromQL and LogQL, as far as labels are added to queries. All of them together are the query. */

const TOKENS =
  /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?|#[^\n]*|\$?\w*\{[^}\n]*\}(?=\s*\])|\$\{[^}]*\}|\$\w+|\[[^\]]*\]|[a-zA-Z_:][\w:]*|\d[\w.]*|\s+|[\s\S]/g;

export function tokensOf(query: string): string[] {
  return query.match(TOKENS) ?? [];
}

const BLANK = /^(\s+|#.*)$/;

/** The index of the next token that is neither space nor comment; the number of tokens when there is none. */
export function nextToken(tokens: string[], at: number): number {
  let next = at + 1;
  while (next < tokens.length && BLANK.test(tokens[next] ?? "")) next += 1;
  return next;
}
