/**
 * `sluis partner`: organisations with a mail server of their own, to which the gateway pushes mail.
 */
import { z } from '../config/zod.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import { backText, sendersText, stateText } from '../cli/ending-text.ts';
import { readableTime } from '../cli/output.ts';
import type { PartnerSecrets } from '../domain/partner.ts';
import { destinationOf } from '../push/destination.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import type { Partner } from '../domain/partner.ts';
import { iso, seconds } from '../domain/units.ts';
import { ends, endsAt } from './core/ending.ts';
import { login, organisation } from './core/kinds.ts';
import { arg, flag, need, opt } from './core/params.ts';
import { changes, lists, reads } from './core/row.ts';
import { subject } from './core/subject.ts';
import { SERVER, changedServer, clear, domain, host, newServer, partner } from './partner/server.ts';
import { testOf, testText, testView } from './partner/test.ts';
import { partnerOf, partnerText, shown, view, viewOf } from './partner/view.ts';

/** A probe has several slow steps, but no operator waits longer than this. */
const PROBE_TIME = seconds(60);

const one = { name: arg(partner, 'the partner') };
const stateView = z.object({ name: z.string(), state: z.string() });
const domainView = z.object({ name: z.string(), domain: z.string() });
const endView = z.object({
  name: z.string(),
  organisation: z.string(),
  account: z.string(),
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  closes: z.string().optional().meta({
    description: 'Until then what waits is pushed, and it can be resumed; absent: it has ended.',
  }),
  successor: z.string().optional(),
  addresses: z.number(),
  domains: z.array(z.string()).readonly(),
  waiting: z.number().meta({ description: 'Deliveries that wait for it, or are held.' }),
});

async function secretsOf(context: AdminContext, { name, sealed }: Partner): Promise<PartnerSecrets> {
  const opened = await context.partners.seals.open(name, sealed);
  if (opened.ok) return opened.value;
  throw new AdminError(
    'unusable',
    `Cannot open the secrets of partner "${name}": ${opened.error}; give its password and client certificate again`,
  );
}

/**
 * Throws AdminError if mail must be signed but there is no key: such mail would only wait, so it is
 * better to say it now.
 */
function refuseUnsigned({ partners: { signs, hostname } }: AdminContext, dkim: boolean): void {
  if (dkim && !signs())
    throw new AdminError(
      'invalid',
      `Cannot sign mail for the partner: no DKIM key for ${hostname} is in delivery.dkim-keys; make one with "sluis dkim make ${hostname}", publish its record, and restart the gateway`,
    );
}

const domains = subject('domain', 'whole domains that lead to a partner', {
  add: changes({
    about: 'let every address of a domain lead to a partner; addresses registered one by one still win',
    in: {
      ...one,
      domain: arg(domain, 'such as umc-noord.nl; its subdomains are others'),
      shared: flag('even though addresses of other organisations are registered in it'),
    },
    out: domainView,
    right: 'registry',
    trail: ['registry.partner-domain'],
    undo: 'partner domain remove',
    examples: ['umc umc.example'],
    run: async ({ store }, { name, domain: of, shared }, { actor }) => {
      await partnerOf(store.registry, name);
      await store.registry.setPartnerDomain(name, of, shared ? 'add-shared' : 'add', actor);
      return { name, domain: of };
    },
    say: (done) => `Every address of ${done.domain} leads to partner ${done.name}, and it may send as them.`,
  }),
  remove: changes({
    about: 'take a domain back from a partner',
    in: { ...one, domain: arg(domain, 'the domain') },
    out: domainView,
    right: 'registry',
    trail: ['registry.partner-domain'],
    undo: 'partner domain add',
    examples: ['umc umc.example'],
    run: async ({ store }, { name, domain: of }, { actor }) => {
      await partnerOf(store.registry, name);
      await store.registry.setPartnerDomain(name, of, 'remove', actor);
      return { name, domain: of };
    },
    say: (done) => `The domain ${done.domain} no longer leads to partner ${done.name}.`,
  }),
});

