/** What the pages of absences say, in both languages. */
import type { Both } from '../../web/parts/fields.ts';
import type { OwnDeedWords } from '../parts/deed.ts';

export const ABSENCE = {
  nl: {
    title: 'Afwezigheid',
    lead: 'Bent u er niet, dan gaat uw mail naar een collega die dat goed vindt, of wordt de mail geweigerd.',
    none: 'Er staat geen afwezigheid.',
    now: 'nu',
    until: 'tot en met',
    goesTo: 'de mail gaat naar',
    refused: 'de mail wordt geweigerd',
    add: 'Afwezigheid noteren',
    end: 'Ik ben er weer',
    agree: 'Waarnemen voor een collega',
    noted: 'De afwezigheid is genoteerd.',
    back: 'De afwezigheid is beëindigd.',
    agreed: 'Uw collega kan u nu als waarnemer opgeven.',
  },
  en: {
    title: 'Absence',
    lead: 'While you are away, your mail goes to a colleague who agrees, or you have it refused.',
    none: 'No absence is noted.',
    now: 'now',
    until: 'up to and including',
    goesTo: 'mail goes to',
    refused: 'mail is refused',
    add: 'Note an absence',
    end: 'I am back',
    agree: 'Stand in for a colleague',
    noted: 'The absence was noted.',
    back: 'The absence was ended.',
    agreed: 'Your colleague can name you as substitute now.',
  },
};

export const ADD_ABSENCE: Both<OwnDeedWords> = {
  nl: {
    title: 'Afwezigheid noteren',
    lead: 'Kies een collega van uw organisatie die uw mail krijgt, of laat uw mail weigeren.',
    button: 'Noteren',
    back: 'Terug',
    fields: {
      since: { label: 'Eerste dag (hoeft niet)', hint: 'Leeg is nu. Een datum als 2027-07-15.' },
      until: { label: 'Laatste dag', hint: 'Die dag hoort erbij. Een datum, of 14d voor twee weken.' },
      substitute: { label: 'Waarnemer', hint: 'Het adres van een collega. Deze moet het hier eerst goed vinden.' },
      refuse: { label: 'Mail weigeren; afzenders lezen wie waarneemt' },
    },
    refused: {
      unknown: 'Dat adres is niet van uw organisatie. Neemt iemand anders waar, bel dan de helpdesk.',
      invalid:
        'Dat kan zo niet. Kies een collega die het hier goed vond, of laat de mail weigeren. Kijk ook de dagen na: niet voorbij, en niet te lang.',
      exists: 'Er staat al een afwezigheid in die dagen.',
      failed: 'Dat ging niet. Uw collega moet het eerst goed vinden, of er is iets anders. Bel de helpdesk.',
    },
  },
  en: {
    title: 'Note an absence',
    lead: 'Choose a colleague of your organisation who gets your mail, or have it refused.',
    button: 'Note it',
    back: 'Back',
    fields: {
      since: { label: 'First day (optional)', hint: 'Empty is now. A date such as 2027-07-15.' },
      until: { label: 'Last day', hint: 'It is included. A date, or 14d for two weeks.' },
      substitute: { label: 'Substitute', hint: 'The address of a colleague, who must agree here first.' },
      refuse: { label: 'Refuse mail; the refusal names who stands in' },
    },
    refused: {
      unknown: 'That address does not belong to your organisation. If somebody else stands in, call the helpdesk.',
      invalid:
        'That is not possible. Choose a colleague who agreed here, or have mail refused. Check the days too: not over, and not too long.',
      exists: 'An absence is noted for those days already.',
      failed: 'That did not work. Your colleague must agree first, or it is something else. Call the helpdesk.',
    },
  },
};

export const END_ABSENCE: Both<OwnDeedWords> = {
  nl: {
    title: 'Ik ben er weer',
    lead: 'De huidige afwezigheid eindigt meteen. Is die er niet, dan vervalt de eerstvolgende.',
    button: 'Beëindigen',
    back: 'Terug',
    fields: {},
    refused: { failed: 'Dat ging niet. Er staat geen afwezigheid.' },
  },
  en: {
    title: 'I am back',
    lead: 'The present absence ends at once. If there is none, the next one is cancelled.',
    button: 'End it',
    back: 'Back',
    fields: {},
    refused: { failed: 'That did not work. No absence is noted.' },
  },
};

export const AGREE: Both<OwnDeedWords> = {
  nl: {
    title: 'Waarnemen voor een collega',
    lead: 'U vindt het goed dat u de mail krijgt van een collega die er niet is, op dit adres:',
    button: 'Ik vind het goed',
    back: 'Terug',
    fields: { for: { label: 'Adres van uw collega' } },
    refused: { failed: 'Dat ging niet. Het adres moet van een collega van uw organisatie zijn.' },
  },
  en: {
    title: 'Stand in for a colleague',
    lead: 'You agree to get the mail of a colleague who is away, at this address:',
    button: 'I agree',
    back: 'Back',
    fields: { for: { label: 'Address of your colleague' } },
    refused: { failed: 'That did not work. The address must belong to a colleague in your organisation.' },
  },
};
