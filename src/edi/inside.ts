/**
 * Lists the messages and groups of an EDIFACT interchange one by one, for an answer that names each
 * of them (CONTRL, UCF and UCM).
 *
 * The list is made only if the sender gets such an answer: nobody else needs a list of a hundred
 * thousand messages.
 */
import type { EdiFault, EdiGroup, EdiInside, EdiParty, EdiSingle } from '../domain/interchange.ts';

/**
 * Most messages and groups that are listed of one mail, over all its interchanges: so many that are
 * right, and as many again that are wrong, so that right ones leave space for the faults.
 */
export const MAX_INSIDE = 1000;

/** What is left of the limits for the rest of the mail. */
export interface InsideRoom {
  right: number;
  wrong: number;
}

export const insideRoom = (most = MAX_INSIDE): InsideRoom => ({ right: most, wrong: most });

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Inside {
  readonly #room: InsideRoom;
  readonly #groups: Mutable<EdiGroup>[] = [];
  readonly #messages: Mutable<EdiSingle>[] = [];
  /**
   * Messages by what names them in an answer: reference (0062) and type (S009) within their group.
   */
  readonly #named = new Map<string, Mutable<EdiSingle>>();
  #group: number | undefined;

  constructor(room: InsideRoom) {
    this.#room = room;
  }

  openGroup(reference: string, sender: EdiParty, recipient: EdiParty): void {
    this.#group = this.#groups.push({ reference, sender, recipient }) - 1;
  }

  /**
   * A group that is right and has no listed message in it is left out: the answer to the
   * interchange covers it.
   */
  closeGroup(fault: EdiFault | undefined): void {
    const place = this.#group;
    this.#group = undefined;
    const group = place === undefined ? undefined : this.#groups[place];
    if (place === undefined || group === undefined) return;
    const empty = this.#messages.at(-1)?.group !== place;
    const told = fault !== undefined && this.#hasRoom(fault);
    if (told) group.fault = fault;
    else if (empty) this.#groups.pop();
  }

  /** A message without a reference is left out: an answer could not name it. */
  message(reference: string, type: string, version: string, fault: EdiFault | undefined): void {
    if (reference === '') return;
    const group = this.#group;
    const name = `${group ?? ''} ${type} ${version} ${reference}`;
    const before = this.#named.get(name);
    if (before !== undefined) {
      before.fault = 'twice';
      return;
    }
    if (!this.#hasRoom(fault)) return;
    const message = {
      reference,
      type,
      version,
      ...(group !== undefined && { group }),
      ...(fault !== undefined && { fault }),
    };
    this.#named.set(name, message);
    this.#messages.push(message);
  }

  finish(): EdiInside {
    return { groups: this.#groups, messages: this.#messages };
  }

  #hasRoom(fault: EdiFault | undefined): boolean {
    const kind = fault === undefined ? 'right' : 'wrong';
    if (this.#room[kind] === 0) return false;
    this.#room[kind] -= 1;
    return true;
  }
}
