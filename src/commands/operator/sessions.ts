/** `sluis operator session`: who is logged in to the web console, and how to end such a session. */
import { z } from '../../config/zod.ts';
import { readableTime } from '../../cli/output.ts';
import { grouped } from '../../crypto/keys/base32.ts';
import { MEANS } from '../../domain/console.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import type { SessionRecord } from '../../store/console.ts';
import { arg, pageOf } from '../core/params.ts';
import { changes, lists } from '../core/row.ts';
import { subject } from '../core/subject.ts';
import { shownIdOf } from '../core/kinds.ts';
import { isOf, ofOperator, shownId } from './who.ts';

const view = z.object({
  id: z.string(),
  operator: z.string(),
  means: z.enum(MEANS).meta({ description: 'What it was begun with.' }),
  passkey: z.string().optional().meta({ description: 'Id of the one that it was begun with.' }),
  network: z.string().meta({ description: 'The range that it holds for.' }),
  since: z.string(),
  seen: z.string().meta({ description: 'The last request, to the minute.' }),
});
const viewOf = ({ id, operator, means, passkey, network, madeAt, seenAt }: SessionRecord): z.infer<typeof view> => ({
  id: grouped(id),
  operator,
  network,
  means,
  ...defined({ passkey: passkey && grouped(passkey) }),
  since: iso(madeAt),
  seen: iso(seenAt),
});
const sessionId = shownId('session', shownIdOf('a session', 'een sessie'));

export const consoleSessions = subject('session', 'who is logged in to the web console', {
  list: lists({
    about: 'list operators who are logged in: since when, from where, by what',
    in: { operator: ofOperator },
    out: view,
    right: 'security',
    examples: ['', '--operator jan.devries'],
    run: async ({ store, console }, { operator, after, limit }) => {
      const all = (await store.console.sessions(console.times)).filter(isOf(operator)).map(viewOf);
      return pageOf(all, { after, limit }, ({ id }) => id);
    },
    header: ['SESSION', 'OPERATOR', 'NETWORK', 'BY', 'SINCE', 'SEEN'],
    cells: (one) => [
      ...[one.id, one.operator, one.network, one.passkey ?? one.means],
      ...[readableTime(one.since), readableTime(one.seen)],
    ],
    after: (one) => one.id,
    none: 'Nobody is logged in to the console.',
  }),

  end: changes({
    about: 'end a session of the web console at once',
    in: { session: arg(sessionId, 'its id, as the list shows it') },
    out: z.object({ id: z.string(), ended: z.boolean().meta({ description: 'False: it had ended already.' }) }),
    right: 'security',
    trail: ['console.logged-out'],
    undo: 'not needed: its operator logs in again; "operator passkey end" keeps a stolen key out',
    examples: ['K7QM-2XRD'],
    run: async ({ store }, { session }, { actor }) => ({
      id: grouped(session),
      ended: await store.console.endSession(session, actor),
    }),
    say: ({ id, ended }) => (ended ? `Session ${id} has ended.` : `Session ${id} had ended already.`),
  }),
});
