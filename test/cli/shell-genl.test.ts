// Families of generic netlink in the shell.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { Session } from "../../host/cli/shell/session.js";
import { complete } from "../../host/cli/shell/shell.js";
import { Kernel } from "../../host/kernel/kernel.js";
import { loadModule } from "../../host/node/modulefile.js";
import { nlvm, type Outcome } from "./streams.js";

function shell(lines: readonly string[], ...options: string[]): Promise<Outcome> {
  return nlvm(["sh", ...options], lines.join("\n"));
}

/** The dummy module's specification, of a family that may have another name. */
function specification(family: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "nlvm-")), "F.yaml");
  const text = readFileSync(new URL("../../specs/dummy.yaml", import.meta.url), "utf8");
  writeFileSync(file, text.replace("name: dummy", `name: ${family}`).replaceAll("name: echo", "name: repeat"));
  return file;
}

const LOAD = "module load dummy";

describe("genl", () => {
  it("lists families, and shows one with the names of its commands", async () => {
    const { status, stdout, stderr } = await shell([LOAD, "genl", "genl show dummy", "genl show 16"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")).toEqual([
      "Id  Name    Version  Hdrsize  Maxattr  Commands  Groups",
      "16  nlctrl  2        0        10       1         1",
      "17  dummy   1        0        8        5         1",
      "dummy: id 17 version 1 hdrsize 0 maxattr 8",
      "  Command  Name    Flags",
      "  1        echo    cap_do,cap_haspol",
      "  2        count   cap_do,cap_haspol",
      "  3        reset   admin_perm,cap_do",
      "  4        dump    cap_dump,cap_haspol",
      "  5        events  cap_do,cap_haspol",
      "  Group  Name",
      "  49     ticks",
      "nlctrl: id 16 version 2 hdrsize 0 maxattr 10",
      "  Command  Name       Flags",
      "  3        getfamily  cap_do,cap_dump,cap_haspol",
      "  Group  Name",
      "  48     notify",
      "",
    ]);
  });

  it("asks by JSON and prints each answer as JSON", async () => {
    const { status, stdout, stderr } = await shell([
      LOAD,
      'genl do dummy echo {"data":"0102"}',
      "genl dump 17 dump '{\"count\": 2}'",
      "genl do dummy reset",
      'genl do nlctrl getfamily {"family-id":16}',
    ]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      '{"data":"0102"}',
      '{"index":0,"name":"entry"}',
      '{"index":1,"name":"entry"}',
    ]);
    expect(JSON.parse(stdout.split("\n")[3] as string)).toMatchObject({ "family-name": "nlctrl", "family-id": 16 });
  });

  it("takes specifications for the shell, and for one request", async () => {
    const file = specification("dummy");
    const request = 'genl do dummy repeat {"data":"ff"}';
    expect((await shell([LOAD, request], "--spec", file)).stdout).toBe('{"data":"ff"}\n');
    expect((await shell([LOAD, `${request} --spec ${file}`])).stdout).toBe('{"data":"ff"}\n');
  });

  it("hears what timers say when the clock is moved", async () => {
    const { status, stdout, stderr } = await shell([
      LOAD,
      "genl monitor dummy ticks",
      'genl do dummy events {"interval":50}',
      "clock show",
      "clock advance 120",
      "clock show",
    ]);
    expect([status, stderr]).toEqual([0, ""]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("1000 ms since boot");
    expect(lines.slice(1, 3)).toEqual([
      expect.stringMatching(/^dummy tick tick 1 time 1050 /),
      expect.stringMatching(/^dummy tick tick 2 time 1100 /),
    ]);
    expect(lines.slice(3)).toEqual(["1120 ms since boot"]);
  });

  it.each<[string, string]>([
    ["clock advance", "clock: expected milliseconds at the end of the line"],
    ["clock advance 3600001", 'clock: "3600001"; expected an integer from 0 to 3600000'],
    ["clock advance -1", 'clock: "-1"; expected an integer from 0 to 3600000'],
  ])("%s is refused", async (line, text) => {
    expect((await shell([line])).stderr.trimEnd()).toBe(text);
    expect((await shell(["clock advance 3600000"])).stderr).toBe("");
  });

  it("monitors a family, one of its groups, and who comes and goes", async () => {
    const { status, stdout, stderr } = await shell([
      "module load nlsysevent",
      "genl monitor nlctrl notify",
      LOAD,
      "genl monitor nlsysevent IFNET",
      "link set em1 alias x",
      "link add em7",
      "monitor off",
      "link add em8",
    ]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")).toEqual([
      "CTRL_CMD_NEWFAMILY dummy id 18 version 1 maxattr 8 (64 bytes, seq 0, pid 0)",
      "nlsysevent newevent system IFNET subsystem em7 type ATTACH (52 bytes, seq 0, pid 0)",
      "",
    ]);
  });

  it.each<[string, string]>([
    ["genl show", "genl: expected a family, by name or id at the end of the line"],
    ["genl show carp", "netlink CTRL_CMD_GETFAMILY: ENOENT"],
    ["genl monitor dummy nonsense", "netlink group nonsense of dummy: ENOENT"],
    ["genl do dummy", "genl: expected an operation at the end of the line"],
    [
      "genl do dummy nonsense",
      'genl: dummy: "nonsense"; expected an operation to do, one of echo, count, reset, events',
    ],
    ["genl do dummy dump", 'genl: dummy: "dump"; expected an operation to do, one of echo, count, reset, events'],
    ['genl do dummy echo {"data":5}', "genl: data: expected hexadecimal digits, two a byte, found 5"],
    [
      'genl do dummy echo {"date":5}',
      'genl: expected one of data, value, count, index, name, interval, tick, time, found "date"',
    ],
    ["genl do dummy echo {x}", "expected JSON, in single quotes where it has spaces"],
    ["genl do dummy echo x", 'genl: "x"; expected JSON like {"data":"0102"}, --spec F.yaml'],
    ["genl do dummy echo", "netlink dummy echo: EINVAL (DATA is missing)"],
    ["genl do dummy echo --spec /nonexistent", "/nonexistent: cannot be read (ENOENT); expected a YNL specification"],
    [`genl do dummy echo --spec ${specification("other")}`, "describes other; expected a specification of dummy"],
  ])("%s says: %s", async (line, problem) => {
    const { status, stderr } = await shell([LOAD, line]);
    expect(status).toBe(1);
    expect(stderr).toContain(problem);
  });

  it.each<[string, string[]]>([
    ["genl ", ["list", "show", "monitor", "do", "dump"]],
    ["genl show ", ["nlctrl", "dummy"]],
    ["genl show dummy ", []],
    ["genl monitor d", ["dummy"]],
    ["genl monitor dummy ", ["ticks"]],
    ["genl monitor nosuch ", []],
    ["genl do dummy ", ["echo", "count", "reset", "events"]],
    ["genl dump dummy ", ["dump"]],
    ["genl do dummy echo ", ["--spec"]],
    ["genl do dummy echo --spec ", []],
  ])("offers behind %j: %j", (line, words) => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    loadModule(kernel, "dummy");
    expect(complete(line, new Session(kernel, new PassThrough()))[0]).toEqual(words);
  });

  it("says what it takes", async () => {
    const { stdout } = await shell(["help genl"]);
    expect(stdout).toContain("genl do       FAMILY OPERATION [JSON] [--spec F.yaml]");
  });
});

