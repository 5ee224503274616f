import process from "node:process";

// Ends the first thread of this process, and only that. For Deno on x64.

interface Host {
  readonly Deno: {
    dlopen(path: string, symbols: object): {
      readonly symbols: { syscall(number: bigint, argument: bigint): bigint };
    };
  };
}

const { Deno } = globalThis as unknown as Host;
const libc = Deno.dlopen("libc.so.6", {
  syscall: { parameters: ["i64", "i64"], result: "i64" },
});
process.stdout.write(`${process.pid}\n`, () => {
  libc.symbols.syscall(60n, 0n); // exit, and not exit_group
});
