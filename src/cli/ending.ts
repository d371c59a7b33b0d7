/** What `end` says and asks, whatever it ends: an account, an address, a partner or an organisation. */
import type { Command } from 'commander';
import { defined } from '../domain/defined.ts';
import { type SureOptions, destroying } from './ask.ts';
import { CommandError } from './exit.ts';
import { guarded, wholeDays } from './options.ts';
import { readableTime } from './output.ts';

export interface EndOptions extends SureOptions {
  readonly grace?: number;
  readonly now?: boolean;
  readonly successor?: string;
  readonly dryRun?: boolean;
}

export const ending = (command: Command): Command =>
  destroying(guarded(command))
    .option('--grace <days>', 'how long "resume" can take it back, such as 60d; default: 30d', wholeDays)
    .option('--now', 'at once and for ever, with no time of grace')
    .option('--successor <address>', 'who takes its mail: senders are told')
    .option('--dry-run', 'say what would be done, and do nothing');

/** What the operation takes of them. */
export function endingInput({ grace, now = false, successor }: EndOptions): {
  readonly 'grace-days'?: number;
  readonly successor?: string;
} {
  if (now && grace !== undefined)
    throw new CommandError('usage', 'Cannot end with --now and --grace: it is one or the other');
  const days = now ? 0 : grace;
  return defined({ 'grace-days': days, successor });
}

/** What senders hear, for `subject` that takes no mail any more. */
export const sendersText = (subject: string, successor: string | undefined): string =>
  successor === undefined
    ? `mail for ${subject} is refused (550 5.1.1)`
    : `senders to ${subject} are told to write to ${successor} (551 5.1.6)`;

/** The last line of what an end says. `command`: what takes it back. */
export const backText = (closes: string | undefined, command: string): string =>
  closes === undefined
    ? 'It is for ever: names and addresses are never given to anybody again.'
    : `Until ${readableTime(closes) ?? ''} "sluis ${command}" brings all of it back; then it is for ever. Nobody else can have its names and addresses.`;

/** `ending, until 2026-12-27 10:00Z`; what merely ends on a day is told as it is until then. */
export function stateText(state: string, ends: string | undefined): string {
  const until = readableTime(ends);
  if (until === undefined || state === 'ended') return state;
  return state === 'ending' || state === 'active' ? `${state}, until ${until}` : `${state}, ending, until ${until}`;
}
