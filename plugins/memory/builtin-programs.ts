import type { MemoryPrograms, ProgramContext } from "./program.ts";

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Programs that every host has. There is no shell: a shell of a few words would only mislead. */
export const builtinPrograms: MemoryPrograms = {
  true: () => 0,
  false: () => 1,
  echo,
  cat,
  sleep,
};

async function echo(context: ProgramContext): Promise<number> {
  const words = context.args.slice(1);
  const isLine = words[0] !== "-n";
  await context.print(`${(isLine ? words : words.slice(1)).join(" ")}${isLine ? "\n" : ""}`);
  return 0;
}

async function cat(context: ProgramContext): Promise<number> {
  const files = context.args.slice(1).filter((name) => name !== "-");
  if (files.length > 0) {
    await context.printError(`cat: can't open '${files[0]}': No such file or directory\n`);
    return 1;
  }
  const reader = context.stdin.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    await context.print(next.value);
  }
  return 0;
}

/** As of busybox and coreutils: the sum of its arguments, in seconds or with a unit. */
async function sleep(context: ProgramContext): Promise<number> {
  const durations = context.args.slice(1).map((text) => {
    const [, count, unit = "s"] = /^(\d+(?:\.\d*)?|\.\d+|inf(?:inity)?)([smhd]?)$/.exec(text) ?? [];
    if (count === undefined) return NaN;
    return (count.startsWith("inf") ? Infinity : Number(count)) * (UNITS[unit || "s"] ?? NaN);
  });
  const durationMs = durations.reduce((sum, each) => sum + each, 0);
  if (durations.length === 0 || Number.isNaN(durationMs)) {
    await context.printError("sleep: invalid number\n");
    return 1;
  }
  await context.sleep(durationMs);
  return 0;
}