export const partners = subject('partner', 'organisations with a mail server of their own', {
  add: changes({
    about: 'register a partner, and the account that it submits with',
    in: {
      name: arg(partner, 'short unique name: a-z, 0-9 and -'),
      organisation: need(organisation, 'whose mail server it is'),
      host: need(host, 'name or address of its mail server'),
      account: opt(login, 'login of the account; default: the name'),
      ...SERVER,
    },
    out: view,
    right: 'registry',
    trail: ['registry.partner-added'],
    undo: 'partner end',
    examples: ['noord --organisation lab-noord --host mail.lab-noord.example'],
    run: async (context, { name, organisation: of, account = name, ...said }, { actor }) => {
      refuseUnsigned(context, said.dkim);
      const { server, secrets } = newServer(said, context.clock.now());
      const sealed = await context.partners.seals.seal(name, secrets);
      const added = { name, organisation: of, login: account, server, ...defined({ sealed }) };
      await context.store.registry.addPartner(added, actor);
      return await shown(context, name);
    },
    say: (added) =>
      [
        `Registered partner ${added.name} of ${added.organisation}, at ${added.host} port ${added.port}.`,
        `Its addresses: "sluis address add ${added.account} ADDRESS", one by one, or "sluis partner domain add ${added.name} DOMAIN".`,
        `It submits as account ${added.account}: "sluis account certificate add ${added.account}" or "sluis account password add ${added.account}".`,
        `See whether it can be reached: "sluis partner test ${added.name}".`,
      ].join('\n'),
  }),

  set: changes({
    about: "change what is known of a partner's mail server; the rest stays",
    in: { ...one, host: opt(host, 'name or address of its mail server'), ...SERVER, clear },
    out: view,
    right: 'registry',
    trail: ['registry.partner-changed'],
    undo: 'the same with the value before',
    examples: ['umc --max-message 25MiB', 'umc --clear max-message'],
    run: async (context, { name, clear: clears, ...said }, { actor }) => {
      refuseUnsigned(context, said.dkim);
      const { registry } = context.store;
      const found = await partnerOf(registry, name);
      const before = { server: found.server, secrets: await secretsOf(context, found) };
      const changed = changedServer(before, said, clears, context.clock.now());
      const sealed = (await context.partners.seals.seal(name, changed.secrets)) ?? null;
      await registry.changePartner(name, { server: changed.server, sealed }, actor);
      return await shown(context, name);
    },
    say: partnerText,
  }),

  list: lists({
    api: {
      method: 'GET',
      path: '/partners',
      id: 'listPartners',
      ids: { partnerId: 'name', organisationId: 'organisation', accountId: 'account' },
    },
    about: 'list partners',
    in: {},
    out: view,
    right: 'read',
    examples: [''],
    run: async (context, page) => {
      const found = await context.store.registry.listPartners(defined({ ...page }));
      return await Promise.all(found.map((each) => viewOf(context, each)));
    },
    header: ['NAME', 'ORGANISATION', 'STATE', 'SERVER', 'TLS', 'ADDRESSES', 'DOMAINS'],
    cells: (p) => [
      ...[p.name, p.organisation, stateText(p.state, p.ends), `${p.host}:${p.port}`, p.tls, p.addresses],
      p.domains.join(' '),
    ],
    after: (p) => p.name,
  }),

  show: reads({
    api: {
      method: 'GET',
      path: '/partners/{partnerId}',
      ids: { partnerId: 'name', organisationId: 'organisation', accountId: 'account' },
    },
    about: 'show one partner; passwords and keys are never shown',
    in: one,
    out: view,
    right: 'read',
    examples: ['umc'],
    run: (context, { name }) => shown(context, name),
    say: partnerText,
  }),

  test: reads({
    api: { method: 'POST', path: '/partners/{partnerId}/tests', ids: { partnerId: 'name' } },
    about: 'connect to its mail server and report what was found; nothing is sent',
    in: one,
    out: testView,
    right: 'support',
    examples: ['umc'],
    run: async (context, { name }) => {
      const found = await partnerOf(context.store.registry, name);
      const { probe, hostname } = context.partners;
      const destination = destinationOf(found, await secretsOf(context, found), hostname);
      return testOf(found, await probe.probe(destination, AbortSignal.timeout(PROBE_TIME)), context.clock.now());
    },
    say: testText,
    fails: ({ usable }) => (usable ? undefined : { code: 'unavailable' }),
  }),

  suspend: changes({
    api: { method: 'POST', path: '/partners/{partnerId}/suspensions', ids: { partnerId: 'name' } },
    about: 'push nothing to it until it is resumed; its mail is accepted and waits',
    in: {
      ...one,
      refuse: flag(
        'refuse new mail for it meanwhile, so that senders hear at once, and let its account submit nothing',
      ),
    },
    out: stateView,
    right: 'registry',
    trail: ['registry.partner-state'],
    undo: 'partner resume',
    examples: ['umc', 'umc --refuse'],
    run: async ({ store }, { name, refuse }, { actor }) => {
      await partnerOf(store.registry, name);
      const state = refuse ? 'refusing' : 'suspended';
      await store.registry.setPartnerState(name, state, actor);
      return { name, state };
    },
    say: ({ name, state }) =>
      state === 'refusing'
        ? `Partner ${name} is suspended: what waits for it stays, new mail for it is refused, and its account is not let in.`
        : `Partner ${name} is suspended: mail for it is accepted and waits.`,
  }),

  resume: changes({
    api: { method: 'POST', path: '/partners/{partnerId}/resumptions', ids: { partnerId: 'name' } },
    about: 'take back a suspension, or an end that is not final; what waits is pushed, and its account is let in again',
    in: one,
    out: stateView,
    right: 'registry',
    trail: ['registry.partner-state'],
    undo: 'partner suspend',
    examples: ['umc'],
    run: async ({ store }, { name }, { actor }) => {
      const before = await partnerOf(store.registry, name);
      await store.registry.setPartnerState(name, 'active', actor);
      // If it was suspended and also ending, it still ends: this call only undid the suspension.
      return { name, state: before.endsAt === undefined || before.state === 'active' ? 'active' : 'ending' };
    },
    say: ({ name, state }) =>
      state === 'active'
        ? `Partner ${name} is active.`
        : `Partner ${name} is no longer suspended; it is ending still. Once more "sluis partner resume ${name}" takes that back.`,
  }),

  domain: domains,

  end: ends({
    api: { method: 'POST', path: '/partners/{partnerId}/endings', ids: { partnerId: 'name' } },
    about: 'end a partner with its account, addresses and domains; "resume" takes it back for 30 days',
    in: one,
    out: endView,
    right: 'registry',
    trail: ['registry.account-state'],
    undo: 'partner resume, until the time of grace is over',
    examples: ['umc --dry-run', 'umc --grace 60d --yes --reason "the hospital has moved"'],
    confirm: { name: ({ name }) => name, what: ({ name }) => `end partner "${name}"` },
    run: async (context, { name, successor, dryRun, ...when }, { actor }) => {
      const { registry, deliveries } = context.store;
      const found = await partnerOf(registry, name);
      const { organisation: of, addresses, domains: whole } = await viewOf(context, found);
      const at = endsAt(context, { ...when, successor, dryRun });
      // A partner has one account, and ends when that account does.
      if (!dryRun) await registry.endAccount(found.login, defined({ endsAt: at, successor }), actor);
      const queued = (await deliveries.queues()).find((queue) => queue.partner === found.id);
      return {
        name,
        organisation: of,
        account: found.login,
        addresses,
        domains: whole,
        applied: !dryRun,
        ...defined({ closes: iso(at), successor }),
        waiting: (queued?.waiting ?? 0) + (queued?.held ?? 0),
      };
    },
    say: ({ name, organisation: of, account, addresses, domains: whole, waiting, closes, successor, applied }) => {
      const all = whole.length === 0 ? '' : ` and every address of ${whole.join(', ')}`;
      const queue = `${many(waiting, 'delivery')} that ${agree(waiting, 'waits', 'wait')} for it`;
      return [
        `Partner ${name} of ${of} ${applied ? (closes === undefined ? 'has ended' : 'is ending') : 'would end'}:`,
        `- ${sendersText(`${many(addresses, 'registered address')}${all}`, successor)}`,
        `- account ${account} no longer submits anything`,
        closes === undefined
          ? `- ${queue} ${agree(waiting, 'fails', 'fail')}, and senders are told`
          : `- ${queue} ${agree(waiting, 'is', 'are')} pushed as before until ${readableTime(closes)}; what is left then fails, and senders are told`,
        backText(closes, `partner resume ${name}`),
      ].join('\n');
    },
  }),
});