describe("nlvm decode --protocol generic", () => {
  const ECHO = "1c000000 11000000 00000000 00000000 01010000 06000100 01020000";

  it("reads messages of a family whose id is given", async () => {
    const { status, stdout } = await nlvm(["decode", "--protocol", "generic", "--family", "dummy=17", ECHO]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^dummy echo\n.*nlmsg_type +dummy \(17\)\n.* data +0102\n$/s);
  });

  it("learns ids from the controller's messages before", async () => {
    const family = "28000000 10000000 00000000 00000000 01010000 0a000200 64756d6d 79000000 06000100 11000000";
    const { stdout } = await nlvm(["decode", "--protocol", "generic", "--json", `${family} ${ECHO}`]);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "CTRL_CMD_NEWFAMILY", body: { name: "dummy", id: 17 } },
      { name: "dummy echo", family: "dummy", body: { data: "0102" } },
    ]);
  });

  it("reads by the specifications that are given", async () => {
    const spec = ["--spec", specification("other"), "--family", "other=17"];
    expect((await nlvm(["decode", "--protocol", "generic", ...spec, ECHO])).stdout).toMatch(/^other repeat\n/);
  });

  it("shows what nobody knows in hexadecimal", async () => {
    expect((await nlvm(["decode", "--protocol", "generic", ECHO])).stdout).toMatch(/payload +010100000600010001020000/);
  });

  it.each(["dummy", "dummy=x", "=17", "dummy=15", "dummy=1024"])("refuses --family %s", async (family) => {
    const { status, stderr } = await nlvm(["decode", "--protocol", "generic", "--family", family, ECHO]);
    expect(status).toBe(2);
    expect(stderr).toContain("expected NAME=ID, an id from 16 to 1023");
  });

  it("says what is wrong with a specification", async () => {
    const { status, stderr } = await nlvm(["decode", "--protocol", "generic", "--spec", "/nonexistent", ECHO]);
    expect([status, stderr]).toEqual([2, "/nonexistent: cannot be read (ENOENT); expected a YNL specification\n"]);
  });
});
