/**
 * A mailbox on another server, over POP3. Messages stay there unless `delete` is called, and then
 * until the session ends well.
 */
import { Pop3Connection, type Pop3Server } from './pop3-connection.ts';
import { MAX_SOURCE_MESSAGES, type Source, SourceError, type SourceMessage } from './source.ts';

export interface Pop3Login {
  readonly user: string;
  readonly password: string;
}

/** Opens a mailbox over POP3. Throws SourceError. */
export async function openPop3(server: Pop3Server, login: Pop3Login): Promise<Source> {
  const connection = await Pop3Connection.open(server);
  try {
    await logIn(connection, login);
    const numbers = await uidlsOf(connection);
    const messages = numbers.map(([number, uidl]) => messageOf(connection, number, uidl));
    return {
      rule: `UIDLs as ${server.host} gives them`,
      messages,
      octets: async () => {
        const [, octets] = /^\d+ (\d+)/.exec(await connection.command('STAT')) ?? [];
        if (octets === undefined)
          throw new SourceError(
            `Cannot read what ${server.host}:${server.port} answered to STAT: expected two numbers`,
          );
        return Number(octets);
      },
      delete: async (uidls) => {
        const wanted = numbers.filter(([, uidl]) => uidls.has(uidl));
        for (const [number] of wanted) await connection.command(`DELE ${number}`);
        // RFC 1939 section 6: nothing is deleted before QUIT was answered.
        await connection.command('QUIT');
        return wanted.length;
      },
      // A server keeps what is not marked, however the session ends.
      close: () => Promise.resolve(connection.destroy()),
    };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

async function logIn(connection: Pop3Connection, { user, password }: Pop3Login): Promise<void> {
  // Line ends in a name or password would be commands of their own.
  if (/[\r\n\0]/.test(user + password)) throw new SourceError('Cannot log in: name or password has a line end in it');
  // RFC 5034 section 6: the plain mechanism, where a server has no USER.
  const capabilities = await connection
    .command('CAPA')
    .then(() => connection.lines('CAPA', 100))
    .catch((error: unknown) => {
      if (error instanceof SourceError && error.message.includes('-ERR')) return [];
      throw error;
    });
  const has = (pattern: RegExp): boolean => capabilities.some((line) => pattern.test(line));
  if (capabilities.length > 0 && !has(/^USER\b/i) && has(/^SASL\b.*\bPLAIN\b/i)) {
    if (!(await connection.challenge('AUTH PLAIN')))
      throw new SourceError('Cannot log in: the server offers AUTH PLAIN and refuses it');
    await connection.command(Buffer.from(`\0${user}\0${password}`).toString('base64'), 'AUTH PLAIN');
  } else {
    await connection.command(`USER ${user}`);
    await connection.command(`PASS ${password}`, 'PASS');
  }
}

async function uidlsOf(connection: Pop3Connection): Promise<(readonly [number, string])[]> {
  await connection.command('UIDL');
  const lines = await connection.lines('UIDL', MAX_SOURCE_MESSAGES);
  return lines.map((line) => {
    const [, number, uidl] = /^(\d+) +(\S+)\s*$/.exec(line) ?? [];
    if (number === undefined || uidl === undefined)
      throw new SourceError(`Cannot read "${line.slice(0, 100)}": expected the number of a message and its UIDL`);
    return [Number(number), uidl] as const;
  });
}

const messageOf = (connection: Pop3Connection, number: number, uidl: string): SourceMessage => ({
  uidl,
  read: async function* () {
    await connection.command(`RETR ${number}`);
    yield* connection.content(`RETR ${number}`);
  },
});
