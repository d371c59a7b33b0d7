/** What became of one copy of a message: what the caller may be told, and what helps. */
import type { CopyView, EventView } from '../../admin/delivery-views.ts';
import { statusOf } from '../../notices/notice-rules.ts';
import type { Language } from '../../domain/registry.ts';
import { causeOf } from '../../letters/cause.ts';
import type { Tone } from '../../web/look/parts.ts';
import { BECAME, type Became } from './message-words.ts';

export interface MessageOutcome {
  readonly word: string;
  readonly tone: Tone;
  readonly tell: string;
  readonly help: string;
}

const TONES: Readonly<Record<Became, Tone>> = {
  'mailbox-waiting': 'plain',
  'mailbox-collected': 'good',
  'mailbox-deleted': 'good',
  'mailbox-unseen': 'warn',
  'mailbox-expired': 'bad',
  'mailbox-failed': 'bad',
  withdrawn: 'warn',
  gone: 'warn',
  held: 'warn',
  'partner-new': 'plain',
  'partner-waiting': 'warn',
  relayed: 'good',
  'partner-failed': 'bad',
};

/** `events`: the events of this copy alone. */
export function outcomeOf(copy: CopyView, events: readonly EventView[], language: Language): MessageOutcome {
  const became = becameOf(copy, events);
  const { word, tell, help } = BECAME[language][became];
  const said = { word, tone: TONES[became], tell };
  if (became !== 'partner-failed') return { ...said, help };
  const { cause, advice } = causeOf(statusOf('failed', copy.delivery?.lastReply ?? ''), handIn(events))[language];
  return { ...said, tell: `${tell} ${cause}`, help: advice };
}

/**
 * Who ended the delivery: an operator, or the time limit of held copies. Undefined if a server
 * refused it.
 */
function handIn(events: readonly EventView[]): 'stopped' | 'held' | undefined {
  const { facts } = events.findLast(({ event }) => event === 'delivery.failed') ?? {};
  if (facts?.operator === true) return 'stopped';
  return facts?.['held-days'] === undefined ? undefined : 'held';
}

function becameOf({ partner, state, delivery }: CopyView, events: readonly EventView[]): Became {
  switch (state) {
    case 'waiting':
      if (partner === undefined) return 'mailbox-waiting';
      return (delivery?.attempts ?? 0) === 0 ? 'partner-new' : 'partner-waiting';
    case 'collected':
      return 'mailbox-collected';
    case 'deleted':
      return events.some(({ event }) => event === 'message.collected') ? 'mailbox-deleted' : 'mailbox-unseen';
    case 'expired':
      return 'mailbox-expired';
    case 'failed':
      return partner === undefined ? 'mailbox-failed' : 'partner-failed';
    case 'withdrawn':
    case 'held':
    case 'relayed':
      return state;
    default:
      return 'gone';
  }
}
