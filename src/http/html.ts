/**
 * HTML from a tagged template, in which text of strangers stays text: html`<p>${name}</p>`.
 *
 * What a hole may hold follows from where it stands, which is found out once for each template:
 * - between tags, or within a quoted value: a text or a number, made harmless; between tags also
 *   what another template made, and lists of all these;
 * - at the head of an address (href, src, action, formaction): a path of ours, from the root or
 *   from here (`./`), or https:, mailto: or tel:, and never javascript: or //host;
 * - behind the head of an address: one segment or value, percent-encoded;
 * - within a tag, where an attribute could begin: only what `attributes` made.
 * A hole anywhere else (a script, a style, a handler such as onclick, a comment, an unquoted value,
 * the name of a tag) is a mistake of the program, and throws the first time the template is used.
 * So does a value of another kind: what prints as "[object Object]" is nobody's text.
 */

/** Markup that was made by a template. */
export class Html {
  readonly text: string;
  /** Only for markup without anybody's data: constants of the program. */
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/** Attributes of a tag, made by `attributes`. */
export class Attributes {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Hole = string | number | undefined | Html | Attributes | readonly Hole[];

type HtmlContext = 'text' | 'value' | 'url' | 'url-part' | 'tag';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c);

const URLS: readonly string[] = ['href', 'src', 'action', 'formaction'];
/** Attributes whose value is code, or another document, or more addresses than one. */
const CODE = /^(?:on|style$|srcdoc$|srcset$|ping$|http-equiv$|xlink:)/;
/** Elements whose content is code. The content of title and textarea is text. */
const RAW = /^(?:script|style|iframe|noscript|template|svg|math|object|embed|xmp|plaintext)$/;

const plans = new WeakMap<TemplateStringsArray, readonly HtmlContext[]>();

export function html(strings: TemplateStringsArray, ...holes: readonly Hole[]): Html {
  let plan = plans.get(strings);
  if (plan === undefined) plans.set(strings, (plan = planOf(strings)));
  let made = strings[0] ?? '';
  for (let i = 0; i < holes.length; i += 1) made += written(plan[i] ?? 'text', holes[i]) + (strings[i + 1] ?? '');
  return new Html(made);
}

/** `true`: the attribute alone. `false` and undefined: it is left out. */
export function attributes(given: Readonly<Record<string, string | number | boolean | undefined>>): Attributes {
  const parts = Object.entries(given).flatMap(([name, value]) => {
    if (!/^[a-z][a-z-]*$/.test(name) || CODE.test(name) || URLS.includes(name))
      throw new TypeError(`The attribute ${name} may not be made so`);
    if (value === undefined || value === false) return [];
    return value === true ? [` ${name}`] : [` ${name}="${escaped(String(value))}"`];
  });
  return new Attributes(parts.join(''));
}

function written(place: HtmlContext, hole: Hole): string {
  if (place === 'tag') {
    if (hole instanceof Attributes) return hole.text;
    throw new TypeError('Within a tag only attributes() may be');
  }
  if (place === 'text') {
    if (hole === undefined) return '';
    if (hole instanceof Html) return hole.text;
    if (Array.isArray(hole)) return (hole as readonly Hole[]).map((one) => written(place, one)).join('');
  }
  if (typeof hole !== 'string' && typeof hole !== 'number')
    throw new TypeError(`A ${typeof hole} cannot be in a template (${place})`);
  const text = String(hole);
  if (place === 'url-part') return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
  if (place === 'url' && !isSafeUrl(text)) throw new TypeError('An address of another kind cannot be in a template');
  return escaped(text);
}

/** Browsers leave out tabs and line ends of an address, and take a backslash for a slash. */
const isSafeUrl = (text: string): boolean =>
  !/[\p{Cc}\s\\]/u.test(text) &&
  /^(?:\.?\/(?!\/)|\.?\/$|#|\?|https:\/\/|mailto:|tel:|data:application\/x-pem-file;base64,)/.test(text);

/** Where each hole of the template stands. */
function planOf(strings: readonly string[]): readonly HtmlContext[] {
  const walk = new Walk();
  const plan: HtmlContext[] = [];
  strings.forEach((part, i) => {
    walk.over(part);
    if (i < strings.length - 1) plan.push(walk.place());
  });
  walk.end();
  return plan;
}

type State = 'text' | 'name' | 'tag' | 'attribute' | 'before-value' | 'value';

class Walk {
  #state: State = 'text';
  #name = '';
  #attribute = '';
  #value = '';
  #quote = '';
  /** Within an element whose content is code: its name. */
  #raw = '';
  #all = '';

  over(part: string): void {
    for (const c of part) {
      this.#all += c;
      this.#step(c);
    }
  }

  /** Where in the page the next hole of the template stands. */
  place(): HtmlContext {
    switch (this.#state) {
      case 'text':
        return this.#raw === '' ? 'text' : this.#fault(`in the element ${this.#raw}`);
      case 'tag':
      case 'attribute':
        return 'tag';
      case 'value':
        if (CODE.test(this.#attribute)) return this.#fault(`in the attribute ${this.#attribute}`);
        if (!URLS.includes(this.#attribute)) return 'value';
        if (this.#value === '') {
          this.#value = ' ';
          return 'url';
        }
        if (!isSafeUrl(this.#value)) return this.#fault(`behind the address ${this.#value}`);
        return 'url-part';
      case 'name':
      case 'before-value':
        return this.#fault(`in the state "${this.#state}"`);
    }
  }

  end(): void {
    if (this.#state !== 'text') this.#fault('at the end: a tag is open');
  }

  #fault(where: string): never {
    throw new TypeError(`A hole of a template stands ${where}: ...${this.#all.slice(-60)}`);
  }

  /** A tag has ended. */
  #opened(): void {
    this.#state = 'text';
    const name = this.#name.toLowerCase();
    if (RAW.test(name)) this.#raw = name;
  }

  /** Code ends at its own end tag alone. */
  #inRaw(): void {
    const end = `</${this.#raw}`;
    if (!this.#all.toLowerCase().endsWith(end)) return;
    [this.#state, this.#name, this.#raw] = ['tag', end.slice(1), ''];
  }

  #step(c: string): void {
    switch (this.#state) {
      case 'text':
        if (this.#raw !== '') this.#inRaw();
        else if (c === '<') [this.#state, this.#name] = ['name', ''];
        return;
      case 'name':
        if (/[\s>]/.test(c)) {
          // A comment may hold nothing of anybody; only the declaration at the head begins so.
          if (this.#name.startsWith('!') && !/^!doctype$/i.test(this.#name)) this.#fault('behind a comment');
          this.#state = 'tag';
          if (c === '>') this.#opened();
        } else this.#name += c;
        return;
      case 'tag':
        if (c === '>') this.#opened();
        else if (!/[\s/]/.test(c)) [this.#state, this.#attribute] = ['attribute', c.toLowerCase()];
        return;
      case 'attribute':
        if (c === '=') this.#state = 'before-value';
        else if (c === '>') this.#opened();
        else if (/\s/.test(c)) this.#state = 'tag';
        else this.#attribute += c.toLowerCase();
        return;
      case 'before-value':
        if (c !== '"' && c !== "'") this.#fault(`before the value of ${this.#attribute}, which has no quotes`);
        [this.#state, this.#quote, this.#value] = ['value', c, ''];
        return;
      case 'value':
        if (c === this.#quote) this.#state = 'tag';
        else this.#value += c;
    }
  }
}
