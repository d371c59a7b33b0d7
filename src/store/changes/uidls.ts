/**
 * UIDLs as they stand in `entry`: 16 random octets, written as 22 characters of base64url, or the
 * text that another server gave. Its octets stand behind one or two octets 0, so that such a value
 * never has 16.
 */

/** Octets of our own UIDLs. */
export const UIDL_OCTETS = 16;
export const UIDL_CHARACTERS = 22;

export function importedUidl(text: string): Buffer {
  const marks = text.length + 1 === UIDL_OCTETS ? 2 : 1;
  const octets = Buffer.alloc(marks + text.length);
  octets.write(text, marks, 'latin1');
  return octets;
}

export function uidlText(octets: Buffer): string {
  if (octets.length === UIDL_OCTETS) return octets.toString('base64url');
  return octets.toString('latin1', octets[1] === 0 ? 2 : 1);
}

/** Octets of our own UIDL that this text could stand for. */
export function ownUidl(text: string): Buffer | undefined {
  if (text.length !== UIDL_CHARACTERS || !/^[\w-]+$/.test(text)) return undefined;
  const octets = Buffer.from(text, 'base64url');
  return octets.toString('base64url') === text ? octets : undefined;
}

/**
 * The UIDLs of a listing as one column of ASCII. Nearly all have 22 characters; otherwise `ends`
 * says where each one ends.
 */
export class UidlColumn {
  #text: Buffer;
  #at = 0;
  #count = 0;
  readonly #ends: Uint32Array;
  #even = true;

  constructor(rows: number) {
    this.#text = Buffer.alloc(rows * UIDL_CHARACTERS);
    this.#ends = new Uint32Array(rows);
  }

  add(octets: Buffer): void {
    const text = uidlText(octets);
    this.#even &&= text.length === UIDL_CHARACTERS;
    if (this.#at + text.length > this.#text.length) {
      const grown = Buffer.alloc(this.#text.length * 2 + text.length);
      this.#text.copy(grown, 0, 0, this.#at);
      this.#text = grown;
    }
    this.#at += this.#text.write(text, this.#at, 'latin1');
    this.#ends[this.#count++] = this.#at;
  }

  get uidls(): Buffer<ArrayBuffer> {
    // A small buffer would be a view of Node's pool, which must not be handed to another thread.
    return this.#text as Buffer<ArrayBuffer>;
  }

  get ends(): Uint32Array<ArrayBuffer> | null {
    return this.#even ? null : (this.#ends as Uint32Array<ArrayBuffer>);
  }
}
