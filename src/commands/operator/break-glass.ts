/**
 * `sluis operator break-glass`: the account of the web console for emergencies, for a day on which
 * nobody else can log in.
 */
import { z } from '../../config/zod.ts';
import { facts, readableTime } from '../../cli/output.ts';
import { base32, grouped } from '../../crypto/keys/base32.ts';
import { totpAddress } from '../../crypto/passwords/totp.ts';
import { BREAK_GLASS } from '../../domain/console.ts';
import { defined } from '../../domain/defined.ts';
import { ROLES } from '../../domain/roles.ts';
import { iso } from '../../domain/units.ts';
import { opt } from '../core/params.ts';
import { changes, reads } from '../core/row.ts';
import { subject } from '../core/subject.ts';
import { checkGives, role } from './who.ts';

const made = z.object({
  operator: z.string(),
  role: z.enum(ROLES),
  password: z.string(),
  key: z.string().meta({ description: 'Of the codes, base32, as a program on a telephone takes it by hand.' }),
  address: z.string().meta({ description: 'The same for a QR code (otpauth).' }),
  page: z.string().optional().meta({ description: 'Where to use it; absent if no console is configured.' }),
});
const state = z.object({
  role: z.enum(ROLES).optional().meta({ description: 'Absent: there is no such account.' }),
  made: z.string().optional(),
  tried: z.string().optional().meta({ description: 'Absent: never since it was made.' }),
});

export const breakGlass = subject('break-glass', 'the account of the web console for when nobody else gets in', {
  make: changes({
    about:
      'make the account, or give it another password and key; they are shown once, and earlier ones no longer work',
    in: { role: opt(role, 'what it may do', 'owner') },
    out: made,
    right: 'security',
    second: 'operator',
    trail: ['operator.break-glass-made', 'operator.added'],
    undo: 'operator end break-glass',
    examples: ['--reason "yearly renewal"'],
    run: async ({ store, console, letters }, { role: gets }, call) => {
      const before = await store.breakGlass.record();
      checkGives(call, gets, before?.role ?? gets);
      const { password, key, sealed } = await console.breakGlass.make();
      await store.breakGlass.make({ role: gets, sealed }, call.actor);
      return {
        operator: BREAK_GLASS,
        role: gets,
        password,
        key: base32(key),
        address: totpAddress(key, BREAK_GLASS, letters.gateway),
        ...defined({ page: console.page && `${console.page}break-glass` }),
      };
    },
    say: ({ role: gets, password, key, address, page }) =>
      `${facts([
        ['Password', password],
        ['Key of the codes', grouped(key, ' ')],
        ['For a QR code', address],
      ])}\nThey are not shown again: password and key belong in two sealed envelopes, in two places. Role ${gets}${page === undefined ? '' : `, at ${page}`}. Try it once, and after each use make new ones.`,
  }),

  show: reads({
    about: 'show whether there is one, how old its secrets are, and when it was tried',
    in: {},
    out: state,
    right: 'security',
    examples: [''],
    run: async ({ store }): Promise<z.infer<typeof state>> => {
      const record = await store.breakGlass.record();
      return record === undefined
        ? {}
        : { role: record.role, made: iso(record.madeAt), ...defined({ tried: iso(record.triedAt) }) };
    },
    say: ({ role: has, made: at, tried }) =>
      at === undefined
        ? 'There is no break-glass account; "sluis operator break-glass make" makes it.'
        : `Role ${has ?? ''}, secrets of ${readableTime(at)}, ${tried === undefined ? 'never tried' : `last used ${readableTime(tried)}`}.`,
  }),
});
