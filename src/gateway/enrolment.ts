/** What letters and notices with a code say about this gateway: servers, page, whom to ask. */
import { originOf } from '../config/listeners.ts';
import { helpdeskOf } from '../config/helpdesk.ts';
import { ownLetter } from '../config/letters.ts';
import type { Config } from '../config/schema.ts';
import { servedPorts } from '../config/served-ports.ts';
import { hashPassword } from '../crypto/passwords/password.ts';
import { defined } from '../domain/defined.ts';
import { type LetterTemplate, parseLetterTemplate } from '../domain/letter-template.ts';
import type { Language } from '../domain/registry.ts';
import { LETTER_TEXT } from '../ca/enrol/letter-text.ts';
import type { LetterParts } from '../ca/enrol/letters.ts';
import { EnrolmentWindow, type WindowParts } from '../ca/enrol/window.ts';
import { authLimitsOf } from './limits.ts';
import { NetworkSet } from '../platform/network.ts';

const builtIn = (language: Language): LetterTemplate => {
  const parsed = parseLetterTemplate(LETTER_TEXT[language]);
  if (!parsed.ok) throw new Error(`The built-in letter is wrong in line ${parsed.error.line}: ${parsed.error.text}`);
  return parsed.value;
};

export function letterParts(config: Config): LetterParts {
  const page = pageOf(config);
  return {
    servers: servedPorts(config),
    gateway: config.hostname,
    helpdesk: helpdeskOf(config),
    template: (language) => ownLetter(config, language) ?? builtIn(language),
    ...defined({ page }),
  };
}

export function pageOf(config: Config): string | undefined {
  const [codes, own] = [originOf(config, 'enrolment'), originOf(config, 'self-service')];
  const listened = codes === undefined ? own && `${own}/code` : `${codes}/`;
  return config.enrolment.page ?? listened;
}

/** The window where codes are used over the network; throttled by the limits of logins. */
export function enrolmentWindow(
  config: Config,
  { ca, log, random, shared }: Pick<WindowParts, 'ca' | 'log' | 'random' | 'shared'>,
): EnrolmentWindow {
  const { throttle, refusalGrid } = authLimitsOf(config);
  return new EnrolmentWindow({
    ca,
    log,
    random,
    ...defined({ shared }),
    hash: hashPassword,
    limits: { throttle, refusalGrid },
    exempt: new NetworkSet(config.auth['exempt-networks']),
  });
}
