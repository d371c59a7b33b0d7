/** The port of operators on SQLite. Asked a few times a day: nothing is cached. */
import { grouped } from '../../crypto/base32.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import type { ApprovalRequest, ApprovalSignature, ChosenVerb, Operator } from '../../domain/second-person.ts';
import type { ApprovalRecord, OperatorRecord, Operators } from '../operators.ts';
import { type Actor, RegistryError } from '../registry.ts';
import type { OperatorChange, OperatorChanged } from './operator-changes.ts';
import type { Reader } from './reader.ts';
import type { StoreTime } from './store-time.ts';
import { type Writer, errorOf } from './writer.ts';

export interface OperatorsParts {
  readonly writer: Writer;
  readonly reader: Reader;
  readonly time: StoreTime;
  readonly random: RandomBytes;
}

export class SqliteOperators implements Operators {
  readonly #p: OperatorsParts;

  constructor(parts: OperatorsParts) {
    this.#p = parts;
  }

  async #change(change: OperatorChange): Promise<OperatorChanged> {
    const salt = this.#p.random(32);
    const answer = await this.#p.writer.ask({ kind: 'operators', change, at: this.#p.time.now(), salt });
    if (answer.kind === 'operators') return answer.changed;
    if (answer.kind === 'registry-error') throw new RegistryError(answer.error, answer.message);
    throw errorOf(answer);
  }

  async add(operator: Operator, actor: Actor): Promise<void> {
    await this.#change({ op: 'add', operator, actor });
  }

  async remove(name: string, actor: Actor): Promise<void> {
    await this.#change({ op: 'remove', name, actor });
  }

  async list(): Promise<readonly OperatorRecord[]> {
    return await this.#p.reader.ask('operators', {});
  }

  async ask(request: Omit<ApprovalRequest, 'askedAt' | 'endsAt'>): Promise<ApprovalRecord> {
    const { id = request.id } = await this.#change({ op: 'ask', request });
    const made = await this.request(id);
    if (made === undefined) throw new RegistryError('unknown', `Request ${grouped(id)} is gone`);
    return made;
  }

  async sign(id: string, signature: ApprovalSignature, actor: Actor): Promise<void> {
    await this.#change({ op: 'sign', id, signature, actor });
  }

  async use(id: string, by: { readonly first: string; readonly second: string }, actor: Actor): Promise<void> {
    await this.#change({ op: 'use', id, first: by.first, second: by.second, actor });
  }

  async request(id: string): Promise<ApprovalRecord | undefined> {
    return await this.#p.reader.ask('approval', { id });
  }

  async waiting(): Promise<readonly ApprovalRecord[]> {
    return await this.#p.reader.ask('approvals', { at: this.#p.time.now() });
  }

  async rule(verbs: readonly ChosenVerb[], actor: Actor): Promise<readonly string[] | undefined> {
    return (await this.#change({ op: 'rule', verbs, actor })).before;
  }
}
