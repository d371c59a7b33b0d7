// The health check of the image: ends with 0 where /ready of the gateway in this container says that it serves. Not `sluis status`: while a gateway starts, that looks
// into the store by itself, and the gateway then finds it in use. An argument names another port than that of [http].
/* global AbortSignal, fetch */
const port = process.argv[2] ?? '9587';
try {
  const ready = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(4000) });
  if (!ready.ok) throw new Error((await ready.text()).trim());
} catch (error) {
  // What `podman inspect` keeps of the last checks.
  console.error(`not healthy: ${error.cause?.message || error.message}`);
  process.exitCode = 1;
}
