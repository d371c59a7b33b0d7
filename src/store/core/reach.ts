/**
 * How much of what the writer remembers a change makes untrue; each word includes those before it.
 *
 * - `nothing`: everything that is remembered stays true. It may file, collect and delete mail
 *   through `MailboxCounters`, and leave rows in the trail.
 * - `messages`: messages that were accepted, or their envelopes, become others or go. Acceptances
 *   are counted again from these after a crash, so the figures that wait are written first
 *   (usage-changes.ts).
 * - `mailboxes`: counters of mailboxes change beside `MailboxCounters`: what filings remember is
 *   forgotten, before it and before what follows it (standing.ts).
 * - `registry`: accounts, addresses or organisations change, or who belongs to which: forgotten is
 *   to whom figures belong, too.
 */
export type Reach = 'nothing' | 'messages' | 'mailboxes' | 'registry';
