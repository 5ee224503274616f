import assert from "node:assert/strict";
import { runScript } from "../helpers/runtime.ts";
import { hostContract } from "./host-contract.ts";

hostContract({
  inOtherProcess: {
    inherit: async (id, program) => {
      const script = new URL("./inherit-child.ts", import.meta.url);
      const { code, stdout, stderr } = await runScript("current", script, [
        id,
        JSON.stringify(program),
      ]);
      assert.equal(code, 0, stderr);
      return { stdout, stderr };
    },
  },
});
