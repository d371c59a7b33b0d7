/**
 * Reads comma-separated values (RFC 4180) as spreadsheets really write them.
 *
 * It tolerates: a byte order mark; line ends CRLF, LF or CR; `;` or a tab between fields, which
 * Excel writes where the comma is the decimal sign (the header decides); empty lines; a last line
 * without an end. It does not guess at a quote inside an unquoted field, at text after a closing
 * quote, or at octets that are not UTF-8. Each of these is a fault with its line number, and
 * reading continues with the next line.
 *
 * Only one record is in memory, and the event loop gets its turn after every 16 KiB.
 */
export type CsvItem =
  | { readonly kind: 'row'; readonly line: number; readonly fields: readonly string[] }
  /** `line`: where the record began. After a fault with `last`, nothing more can be read. */
  | { readonly kind: 'fault'; readonly line: number; readonly text: string; readonly last: boolean };

export interface CsvLimits {
  /** Most characters of one field. */
  readonly field: number;
  /** Most characters of one record. */
  readonly record: number;
  readonly columns: number;
}

export const csvDefaults: CsvLimits = { field: 4096, record: 32_768, columns: 100 };

const SLICE = 16 * 1024;

/** Reads the whole source. An empty file yields nothing. */
export async function* readCsv(
  source: AsyncIterable<Uint8Array | string>,
  limits: CsvLimits = csvDefaults,
): AsyncGenerator<CsvItem> {
  const decoder = new TextDecoder('utf-8');
  const parser = new CsvParser(limits);
  for await (const chunk of source)
    for (let at = 0; at < chunk.length; at += SLICE) {
      yield* parser.push(
        typeof chunk === 'string'
          ? chunk.slice(at, at + SLICE)
          : decoder.decode(chunk.subarray(at, at + SLICE), { stream: true }),
      );
      if (parser.stopped) return;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  yield* parser.push(decoder.decode());
  yield* parser.end();
}

/** State of the parser. `skip`: it skips the rest of a line with a fault. */
type State = 'start' | 'plain' | 'quoted' | 'closed' | 'skip';

/** The state machine. The text may come in pieces, cut anywhere. */
export class CsvParser {
  readonly #limits: CsvLimits;
  #state: State = 'start';
  #separator = '';
  #fields: string[] = [];
  #field = '';
  #length = 0;
  #wasQuoted = false;
  #line = 1;
  #begun = 1;
  #afterCr = false;
  #any = false;
  #items: CsvItem[] = [];
  stopped = false;

  constructor(limits: CsvLimits = csvDefaults) {
    this.#limits = limits;
  }

  push(text: string): readonly CsvItem[] {
    for (let at = 0; at < text.length && !this.stopped; at += 1) {
      const c = text.charAt(at);
      // A byte order mark. The decoder of octets removes it, but a caller that gives text may not
      // have.
      if (this.#any || c !== '\ufeff') this.#take(c);
      this.#any = true;
    }
    return this.#handOut();
  }

  /** Tells the parser that the source has ended. */
  end(): readonly CsvItem[] {
    if (this.stopped) return [];
    if (this.#state === 'quoted') this.#fault('a quoted field is not closed before the end of the file', true);
    else this.#endRecord();
    return this.#handOut();
  }

  #handOut(): readonly CsvItem[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  #take(c: string): void {
    const pair = c === '\n' && this.#afterCr;
    this.#afterCr = c === '\r';
    const lineEnd = c === '\n' || c === '\r';
    if (lineEnd && !pair) this.#line += 1;
    if (this.#state === 'quoted') {
      if (c === '"') this.#state = 'closed';
      else this.#add(c);
    } else if (this.#state === 'closed' && c === '"') {
      this.#state = 'quoted';
      this.#add(c);
    } else if (lineEnd) {
      if (!pair) this.#endRecord();
    } else if (this.#state !== 'skip') this.#takeUnquoted(c);
  }

  #takeUnquoted(c: string): void {
    if (this.#isSeparator(c)) this.#endField();
    else if (this.#state === 'start' && c === '"') {
      this.#state = 'quoted';
      this.#wasQuoted = true;
    } else if (this.#state === 'closed')
      this.#fault('there is text behind a closing quote; expected a separator', false);
    else if (c === '"')
      this.#fault('there is a quote inside an unquoted field; expected the whole field in quotes, "" for one', false);
    else {
      this.#state = 'plain';
      this.#add(c);
    }
  }

  /** The first separator in the file decides for all of it. */
  #isSeparator(c: string): boolean {
    if (this.#separator !== '') return c === this.#separator;
    if (c !== ',' && c !== ';' && c !== '\t') return false;
    this.#separator = c;
    return true;
  }

  #add(c: string): void {
    this.#length += 1;
    if (this.#field.length >= this.#limits.field || this.#length > this.#limits.record) {
      // Without a closing quote, all that follows would be one field, and no line end can be
      // trusted.
      const quoted = this.#state === 'quoted';
      const what = `a field has more than ${this.#limits.field} characters or its record more than ${this.#limits.record}`;
      this.#fault(quoted ? `${what}; is a closing quote missing?` : what, quoted);
      return;
    }
    this.#field += c;
  }

  #endField(): void {
    this.#fields.push(this.#field);
    this.#field = '';
    this.#state = 'start';
    if (this.#fields.length >= this.#limits.columns)
      this.#fault(`the record has more than ${this.#limits.columns} fields`, false);
  }

  #endRecord(): void {
    if (this.#state !== 'skip') {
      const empty = this.#fields.length === 0 && this.#field === '' && !this.#wasQuoted;
      this.#fields.push(this.#field);
      if (!empty) this.#row();
    }
    this.#reset('start');
    this.#begun = this.#line;
  }

  #row(): void {
    // The decoder writes U+FFFD for octets that are not UTF-8. Nobody has that character in a name.
    if (this.#fields.some((field) => field.includes('\ufffd') || field.includes('\0')))
      this.#items.push({
        kind: 'fault',
        line: this.#begun,
        text: 'the line has octets that are not UTF-8; expected a file saved as "CSV UTF-8"',
        last: false,
      });
    else this.#items.push({ kind: 'row', line: this.#begun, fields: this.#fields });
  }

  #fault(text: string, last: boolean): void {
    this.#items.push({ kind: 'fault', line: this.#begun, text, last });
    this.stopped = last;
    this.#reset('skip');
  }

  #reset(state: State): void {
    this.#state = state;
    this.#fields = [];
    this.#field = '';
    this.#length = 0;
    this.#wasQuoted = false;
  }
}
