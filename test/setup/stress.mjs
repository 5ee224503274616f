// The same tests as `npm test`, each repeating more; takes the same command line.
process.env.LIBCONTAINERD_STRESS = "1";
await import("./test.mjs");
