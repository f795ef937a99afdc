/** The addresses of the page, and the names that they have in metrics. */

export type Route =
  | { readonly name: "/" }
  | { readonly name: "/tasks/:id"; readonly id: string }
  | { readonly name: "/:unknown" };

const TASK = /^\/tasks\/([^/]{1,128})\/?$/;

export function routeOf(path: string): Route {
  if (path === "/" || path === "/index.html") return { name: "/" };
  const id = TASK.exec(path)?.[1];
  return id === undefined ? { name: "/:unknown" } : { name: "/tasks/:id", id: decoded(id) };
}

export function taskPath(id: string): string {
  return `/tasks/${encodeURIComponent(id)}`;
}

/** The name of the page at an address: always a template, whatever ids look like. */
export function pageOf(url: string): string {
  return routeOf(new URL(url).pathname).name;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
