/**
 * Finds the route that a path leads to. Paths are compared as they came: nothing is decoded, joined
 * or cut, so that we answer exactly the path that a filter in front of us let pass. A path with
 * `//`, `.`, `..`, a percent sign or a slash at the end leads nowhere.
 */
import type { Method, Route } from './route.ts';

/** Ids have only these characters; `.` and `..` are not ids. */
const PARAMETER = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,199}$/;
/** The major version is part of every path. */
export const ROOT = '/v1';

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** No route has that path. */
  | { readonly kind: 'none' }
  /** The path exists, but not by that method; `allow`: the methods that it has, HEAD among them. */
  | { readonly kind: 'method'; readonly allow: readonly string[] };

interface Node {
  readonly literal: Map<string, Node>;
  parameter?: { readonly name: string; readonly node: Node };
  readonly routes: Map<string, Route>;
}

const newNode = (): Node => ({ literal: new Map(), routes: new Map() });

export class Router {
  readonly #root = newNode();

  /** Throws for two routes with one path and method, or with one id. */
  constructor(routes: readonly Route[]) {
    const ids = new Set<string>();
    for (const route of routes) {
      const node = this.#nodeOf(route.path);
      if (node.routes.has(route.method) || ids.has(route.id))
        throw new Error(`Route ${route.id}: ${route.method} ${route.path}, or its id, is there already`);
      node.routes.set(route.method, route);
      ids.add(route.id);
    }
  }

  /** `path`: as it came, with `/v1`. */
  match(method: string, path: string): Match {
    if (!path.startsWith(`${ROOT}/`)) return { kind: 'none' };
    let node = this.#root;
    const params: Record<string, string> = {};
    for (const segment of path === `${ROOT}/` ? [] : path.slice(ROOT.length + 1).split('/')) {
      const literal = node.literal.get(segment);
      const { parameter } = node;
      if (literal !== undefined) node = literal;
      else if (parameter !== undefined && PARAMETER.test(segment)) {
        params[parameter.name] = segment;
        node = parameter.node;
      } else return { kind: 'none' };
    }
    if (node.routes.size === 0) return { kind: 'none' };
    const route = node.routes.get(method);
    return route === undefined ? { kind: 'method', allow: allowed(node) } : { kind: 'route', route, params };
  }

  #nodeOf(path: string): Node {
    let node = this.#root;
    for (const segment of path.split('/').filter((part) => part !== '')) {
      if (!segment.startsWith('{')) {
        const next = node.literal.get(segment) ?? newNode();
        node.literal.set(segment, next);
        node = next;
        continue;
      }
      const name = segment.slice(1, -1);
      node.parameter ??= { name, node: newNode() };
      if (node.parameter.name !== name)
        throw new Error(`The path ${path} calls ${name} what others call ${node.parameter.name}`);
      node = node.parameter.node;
    }
    return node;
  }
}

const allowed = ({ routes }: Node): readonly string[] => {
  const methods = [...routes.keys()] as Method[];
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].sort();
};
