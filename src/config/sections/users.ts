/**
 * What users see and need: whom they call, the letters with their codes, and the settings of their
 * mail programs.
 */
import { optional, section } from '../fields/field.ts';
import { path } from '../fields/files.ts';
import { mailDomains, webPage } from '../fields/hosts.ts';
import { words } from '../fields/names.ts';

export const helpdesk = section({
  name: optional(words('What users know the helpdesk by.', 60, 'Zorgpost Noord')),
  telephone: optional(words('Its telephone number, as users dial it.', 30, '088 123 45 67')),
  hours: optional(words('When it answers the telephone.', 60, 'ma-vr 8-18 uur')),
});

export const enrolment = section({
  letter: optional(
    path(
      'Template of the letters with a code (sluis account reset --letter): plain text with fields such as {{code}}, UTF-8. Default: built in, Dutch and English. Read at each use; `sluis check` names the line of a field that is not known.',
    ),
  ),
  'letter-en': optional(path('The same for organisations whose language is English. Default: letter.')),
  page: optional(
    webPage(
      'Address of the page where codes are used, as notices and letters show it. Default: that of the first listener with the protocol enrolment; else the page for codes of the first with self-service.',
    ),
  ),
});

export const setup = section({
  domains: mailDomains(
    'Domains of mail addresses whose mail programs find their settings by themselves (Thunderbird, Outlook), at the listeners with the protocol self-service. The user name that programs are given is the address, so accounts must log in with theirs. None: no program is told anything.',
  ),
});
