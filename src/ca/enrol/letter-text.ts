/**
 * The letters that go out where the operator has none of his own. A window envelope shows the
 * address; a line is wrapped at 72 columns.
 */
import type { Language } from '../../domain/registry.ts';

export const LETTER_TEXT: Readonly<Record<Language, string>> = {
  nl: `{{title}}
{{post}}



{{date}}

Betreft: een wachtwoord voor uw berichten

Geachte heer of mevrouw,

In deze brief staat een code. Met die code krijgt u een nieuw wachtwoord voor de zorgpost van uw organisatie. U stelt het daarna in bij het programma dat uw berichten verstuurt en ophaalt.

    Gebruikersnaam:  {{login}}
    Code:            {{code}}
    Geldig tot:      {{expires}}

De code werkt één keer. Zolang u haar niet gebruikt, blijft uw huidige wachtwoord gewoon werken.

{{#page}}
Wat u doet:
1. Open deze pagina: {{page}}
2. Typ de gebruikersnaam en de code over.
3. U ziet uw nieuwe wachtwoord. Zet het meteen in uw programma. De pagina toont het maar één keer.

{{/page}}
{{^page}}
Wat u doet: bel de helpdesk, of geef deze brief aan wie uw systeem beheert. De helpdesk voert de code in.

{{/page}}
Uw programma heeft ook deze gegevens nodig:
    {{servers}}

De code hoort bij:
    {{addresses}}

{{#ends}}
Het nieuwe wachtwoord is geldig tot {{ends}}.

{{/ends}}
Geef deze code aan niemand anders, ook niet aan iemand die erom belt. Hebt u niet om een wachtwoord gevraagd? Bel dan de helpdesk en gooi deze brief weg.

Met vriendelijke groet,
de helpdesk van {{gateway}}
{{helpdesk}}
Telefoon: {{telephone}}
Bereikbaar: {{hours}}
{{operator}}
`,
  en: `{{title}}
{{post}}



{{date}}

Subject: a password for your messages

Dear Sir or Madam,

This letter holds a code. With it you get a new password for the health care mail of your organisation. You then enter that in the program that sends and collects your messages.

    User name:       {{login}}
    Code:            {{code}}
    Valid until:     {{expires}}

The code works once. As long as you do not use it, your present password keeps working.

{{#page}}
What to do:
1. Open this page: {{page}}
2. Type the user name and the code.
3. You see your new password. Put it into your program at once. The page shows it only once.

{{/page}}
{{^page}}
What to do: call the helpdesk, or give this letter to whoever looks after your system. The helpdesk enters the code.

{{/page}}
Your program also needs this:
    {{servers}}

The code belongs to:
    {{addresses}}

{{#ends}}
The new password is valid until {{ends}}.

{{/ends}}
Give this code to nobody else, not to anybody who calls and asks for it either. Did you not ask for a password? Then call the helpdesk, and throw this letter away.

Yours faithfully,
the helpdesk of {{gateway}}
{{helpdesk}}
Telephone: {{telephone}}
Open: {{hours}}
{{operator}}
`,
};
