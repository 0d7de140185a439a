// The SDK of modules, where the dummy module does not use it: a family with a header of its own, a group that is told much.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { describe, expect, it } from "vitest";
import { SO, SOL } from "../../assembly/abi/netlink.js";
import { genl } from "../generic/families.js";
import { ackOf, ask, attribute, drain, message, numberAt, u32 } from "../support/messages.js";
import { listener, setupFamily } from "./modules.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Doubles the header of a request, six bytes long, and adds one to its attribute. */
const SOURCE = `
import { registerCommands, registerFamily } from "./modules/sdk/family";
import { Message } from "./modules/sdk/message";
import { GENL_OP, Policy } from "./modules/sdk/numbers";
import { beginReply, end, flush, putHeader, putU32 } from "./modules/sdk/writer";
export { abi, requestBuffer } from "./modules/sdk/module";

const HEADER: u32 = 6;
const POLICY: StaticArray<u32> = [1, Policy.U32, 0];
const COMMANDS: StaticArray<usize> = [1, GENL_OP.CAP_DO, 0, changetype<usize>(POLICY)];

export function attach(): i32 {
  const family = registerFamily("headed", 1, 1, HEADER);
  return family < 0 ? -family : -registerCommands(family, COMMANDS);
}

export function handle(message: Message, bytes: u32): i32 {
  store<u16>(message.header, load<u16>(message.header) * 2);
  beginReply(message, 1);
  putHeader(message.header, HEADER);
  putU32(1, message.u32Of(1, 41, HEADER) + 1);
  end();
  flush();
  return 0;
}
`;

/** Tells its group of 3,000 numbers, and hands them over when no more fit. */
const TELLING = `
import { registerCommands, registerFamily, registerGroup } from "./modules/sdk/family";
import { Message } from "./modules/sdk/message";
import { GENL_OP } from "./modules/sdk/numbers";
import { begin, end, flushTo, putU32 } from "./modules/sdk/writer";
export { abi, requestBuffer } from "./modules/sdk/module";

const COMMANDS: StaticArray<usize> = [1, GENL_OP.CAP_DO, 0, 0];
let family: i32 = 0;
let group: i32 = 0;

export function attach(): i32 {
  family = registerFamily("telling", 1, 1);
  group = registerGroup(family, "news");
  return group < 0 ? -group : -registerCommands(family, COMMANDS);
}

function write(number: u32): bool {
  begin(family, 2);
  putU32(1, number);
  return end();
}

export function handle(message: Message, bytes: u32): i32 {
  for (let i: u32 = 0; i < 3000; i++) {
    if (write(i)) continue;
    flushTo(group);
    if (!write(i)) return 12;
  }
  flushTo(group);
  return 0;
}
`;

async function compiled(source: string): Promise<Uint8Array> {
  let binary = new Uint8Array(0);
  const { error, stderr } = await asc.main(
    ["mine.ts", "--config", "modules/asconfig.json", "--optimizeLevel", "0", "--outFile", "mine.wasm"],
    {
      readFile: (name, folder) => {
        if (name === "mine.ts") return source;
        try {
          return readFileSync(resolve(ROOT, folder, name), "utf8");
        } catch {
          return null;
        }
      },
      writeFile: (_name, contents) => {
        binary = contents as Uint8Array<ArrayBuffer>;
      },
    },
  );
  if (error) throw new Error(stderr.toString());
  return binary;
}

describe("the SDK of modules", () => {
  it("reads and writes the messages of a family with a header of its own", async () => {
    const { socket, id } = setupFamily("headed", { headed: await compiled(SOURCE) });
    const request = (...parts: Uint8Array[]): Uint8Array =>
      message({ type: id, flags: "q" }, Uint8Array.of(1, 1, 0, 0), Uint8Array.of(21, 0, 2, 3, 4, 5, 0, 0), ...parts);
    const answer = (value: number): number[] => [1, 1, 0, 0, 42, 0, 2, 3, 4, 5, 0, 0, 8, 0, 1, 0, value, 0, 0, 0];
    expect([...(ask(socket, request())[0]?.body ?? [])]).toEqual(answer(42));
    expect([...(ask(socket, request(attribute(1, u32(7))))[0]?.body ?? [])]).toEqual(answer(8));
  });

  it("hands nothing that is for a group to the requester, however much it is", async () => {
    const { vnet, socket, id } = setupFamily("telling", { telling: await compiled(TELLING) });
    const member = listener(vnet, "telling", "news");
    member.setsockopt(SOL.SOCKET, SO.RCVBUF, 1 << 18);
    expect(ask(socket, genl(id, 1, "qa")).map((each) => ackOf(each).error)).toEqual([0]);
    expect(drain(member).map(({ body }) => numberAt(body, 8, 4))).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  });
});
