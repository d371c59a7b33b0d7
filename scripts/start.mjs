// `npm start`: the gateway for development; with `--two-sites` the demo of a service on two sites (scripts/two-sites).
const { argv } = process;
if (argv.includes('--two-sites')) {
  const { demo } = await import('./two-sites/demo.mjs');
  await demo(argv.slice(2).filter((word) => word !== '--two-sites'));
} else {
  // As if the command had been called with these words.
  argv.splice(2, 0, 'dev');
  await import('./sluis.mjs');
}
