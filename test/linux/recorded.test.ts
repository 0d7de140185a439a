// What `ip` sent and Linux 6.18 answered, of neighbours, nexthops and rules, one command after the other: recorded.json has the
// messages. Port ids and sequence numbers are the run's, ages of neighbours are not known here, and the entries that Linux
// makes for multicast groups by itself are left out.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type BootOptions, Kernel } from "../../host/kernel/kernel.js";
import { LinuxAbi } from "../../host/linux/abi.js";
import { attributesOf, hex, messagesOf, openProgram, u32 } from "./program.js";

interface Command {
  readonly record: string;
  readonly command: string;
  readonly requests: readonly string[];
  readonly replies: readonly string[];
}

const COMMANDS: readonly Command[] = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8"));

/** v1 and v0 of the recording, interfaces 2 and 3. */
const MACHINE: BootOptions = {
  modules: ["netlink"],
  interfaces: [
    { name: "em1", lladdr: "02:00:00:00:00:01", up: true },
    { name: "em0", lladdr: "02:00:00:00:aa:01", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
  ],
  sysctls: { "net.inet6.ip6.dad_count": 0 },
};

const NEWNEIGH = 28;
const NDMSG = 12;
const CACHEINFO = 3;

/** Without what belongs to a run: sequence number, port, ages. */
function plain(message: Uint8Array): string {
  const bytes = message.slice().fill(0, 8, 16);
  const [{ type, body }] = messagesOf(bytes) as [ReturnType<typeof messagesOf>[number]];
  if (type === NEWNEIGH) {
    for (const { type: attribute, payload } of attributesOf(body, NDMSG)) if (attribute === CACHEINFO) payload.fill(0);
  }
  return hex(bytes);
}

describe("[X-22] [X-24] [X-25] [X-26] as recorded", () => {
  const abi = new LinuxAbi(Kernel.boot(MACHINE));
  it.each(COMMANDS.map((each) => [each.record, each.command, each] as const))("%s: %s", (_, _command, recorded) => {
    const program = openProgram(abi, abi.kernel.vnet0, 5);
    for (const option of [11, 12]) program.socket.setsockopt(270, option, u32(1));
    for (const request of recorded.requests) program.socket.send(Uint8Array.from(Buffer.from(request, "hex")));
    const answers = program.messages().map(({ bytes }) => plain(bytes));
    program.socket.close();
    // Linux dumps neighbours in the order of a hash with a key of its own.
    const isHashed = answers.some((answer) => answer.startsWith("1c00", 8));
    const inOrder = (each: readonly string[]) => (isHashed ? [...each].sort() : each);
    expect(inOrder(answers)).toEqual(inOrder(recorded.replies));
  });
});
