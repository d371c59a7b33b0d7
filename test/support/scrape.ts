/** Reads what a gateway tells at /metrics, as a metrics server does. */
import assert from 'node:assert/strict';
import { request } from 'node:http';

export interface HttpReply {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Asks once. The connection is closed after the answer. */
export function get(port: number, path: string, method = 'GET'): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    })
      .on('error', reject)
      .end();
  });
}

export class Scrape {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  static async of({ http }: { readonly http?: { readonly port: number } }): Promise<Scrape> {
    assert.ok(http, 'the gateway has a port for metrics');
    const { status, body } = await get(http.port, '/metrics');
    assert.equal(status, 200);
    return new Scrape(body);
  }

  /**
   * The names of all metrics, with or without a value; also those of buckets, sum and count of a
   * histogram.
   */
  get names(): ReadonlySet<string> {
    const families = [...this.text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? '');
    const samples = [...this.text.matchAll(/^([a-zA-Z_:][a-zA-Z0-9_:]*)[ {]/gm)].map(([, name]) => name ?? '');
    return new Set([...families, ...samples]);
  }

  /** The value of the sample with exactly these labels; undefined if there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const wanted = Object.entries(labels)
      .map(([label, value]) => `${label}="${value}"`)
      .sort()
      .join(',');
    for (const [, found, its = '', value] of this.text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/gm))
      if (found === name && splitLabels(its).sort().join(',') === wanted) return Number(value);
    return undefined;
  }

  /** Number of samples of the metric. */
  rows(name: string): number {
    return [...this.text.matchAll(new RegExp(`^${name}[ {]`, 'gm'))].length;
  }
}

const splitLabels = (text: string): string[] => text.match(/[a-z_]+="(?:[^"\\]|\\.)*"/g) ?? [];
