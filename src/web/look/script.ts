/**
 * The only script. It hands the challenge of a passkey to the browser, and the answer to the form.
 * All other pages work without it.
 *
 * A browser may keep a page alive that the reader has left, whatever its headers say, and show it
 * again to whoever presses Back after the log-out. So the script loads such a page anew.
 *
 * It runs under Trusted Types and without `eval`, touches no markup, and sends nothing by itself.
 */
export const SCRIPT = `'use strict';
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const told = form.querySelector('[data-failed]');
  for (const without of form.querySelectorAll('[data-without-script]')) without.hidden = true;
  form.addEventListener('submit', async (event) => {
    const answer = form.elements.namedItem('credential');
    if (answer.value !== '') return;
    event.preventDefault();
    told.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const made = form.dataset.passkey === 'create'
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      answer.value = JSON.stringify(made.toJSON());
      form.submit();
    } catch {
      told.hidden = false;
      told.focus();
    }
  });
}
`;
