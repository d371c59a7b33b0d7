/**
 * A quick check of an OpenAPI document for rules that are easily broken, out of the REST API Design
 * Rules of the Dutch government. The published linter checks all of them in a suite that runs
 * before a release (test/long/design-rules).
 */

type Node = Readonly<Record<string, unknown>>;
const nodeOf = (value: unknown): Node => (typeof value === 'object' && value !== null ? (value as Node) : {});
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Each remark begins with the broken rule and a colon. */
export function remarksOn(document: Node): readonly string[] {
  const { info, servers, paths, webhooks, components } = document;
  return [
    ...ofInfo(nodeOf(info)),
    ...(servers as readonly Node[]).flatMap(({ url }) =>
      /^https:\/\/.*\/v\d+$/.test(String(url)) ? [] : [`server: ${String(url)} is not https with /v1`],
    ),
    ...ofOperations(nodeOf(paths), nodeOf(webhooks), nodeOf(nodeOf(components).responses)),
    ...Object.keys(nodeOf(nodeOf(components).schemas)).flatMap((name) =>
      /^[A-Z][A-Za-z0-9]*$/.test(name) ? [] : [`schema: ${name} is not in PascalCase`],
    ),
    ...ofDates(document, '#'),
  ];
}

function ofInfo({ contact, version, title }: Node): readonly string[] {
  const { name, email, url } = nodeOf(contact);
  return [
    ...([name, email, url, title].every((text) => typeof text === 'string' && text !== '')
      ? []
      : ['contact: name, email, url and title are needed']),
    ...(/^\d+\.\d+\.\d+$/.test(String(version)) ? [] : [`version: ${String(version)} is not semantic`]),
  ];
}

function ofOperations(paths: Node, webhooks: Node, shared: Node): readonly string[] {
  const ids = new Set<unknown>();
  const remarks: string[] = [];
  const KEBAB = /^\/$|^(?:\/(?:[a-z0-9-]+(?:\.json)?|\{[A-Za-z0-9]+\}))+$/;
  for (const path of Object.keys(paths)) if (!KEBAB.test(path)) remarks.push(`path: ${path} is not in kebab-case`);
  for (const [path, methods] of [...Object.entries(paths), ...Object.entries(webhooks)])
    for (const [method, operation] of Object.entries(nodeOf(methods))) {
      const where = `${method} ${path}`;
      const { operationId, parameters = [], responses } = nodeOf(operation);
      if (!METHODS.includes(method)) remarks.push(`method: ${where}`);
      if (ids.has(operationId)) remarks.push(`operationId: ${String(operationId)} is there twice`);
      ids.add(operationId);
      for (const { name, in: place } of parameters as readonly Node[])
        if (place === 'query' && !/^[a-z][a-z\d]*(?:[A-Z][a-z\d]*)*$/.test(String(name)))
          remarks.push(`query: ${String(name)} of ${where} is not in camelCase`);
      remarks.push(...ofResponses(where, nodeOf(responses), shared));
    }
  return remarks;
}

function ofResponses(where: string, responses: Node, shared: Node): readonly string[] {
  const remarks = '400' in responses ? [] : [`400: ${where} does not have it`];
  for (const [status, said] of Object.entries(responses)) {
    const { $ref, headers, content } = nodeOf(said);
    const response = typeof $ref === 'string' ? nodeOf(shared[$ref.split('/').at(-1) ?? '']) : { headers, content };
    if (!('API-Version' in nodeOf(response.headers))) remarks.push(`API-Version: ${where} ${status} does not have it`);
    if (Number(status) >= 400 && !('application/problem+json' in nodeOf(response.content)))
      remarks.push(`problem: ${where} ${status} is none`);
  }
  return remarks;
}

/** A field that ends in `Date` must be a day; a moment is called `...At`. */
function ofDates(value: unknown, where: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Object.entries(nodeOf(nodeOf(value).properties)).flatMap(([name, schema]) =>
    /(?:\w+D|_[dD])(?:ate|atum)|^(?:date|datum)$/.test(name) && nodeOf(schema).format !== 'date'
      ? [`date: ${where}/${name} has not the format date`]
      : [],
  );
  return [...own, ...Object.entries(value).flatMap(([name, member]) => ofDates(member, `${where}/${name}`))];
}
