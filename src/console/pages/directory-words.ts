/** What the register of the directory says, in both languages. */
export const DIRECTORY = {
  nl: {
    title: 'Adresboek',
    about: 'Wat elk account kan opzoeken: adressen van organisaties die daarmee instemden.',
    none: 'Er is geen adres dat past, of geen organisatie stemde in.',
    yes: 'ja',
    states: { listed: 'staat erin', removed: 'eruit', 'not-listed': 'staat er niet in' },
    columns: {
      address: 'Adres',
      state: 'Toestand',
      title: 'Organisatie',
      kind: 'Soort',
      role: 'Rol',
      agb: 'AGB',
      edi: 'EDI-berichten',
      certificate: 'Certificaat',
      modified: 'Gewijzigd',
    },
    filters: {
      text: { label: 'Zoekterm', hint: 'Een stuk van adres, naam, rol of AGB-code.' },
      kind: { label: 'Soort', choices: { edi: 'een systeem', mail: 'mensen', partner: 'een mailserver' } },
      removed: { label: 'Ook wat er niet meer in staat' },
    },
  },
  en: {
    title: 'Directory',
    about: 'What every account may look up: addresses of organisations that agreed.',
    none: 'No address fits, or no organisation agreed.',
    yes: 'yes',
    states: { listed: 'listed', removed: 'removed', 'not-listed': 'not listed' },
    columns: {
      address: 'Address',
      state: 'State',
      title: 'Organisation',
      kind: 'Kind',
      role: 'Role',
      agb: 'AGB',
      edi: 'EDI messages',
      certificate: 'Certificate',
      modified: 'Changed',
    },
    filters: {
      text: { label: 'Text', hint: 'A part of an address, name, role or AGB code.' },
      kind: { label: 'Kind', choices: { edi: 'a system', mail: 'people', partner: 'a mail server' } },
      removed: { label: 'Also what was listed and is not any more' },
    },
  },
};
