/**
 * Recognises the XML messages of health care by their root element. It is not a parser, and reads
 * nothing behind the root.
 *
 * Only known roots count: any other document is not a message.
 */
import { Draft, type EdiReader, type OnInterchange } from './draft.ts';

/** Prolog, comments and root must stand within this. */
const MAX_PROLOG = 8192;

/** Root element, and what its namespace must begin with. */
const ROOTS: readonly (readonly [root: RegExp, namespace: string])[] = [
  [/^(?:ClinicalDocument|[A-Z]{4}_[A-Z]{2}\d{6}[A-Z]{0,2}\d{0,2})$/, 'urn:hl7-org:v3'],
  [/^[A-Z]{3}_[A-Z0-9]{3}$/, 'urn:hl7-org:v2xml'],
  [/^(?:Bundle|Composition|DiagnosticReport|MessageHeader|ServiceRequest|Communication)$/, 'http://hl7.org/fhir'],
  [/^Emessage$/, 'http://rep.oio.dk/'],
  [/^kmehrmessage$/, 'http://www.ehealth.fgov.be/'],
  [/^MsgHead$/, 'http://www.kith.no/'],
];

export class XmlReader implements EdiReader {
  readonly #found: OnInterchange;
  readonly #part: string;
  #prolog = '';
  #done = false;

  constructor(part: string, found: OnInterchange) {
    this.#part = part;
    this.#found = found;
  }

  write(data: Buffer): void {
    if (this.#done) return;
    this.#prolog += data.toString('latin1', 0, MAX_PROLOG - this.#prolog.length);
    this.#done = this.#prolog.length >= MAX_PROLOG;
    if (this.#done) this.#judge();
  }

  end(): void {
    if (!this.#done) this.#judge();
  }

  #judge(): void {
    const root = rootOf(this.#prolog);
    this.#prolog = '';
    const prefix = root.name.includes(':') ? root.name.slice(0, root.name.indexOf(':')) : '';
    const local = root.name.slice(prefix === '' ? 0 : prefix.length + 1);
    const namespace = attribute(root.attributes, prefix === '' ? 'xmlns' : `xmlns:${prefix}`);
    if (!ROOTS.some(([name, begin]) => name.test(local) && namespace.startsWith(begin))) return;
    const draft = new Draft();
    draft.message(local, namespace);
    this.#found(draft.finish(this.#part, 'xml', false));
  }
}

function rootOf(text: string): { readonly name: string; readonly attributes: string } {
  let at = 0;
  for (;;) {
    at = text.indexOf('<', at);
    if (at < 0) return { name: '', attributes: '' };
    const end = text.startsWith('<!--', at)
      ? '-->'
      : text.startsWith('<?', at)
        ? '?>'
        : text.startsWith('<!', at)
          ? '>'
          : '';
    if (end === '') break;
    const close = text.indexOf(end, at + 2);
    if (close < 0) return { name: '', attributes: '' };
    at = close + end.length;
  }
  const close = text.indexOf('>', at);
  const tag = text.slice(at + 1, close < 0 ? undefined : close);
  const name = /^[\w:.-]{1,200}/.exec(tag)?.[0] ?? '';
  return { name, attributes: tag.slice(name.length) };
}

function attribute(text: string, name: string): string {
  for (const found of text.matchAll(/([\w:.-]{1,100})\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
    if (found[1] === name) return found[2] ?? found[3] ?? '';
  return '';
}
