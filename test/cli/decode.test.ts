import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nlvm } from "./streams.js";

/** RTM_GETROUTE, NLM_F_REQUEST, seq 5, for 10.1.2.3. */
const HEX = "24000000 1a000100 05000000 00000000 02200000 00000000 00000000 08000100 0a010203";
const BYTES = Buffer.from(HEX.replaceAll(" ", ""), "hex");

function file(content: string | Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), "nlvm-")), "message");
  writeFileSync(path, content);
  return path;
}

/** RTM_GETLINK on NETLINK_ROUTE, as Linux's monitor has it, in the older format. */
const PCAP = Buffer.from(
  [
    "d4c3b2a1 0200 0400 00000000 00000000 ffff0000 fd000000",
    "00f15365 d0070000 30000000 30000000",
    "0004 0338 00000000000000000000 0000",
    "20000000 12000103 05000000 00000000 00000000000000000000000000000000",
  ]
    .join("")
    .replaceAll(" ", ""),
  "hex",
);

describe("nlvm decode of a capture", () => {
  it("shows the packets of Linux's netlink monitor with Linux's numbers", async () => {
    const { status, stdout, stderr } = await nlvm(["decode", "-"], PCAP);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^packet 1 2023-11-14T22:13:20\.002Z\n {2}RTM_GETLINK\n/);
    expect(stdout).toMatch(/\n {4}nlmsg_flags +0x301\n/);
  });

  it("shows the packets of a trace with FreeBSD's", async () => {
    const trace = join(mkdtempSync(join(tmpdir(), "nlvm-")), "trace.pcapng");
    await nlvm(["sh", "--record", trace], "route add 10.1.0.0/16 via 192.0.2.254\n");
    const { status, stdout } = await nlvm(["decode", trace]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\npacket \d+ \S+Z vnet0\.freebsd socket \d+ > RTM_NEWROUTE\n {2}RTM_NEWROUTE\n/);
    expect(stdout).toMatch(/RTA_DST +10\.1\.0\.0/);
    const json = JSON.parse((await nlvm(["decode", "--json", trace])).stdout);
    expect(json.at(-1)).toMatchObject({
      interface: "vnet0.freebsd",
      abi: "freebsd",
      messages: [{ name: "NLMSG_ERROR" }],
    });
  });

  it("shows what comes before damage, and says where it is, with status 1", async () => {
    const { status, stdout, stderr } = await nlvm(["decode", "-"], Buffer.concat([PCAP, Buffer.of(1, 2, 3)]));
    expect([status, stderr]).toEqual([
      1,
      "nlvm: decode: byte 88: the file ends 3 bytes into a block; expected all of it\n",
    ]);
    expect(stdout).toMatch(/^packet 1 /);
  });
});

describe("nlvm decode", () => {
  it.each<[string, string, string | Uint8Array]>([
    ["digits", HEX, ""],
    ["digits with colons", HEX.replaceAll(" ", "").replaceAll(/(..)(?=.)/g, "$1:"), ""],
    ["bytes of a file", file(BYTES), ""],
    ["digits of a file", file(`${HEX}\n`), ""],
    ["bytes of standard input", "-", BYTES],
    ["digits of standard input", "-", HEX],
  ])("shows the message of %s", async (_name, input, stdin) => {
    const { status, stdout, stderr } = await nlvm(["decode", input], stdin);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^RTM_GETROUTE/);
    expect(stdout).toMatch(/RTA_DST +10\.1\.2\.3/);
  });

  it("--json prints one array and nothing else", async () => {
    const { status, stdout, stderr } = await nlvm(["decode", "--json", "-"], Buffer.concat([BYTES, BYTES]));
    expect([status, stderr]).toEqual([0, ""]);
    const messages = JSON.parse(stdout);
    expect(messages).toHaveLength(2);
    expect(messages[0]).toMatchObject({ name: "RTM_GETROUTE", header: { seq: 5 }, body: { destination: "10.1.2.3" } });
  });

  it.each([
    ["a message that is cut off", HEX.slice(0, -2), /^nlvm: decode: message 1, byte 0, [^\n]+\n$/],
    ["nothing", "-", /^nlvm: decode: no bytes; expected at least one message\n$/],
  ])("fails on %s, with status 1", async (_name, input, stderr) => {
    const outcome = await nlvm(["decode", input]);
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toMatch(stderr);
  });

  it("--protocol rtsock shows messages of routing sockets", async () => {
    const announcement = "18000511 02006570 61697230 61000000 0000000000000000";
    const { status, stdout, stderr } = await nlvm(["decode", "--protocol", "rtsock", announcement]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^RTM_IFANNOUNCE\n/);
    expect(stdout).toMatch(/ifan_name +"epair0a"\n +ifan_what +IFAN_ARRIVAL \(0\)\n$/);
    const json = await nlvm(["decode", "--protocol", "rtsock", "--json", announcement]);
    expect(JSON.parse(json.stdout)).toMatchObject([{ name: "RTM_IFANNOUNCE", header: { name: "epair0a", index: 2 } }]);
    const wrong = await nlvm(["decode", "--protocol", "rtsock", `${announcement}00`]);
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringMatching(/^nlvm: decode: message 2, byte 24, /) });
  });

  it("another protocol is wrong usage", async () => {
    expect(await nlvm(["decode", "--protocol", "tcp", HEX])).toMatchObject({ status: 2, stdout: "" });
  });
});
