// A module written in WebAssembly text (hello.wat): the calls between kernel and module need no AssemblyScript.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Errno } from "../../host/kernel/kernel.js";
import { genl } from "../generic/families.js";
import { ackOf, ask, attribute, attributes, drain, errorOf, type Seen, text, u32 } from "../support/messages.js";
import { assembled, listener, setupFamily } from "./modules.js";

const NAME = 1;
const TEXT = 2;

function setupHello() {
  const file = assembled(readFileSync(new URL("hello.wat", import.meta.url), "utf8"));
  return setupFamily("hello", { hello: file });
}

describe("a module of WebAssembly text", () => {
  it("answers its command, and tells its group", () => {
    const { vnet, socket, id } = setupHello();
    const group = listener(vnet, "hello", "greetings");
    const seen = ask(socket, genl(id, 1, "qa", [attribute(NAME, text("world"))]));
    expect(attributes((seen[0] as Seen).body.slice(4))).toEqual([[TEXT, text("hello, world")]]);
    expect(errorOf(seen)).toBe(0);
    expect(drain(group).map((each) => attributes(each.body.slice(4)))).toEqual([[[TEXT, text("hello, world")]]]);
  });

  it("refuses with an errno and a text of its own", () => {
    const { socket, id } = setupHello();
    expect(ackOf(ask(socket, genl(id, 1, "qa"))[0])).toMatchObject({ error: Errno.EINVAL, text: "NAME is missing" });
  });

  it("has its policy looked after by the kernel", () => {
    const { socket, id } = setupHello();
    const unended = u32(0x41414141);
    expect(errorOf(ask(socket, genl(id, 1, "qa", [attribute(NAME, unended)])))).toBe(Errno.EINVAL);
  });
});
