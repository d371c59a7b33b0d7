/**
 * Writes the report on a message to the test address: a look at it in a thread, remarks, both
 * languages.
 */
import type { TestedMessage } from '../domain/tested-message.ts';
import type { Letters } from '../letters/letter.ts';
import { testLetters } from './letters.ts';
import { remarksOn } from './remarks.ts';
import { ViewThread } from './view-thread.ts';

export class TestReporter {
  readonly #thread: Pick<ViewThread, 'look'>;

  constructor(thread: Pick<ViewThread, 'look'> = new ViewThread()) {
    this.#thread = thread;
  }

  async lettersOn(tested: TestedMessage): Promise<Letters> {
    const view = await this.#thread.look(tested.sample);
    return testLetters(tested, view, remarksOn(tested, view));
  }
}
