/**
 * The messages and groups of an EDIFACT interchange one by one, for an answer that names each of
 * them (CONTRL, UCF and UCM).
 *
 * Gathered only where the sender is to be answered so: of an interchange with a hundred thousand
 * messages nobody else needs a list.
 */
import type { EdiFault, EdiGroup, EdiInside, EdiParty, EdiSingle } from '../domain/interchange.ts';

/**
 * Of one mail, over all its interchanges: what is right, and as much again of what is wrong, so
 * that no fault is lost behind what is right.
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
  /** By what names a message in an answer: 0062 and S009 within its group. */
  readonly #named = new Map<string, Mutable<EdiSingle>>();
  #group: number | undefined;

  constructor(room: InsideRoom) {
    this.#room = room;
  }

  openGroup(reference: string, sender: EdiParty, recipient: EdiParty): void {
    this.#group = this.#groups.push({ reference, sender, recipient }) - 1;
  }

  /**
   * One that is right and has nothing in it that is named is not told of: the answer to the
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

  /** A message without a reference has no name to answer to. */
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
