/** Questions of the mail test that the DNS answers: IPv6, DNSSEC, SPF, DKIM, DMARC and DANE. */
import { type Ask, spfEnds, tagsOf, textsOf } from './doctor-records.ts';
import {
  type Found,
  type Judged,
  type MailTestFacts,
  NO_ANSWER,
  fail,
  pass,
  unknown,
} from './doctor-mail-test-facts.ts';

/** Where mail for the name goes: its MX, else itself (RFC 5321 section 5.1). */
async function mailServers({ hostname, ask }: MailTestFacts): Promise<readonly string[] | undefined> {
  const answer = await ask(hostname, 'MX');
  if (answer === undefined) return undefined;
  const names = answer.records.flatMap(({ type, data }) =>
    type === 'MX' ? [String((data as { exchange?: unknown }).exchange).toLowerCase()] : [],
  );
  return names.length === 0 ? [hostname] : names;
}

export async function addresses(facts: MailTestFacts): Promise<Found> {
  const { hostname, ask } = facts;
  const has6 = async (name: string): Promise<boolean> =>
    (await ask(name, 'AAAA'))?.records.some(({ type }) => type === 'AAAA') === true;
  const with6 = async (names: readonly string[]): Promise<readonly string[]> =>
    (await Promise.all(names.map(async (name) => ((await has6(name)) ? [name] : [])))).flat();
  const servers = await nameServers(hostname, ask);
  const mail = await mailServers(facts);
  const judged = async (names: readonly string[] | undefined, needed: number, what: string): Promise<Judged> => {
    if (names === undefined) return NO_ANSWER;
    const found = await with6(names);
    const text = `${found.length} of ${names.length} ${what} have an IPv6 address`;
    return found.length >= needed ? pass(text) : fail(text);
  };
  return {
    mail_ipv6_ns_address: await judged(servers, 2, 'name servers'),
    mail_ipv6_mx_address: await judged(mail, mail?.length ?? 1, 'mail servers'),
  };
}

/** Name servers of the zone in which the name is. */
async function nameServers(hostname: string, ask: Ask): Promise<readonly string[] | undefined> {
  for (let at = hostname; at.includes('.'); at = at.slice(at.indexOf('.') + 1)) {
    const answer = await ask(at, 'NS');
    if (answer === undefined) return undefined;
    const names = answer.records.flatMap(({ type, data }) => (type === 'NS' ? [String(data).toLowerCase()] : []));
    if (names.length > 0) return names;
  }
  return [];
}

export async function dnssec(facts: MailTestFacts): Promise<Found> {
  const { hostname, ask } = facts;
  const root = await ask('', 'SOA');
  const judged = async (names: readonly string[] | undefined): Promise<readonly [exist: Judged, valid: Judged]> => {
    if (names === undefined) return [NO_ANSWER, NO_ANSWER];
    if (root?.secure !== true) {
      const blind = unknown('the resolver that was asked validates nothing (delivery.dane-resolver)');
      return [blind, blind];
    }
    const answers = await Promise.all(names.map((name) => ask(name, 'A')));
    if (answers.some((answer) => answer === undefined))
      return [NO_ANSWER, fail('the resolver takes no answer for valid')];
    return answers.every((answer) => answer?.secure === true)
      ? [pass('signed'), pass('validated')]
      : [fail('not signed'), unknown('not signed')];
  };
  const [mailtoExist, mailtoValid] = await judged([hostname]);
  const [mxExist, mxValid] = await judged(await mailServers(facts));
  return {
    mail_dnssec_mailto_exist: mailtoExist,
    mail_dnssec_mailto_valid: mailtoValid,
    mail_dnssec_mx_exist: mxExist,
    mail_dnssec_mx_valid: mxValid,
  };
}

export async function authentication({ hostname, ask }: MailTestFacts): Promise<Found> {
  const texts = async (name: string, begins: RegExp): Promise<readonly string[] | undefined> => {
    const answer = await ask(name, 'TXT');
    return answer === undefined ? undefined : textsOf(answer, 'TXT').filter((text) => begins.test(text));
  };
  const spf = await texts(hostname, /^v=spf1(?: |$)/i);
  const dmarc = await nearest(hostname, async (at) => await texts(`_dmarc.${at}`, /^v=DMARC1\b/));
  const dkim = await ask(`_domainkey.${hostname}`, 'TXT');
  const one = (
    found: readonly string[] | undefined,
    what: string,
    good: (text: string) => boolean,
  ): readonly [Judged, Judged] => {
    if (found === undefined) return [NO_ANSWER, NO_ANSWER];
    const [text] = found;
    if (text === undefined || found.length > 1) {
      const none = fail(found.length > 1 ? `${found.length} ${what} records: none counts` : `no ${what} record`);
      return [none, none];
    }
    return [pass(text), good(text) ? pass(text) : fail(`too weak: ${text}`)];
  };
  const [dmarcExist, dmarcPolicy] = one(dmarc, 'DMARC', (text) =>
    /^(?:quarantine|reject)$/i.test(tagsOf(text).get('p') ?? ''),
  );
  const [spfExist, spfPolicy] = one(spf, 'SPF', spfEnds);
  return {
    mail_auth_dmarc_exist: dmarcExist,
    mail_auth_dmarc_policy: dmarcPolicy,
    mail_auth_spf_exist: spfExist,
    mail_auth_spf_policy: spfPolicy,
    // The test knows no selector, so it looks whether there is anything below the name.
    mail_auth_dkim_exist:
      dkim === undefined
        ? NO_ANSWER
        : dkim.code === 'NOERROR'
          ? pass(`there are names below _domainkey.${hostname}`)
          : fail(`no name below _domainkey.${hostname}`),
  };
}

/** The records of the name itself, else of the nearest domain above it (RFC 7489 section 6.6.3). */
async function nearest(
  hostname: string,
  look: (at: string) => Promise<readonly string[] | undefined>,
): Promise<readonly string[] | undefined> {
  for (let at = hostname; at.includes('.'); at = at.slice(at.indexOf('.') + 1)) {
    const found = await look(at);
    if (found === undefined || found.length > 0) return found;
  }
  return [];
}

export async function dane({ records, listener, ask }: MailTestFacts): Promise<Found> {
  const own = records.filter(({ kind, name }) => kind === 'tlsa' && name.startsWith(`_${listener?.port ?? 25}.`));
  const [first] = own;
  const answer = first === undefined ? undefined : await ask(first.name.slice(0, -1), 'TLSA');
  const set = (exist: Judged, valid = exist, rollover = exist): Found => ({
    mail_starttls_dane_exist: exist,
    mail_starttls_dane_valid: valid,
    mail_starttls_dane_rollover: rollover,
  });
  if (first === undefined) return set(unknown('no listener that mail servers speak to has a port of its own'));
  if (answer === undefined) return set(NO_ANSWER);
  const found = textsOf(answer, 'TLSA');
  if (found.length === 0) return set(fail(`no TLSA record at ${first.name}`));
  const exist = answer.secure
    ? pass(found.join(', '))
    : fail('the records are not signed, or the resolver does not validate');
  const met = own.filter(({ value }) => found.includes(value));
  return set(
    exist,
    answer.secure && met.length === own.length
      ? pass('each certificate meets one')
      : fail('a certificate meets none, or they are not signed'),
    found.length > own.length ? pass('another one is ready for the next key') : fail('there is none for the next key'),
  );
}
