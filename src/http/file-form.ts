/**
 * A form with one file in it, as a browser sends it (RFC 7578, multipart/form-data). It is read as
 * it comes: what stands beside the file is bounded as in every other form, the file by what its
 * page takes, and no piece of it is copied into one whole.
 */
import type { IncomingMessage } from 'node:http';
import { type Result, fail, ok } from '../domain/result.ts';
import { type Fields, type FormFault, MAX_FIELDS, MAX_FORM, boundaryOf, fieldsOf, partName } from './form.ts';

/** The name of the field that a file comes in. */
export const FILE_FIELD = 'file';

export interface GivenFile {
  readonly pieces: readonly Buffer[];
  readonly size: number;
}

export interface FileForm {
  readonly fields: Fields;
  /** Absent if none was chosen. */
  readonly file?: GivenFile;
}

/** `most`: octets of the file. Never rejects. */
export async function readFileForm(request: IncomingMessage, most: number): Promise<Result<FileForm, FormFault>> {
  if (Number(request.headers['content-length'] ?? 0) > most + MAX_FORM) return fail('too-large');
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\b/i.test(type)) return fail('type');
  const mark = boundaryOf(type);
  if (mark === undefined) return fail('malformed');
  const parts = new Parts(mark, most);
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      const fault = parts.push(chunk);
      if (fault !== undefined) return fail(fault);
    }
  } catch {
    return fail('gone');
  }
  return parts.end();
}

type State = 'between' | 'field' | 'file' | 'done';
const HEAD_END = Buffer.from('\r\n\r\n');

class Parts {
  readonly #delimiter: Buffer;
  readonly #most: number;
  readonly #fields: [string, Buffer][] = [];
  readonly #pieces: Buffer[] = [];
  #state: State = 'between';
  #name = '';
  // The first delimiter may lack the line end before it.
  #rest: Buffer = Buffer.from('\r\n');
  #size = 0;
  /** Octets of parts that are no file. */
  #beside = 0;
  #files = 0;

  constructor(mark: string, most: number) {
    this.#delimiter = Buffer.from(`\r\n--${mark}`);
    this.#most = most;
  }

  push(chunk: Buffer): FormFault | undefined {
    if (this.#state === 'done') return undefined;
    // No more than one chunk: of a file only what may be the beginning of a delimiter is left of
    // the one before.
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let before: State | undefined; before !== this.#state;) {
      before = this.#state;
      const fault = this.#step();
      if (fault !== undefined) return fault;
    }
    return this.#state !== 'file' && this.#rest.length > MAX_FORM ? 'too-large' : undefined;
  }

  end(): Result<FileForm, FormFault> {
    if (this.#state !== 'done') return fail('malformed');
    const fields = fieldsOf(this.#fields);
    if (!fields.ok) return fields;
    return ok({ fields: fields.value, ...(this.#size > 0 && { file: { pieces: this.#pieces, size: this.#size } }) });
  }

  #step(): FormFault | undefined {
    switch (this.#state) {
      case 'between':
        return this.#head();
      case 'field':
        return this.#content(false);
      case 'file':
        return this.#content(true);
      case 'done':
        return undefined;
    }
  }

  /** Reads up to where a part begins, or behind the last one. */
  #head(): FormFault | undefined {
    const at = this.#rest.indexOf(this.#delimiter);
    if (at < 0) return undefined;
    const from = at + this.#delimiter.length;
    if (this.#rest.length < from + 2) return undefined;
    if (this.#rest.toString('latin1', from, from + 2) === '--') {
      this.#rest = Buffer.alloc(0);
      this.#state = 'done';
      return undefined;
    }
    const end = this.#rest.indexOf(HEAD_END, from);
    if (end < 0) return undefined;
    const head = this.#rest.toString('latin1', from, end);
    const name = partName(head);
    if (name === undefined) return 'malformed';
    this.#rest = this.#rest.subarray(end + HEAD_END.length);
    this.#name = name;
    this.#state = /;\s*filename=/i.test(head) ? 'file' : 'field';
    this.#beside += end;
    if (this.#state === 'file' && (name !== FILE_FIELD || (this.#files += 1) > 1)) return 'malformed';
    if (this.#fields.length >= MAX_FIELDS) return 'malformed';
    return this.#beside > MAX_FORM ? 'too-large' : undefined;
  }

  #content(isFile: boolean): FormFault | undefined {
    const at = this.#rest.indexOf(this.#delimiter);
    if (at < 0) return isFile ? this.#take(Math.max(0, this.#rest.length - this.#delimiter.length)) : undefined;
    if (isFile) {
      const fault = this.#take(at);
      if (fault !== undefined) return fault;
    } else {
      this.#fields.push([this.#name, this.#rest.subarray(0, at)]);
      this.#beside += at;
      this.#rest = this.#rest.subarray(at);
    }
    this.#state = 'between';
    return undefined;
  }

  /** Takes so many octets of the file. */
  #take(length: number): FormFault | undefined {
    if (length === 0) return undefined;
    this.#size += length;
    if (this.#size > this.#most) return 'too-large';
    this.#pieces.push(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length);
    return undefined;
  }
}
