import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../host/node/config.js";
import { CONFIG } from "../../host/node/shapes.js";
import { tablesIn, tablesOf } from "./manual.js";

const manual = readFileSync(new URL("../../docs/config.md", import.meta.url), "utf8");

describe("docs/config.md", () => {
  it("has every key with its type, default and meaning, and no other", () => {
    expect([...tablesIn(manual)]).toEqual([...tablesOf(CONFIG)]);
  });

  it("has examples that fit", () => {
    const examples = [...manual.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
    expect(examples.length).toBeGreaterThan(0);
    for (const text of examples) expect(() => parseConfig(text, "docs/config.md")).not.toThrow();
  });
});
