import assert from "node:assert/strict";
import { constants } from "node:os";
import process from "node:process";
import { describe, it } from "node:test";
import { parseSignal, signalName } from "../src/signals.ts";
import { assertRefused } from "./oci/refused.ts";

describe("parseSignal()", () => {
  const accepted: readonly (readonly [string | number, number])[] = [
    ["SIGTERM", 15],
    ["TERM", 15],
    ["sigterm", 15],
    ["Term", 15],
    [15, 15],
    ["15", 15],
    ["SIGKILL", 9],
    ["SIGHUP", 1],
    ["SIGSYS", 31],
    ["IOT", 6],
    ["CLD", 17],
    ["POLL", 29],
    [1, 1],
    [31, 31],
    [34, 34],
    [64, 64],
    ["64", 64],
    ["SIGRTMIN", 34],
    ["RTMIN+0", 34],
    ["RTMIN+1", 35],
    ["SIGRTMIN+15", 49],
    ["rtmin+30", 64],
    ["SIGRTMAX", 64],
    ["RTMAX-1", 63],
    ["SIGRTMAX-30", 34],
  ];
  for (const [signal, number] of accepted) {
    it(`accepts ${JSON.stringify(signal)} as ${number}`, () => {
      assert.equal(parseSignal(signal), number);
    });
  }

  const refused: readonly unknown[] = [
    0,
    "0",
    "00",
    -1,
    "-1",
    32,
    33,
    65,
    "65",
    1e9,
    1.5,
    "1.5",
    NaN,
    Infinity,
    "",
    "SIG",
    "SIG42",
    "SIG15",
    "SIGSIGTERM",
    " TERM",
    "TERM ",
    "TERM\n",
    "FOO",
    "EXIT",
    "RTMIN+",
    "RTMIN+31",
    "RTMIN-1",
    "RTMIN1",
    "RTMAX+1",
    "RTMAX-31",
    "RTMAX-40",
    "__proto__",
    "constructor",
    "9x",
    "0x9",
    true,
    null,
    undefined,
  ];
  for (const signal of refused) {
    it(`refuses ${typeof signal} ${JSON.stringify(signal) ?? signal}`, () => {
      assertRefused(() => parseSignal(signal as string), "signal");
    });
  }

  it("agrees with the host on every name", {
    skip: process.platform === "linux" && ["x64", "arm64"].includes(process.arch)
      ? false
      : "its numbers are those of Linux on x86 and ARM",
  }, () => {
    // STKFLT exists, but not every JavaScript runtime lists it; UNUSED is an old name of SYS.
    const names = Object.entries(constants.signals).filter(([name]) => name !== "SIGUNUSED");
    assert.ok(names.length > 25);
    for (const [name, number] of names) assert.equal(parseSignal(name), number, name);
  });
});

describe("signalName()", () => {
  for (
    const [number, name] of [
      [1, "SIGHUP"],
      [6, "SIGABRT"],
      [15, "SIGTERM"],
      [17, "SIGCHLD"],
      [29, "SIGIO"],
      [31, "SIGSYS"],
      [34, "SIGRTMIN"],
      [35, "SIGRTMIN+1"],
      [49, "SIGRTMIN+15"],
      [50, "SIGRTMAX-14"],
      [63, "SIGRTMAX-1"],
      [64, "SIGRTMAX"],
    ] as const
  ) {
    it(`names ${number} ${name}`, () => assert.equal(signalName(number), name));
  }

  it("gives names that parseSignal() reads back, for every signal", () => {
    for (let number = 1; number <= 64; number++) {
      if (number !== 32 && number !== 33) assert.equal(parseSignal(signalName(number)), number);
    }
  });

  for (const number of [0, 32, 33, 65, NaN, 2.5]) {
    it(`refuses ${number}`, () => assertRefused(() => signalName(number), "signal"));
  }
});
