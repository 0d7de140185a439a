// gif and gre in the shell: set by netlink where the kernel's netlink knows tunnels, else as ifconfig sets them.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nlvm, type Outcome } from "./streams.js";

const EM0 = "interfaces: [{ name: em0, up: true, addresses: [192.0.2.1/24] }]\n";

function shell(file: string, ...lines: string[]): Promise<Outcome> {
  return nlvm(["sh", "--config", file], lines.join("\n"));
}

describe.each([EM0, `switches: { tunnelData: true }\n${EM0}`])("tunnels in the shell (%j)", (config) => {
  const file = join(mkdtempSync(join(tmpdir(), "nlvm-")), "F.yaml");
  writeFileSync(file, config);

  it("are made, changed and shown", async () => {
    const { status, stdout, stderr } = await shell(
      file,
      "link create gif local 192.0.2.1 remote 198.51.100.1 flags ignore_source mtu 1400",
      "link show gif0",
      "link set gif0 local 2001:db8::1 remote 2001:db8::2",
      "link show gif0",
      "link create gre7 key 5 port 50000",
      "link show gre7",
      "link set gre7 up flags enable_csum,udpencap key 0 local 192.0.2.1 remote 198.51.100.1",
      "link show gre7",
      "link set gre7 down flags none tunnel off",
      "link show gre7",
    );
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").filter((line) => line.startsWith("  tunnel "))).toEqual([
      "  tunnel local 192.0.2.1 remote 198.51.100.1 flags ignore_source",
      "  tunnel local 2001:db8::1 remote 2001:db8::2 flags ignore_source",
      "  tunnel flags none key 5 port 50000",
      "  tunnel local 192.0.2.1 remote 198.51.100.1 flags enable_csum,udpencap key 0 port 50000",
      "  tunnel flags none key 0 port 50000",
    ]);
    expect(stdout).toMatch(/gif0 .* 1400 /);
  });

  it("are refused by the kernel as it refuses them", async () => {
    const { status, stderr } = await shell(
      file,
      "link create gre local 192.0.2.1 remote 192.0.2.2",
      "link create gre local 192.0.2.1 remote 192.0.2.2",
      "link set gre0 port 80",
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/EADDRNOTAVAIL[^\n]*\n[^\n]*EINVAL/);
  });

  it.each([
    ["link create gif local 192.0.2.1", 'link: a tunnel takes "local" and "remote"'],
    ["link create tap key 1", "link: local, remote, flags, key, port: expected a gif or gre with them"],
    ["link set em0 flags none", "link: local, remote, flags, key, port: expected a gif or gre with them"],
    ["link create gif key 1", "link: key, port: expected a gre with them"],
    ["link create gif flags udpencap", 'link: unknown word "udpencap"; expected noclamp, ignore_source'],
    ["link create gre port 65536", 'link: "65536"; expected an integer from 0 to 65535'],
    ["link set em0 tunnel on", 'link: "on"; expected off'],
    [
      "link set em0 tunnel off local 192.0.2.1 remote 192.0.2.2",
      'link: "tunnel off" takes endpoints away; expected it without "local" and "remote"',
    ],
  ])("%s", async (line, message) => {
    const { status, stderr } = await shell(file, line);
    expect([status, stderr.trimEnd().split("\n").at(-1)]).toEqual([1, message]);
  });
});
