// Data of gif and gre that is refused, with errno and text (net/if_gif.c, net/if_gre.c: …_clone_modify_nl), and tunnels that
// have the same endpoints.

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { GIF, GRE } from "../../assembly/abi/ifnet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { IFLA_IPTUN } from "../../assembly/abi/rtnetlink.js";
import { attribute, concat, u8, u32 } from "../support/messages.js";
import { acked, create, errno, made } from "./linkrequests.js";
import { linkNamed } from "./links.js";
import { BOTH, change, type Data, data, setup, shown } from "./tunnels.js";

describe("what is refused", () => {
  const one = data({ local: "127.0.0.1" });
  const bad = (type: number, payload: Uint8Array): Uint8Array => attribute(type, payload);
  const TOGETHER = "Specify both remote and local address together";
  const INVALID = "address is invalid";

  it.each<[string, string, Uint8Array, Errno, string]>([
    ["local alone", "gif0", one, Errno.EINVAL, TOGETHER],
    ["remote alone", "gre0", data({ remote: "127.0.0.1" }), Errno.EINVAL, TOGETHER],
    ["two families", "gif0", data({ local: "127.0.0.1", remote: "::1" }), Errno.EADDRNOTAVAIL, INVALID],
    ["two families", "gre0", data({ local: "::1", remote: "127.0.0.1" }), Errno.EADDRNOTAVAIL, INVALID],
    ["no local address", "gre0", data({ local: "0.0.0.0", remote: "127.0.0.1" }), Errno.EADDRNOTAVAIL, INVALID],
    ["no remote address", "gif0", data({ local: "::1", remote: "::" }), Errno.EADDRNOTAVAIL, INVALID],
    ["a flag that gif does not have", "gif0", data({ flags: 4 }), Errno.EINVAL, "gif flags are invalid"],
    ["a flag that gre does not have", "gre0", data({ flags: 8 }), Errno.EINVAL, "gre flags are invalid"],
    ["a low port", "gre0", data({ port: 49151 }), Errno.EINVAL, "source port is invalid: 49151"],
    ["port 1", "gre0", data({ port: 1 }), Errno.EINVAL, "source port is invalid: 1"],
    ["an address of 5 bytes", "gif0", bad(1, new Uint8Array(5)), Errno.EOPNOTSUPP, "unknown IP len: 5 for rta type 1"],
    ["flags of 2 bytes", "gre0", bad(3, new Uint8Array(2)), Errno.EINVAL, "nla type 3 size(2) is not uint32"],
    ["a port of 4 bytes", "gre0", bad(6, new Uint8Array(4)), Errno.EINVAL, "nla type 6 size(4) is not uint16"],
  ])("%s (%s)", (_, name, bytes, expected, reason) => {
    const { socket, vnet } = setup();
    made(socket, name);
    const before = vnet.tunnel(name);
    const ack = acked(socket, change(name, bytes));
    expect([ack.error, ack.text]).toEqual([expected, reason]);
    expect(vnet.tunnel(name)).toEqual(before);
  });

  it.each([49152, 65535])("port %i is not", (port) => {
    const { socket } = setup();
    made(socket, "gre0");
    expect(errno(socket, change("gre0", { port }))).toBe(0);
  });

  it("a later attribute: what came before it in the driver's order stays, what comes after is not done", () => {
    const { socket, vnet } = setup();
    made(socket, "gre0");
    const ack = acked(socket, change("gre0", { ...BOTH, flags: 8, key: 7 }, { mtu: 1000 }));
    expect([ack.error, ack.text]).toEqual([Errno.EINVAL, "gre flags are invalid"]);
    expect(vnet.tunnel("gre0")).toMatchObject({ endpoints: BOTH, key: 0 });
    expect(linkNamed(socket, "gre0").mtu).toBe(1476);
  });

  it("[B.3.2] at creation: the interface stays, and the ack has no cookie", () => {
    const { socket } = setup();
    const ack = acked(socket, create("gif0", { data: one }));
    expect([ack.error, ack.text, ack.cookie]).toEqual([Errno.EINVAL, TOGETHER, undefined]);
    expect(ack.flags & NLM_F.CAPPED).not.toBe(0);
    expect(shown(socket, "gif0")).toEqual([[IFLA_IPTUN.FLAGS, "00000000"]]);
  });

  it("an attribute without a length in the data, at creation too", () => {
    const { socket, vnet } = setup();
    const bytes = concat(u32(0), data(BOTH));
    for (const request of [create("gre0", { data: bytes }), change("gre0", bytes)]) {
      const ack = acked(socket, request);
      expect([ack.error, ack.text]).toEqual([Errno.EINVAL, "Invalid attr 0x0 type 0 len: 0"]);
      expect(vnet.tunnel("gre0")).toEqual({ flags: 0, key: 0, port: 0 });
    }
  });

  it("an attribute of no kind is passed over", () => {
    const { socket } = setup();
    const bytes = concat(attribute(9, u32(1)), data({ flags: GIF.NOCLAMP }), attribute(0x3fff, u8(1)));
    expect(errno(socket, create("gif0", { data: bytes }))).toBe(0);
    expect(shown(socket, "gif0")).toEqual([[IFLA_IPTUN.FLAGS, "01000000"]]);
  });
});

describe("two tunnels", () => {
  it("of one driver do not have the same endpoints, the other way round they may", () => {
    const { socket } = setup();
    for (const kind of ["gif", "gre"]) {
      made(socket, `${kind}0`, { data: data(BOTH) });
      const ack = acked(socket, create(`${kind}1`, { data: data(BOTH) }));
      expect([ack.error, ack.text]).toEqual([Errno.EADDRNOTAVAIL, "address is invalid"]);
      const turned = { local: BOTH.remote as string, remote: BOTH.local as string };
      expect(errno(socket, change(`${kind}1`, turned))).toBe(0);
    }
  });

  it("a gif that takes packets from anywhere hides its endpoints from others, but not others' from itself", () => {
    const { socket } = setup();
    made(socket, "gif0", { data: data({ flags: GIF.IGNORE_SOURCE }) });
    made(socket, "gif1", { data: data({ flags: GIF.IGNORE_SOURCE }) });
    expect(errno(socket, change("gif0", BOTH))).toBe(0);
    expect(errno(socket, change("gif1", BOTH))).toBe(0);
    made(socket, "gif2", { data: data(BOTH) });
    made(socket, "gif3", { data: data({ flags: GIF.IGNORE_SOURCE }) });
    expect(errno(socket, change("gif3", BOTH))).toBe(Errno.EADDRNOTAVAIL);
    // Nothing is asked when the flag goes.
    expect(errno(socket, change("gif0", { flags: 0 }))).toBe(0);
  });

  it("gre in UDP is another tunnel than gre alone; one does not become the other where that is", () => {
    const { socket, vnet } = setup();
    made(socket, "gre0", { data: data(BOTH) });
    made(socket, "gre1", { data: data({ encapType: 1 }) });
    expect(errno(socket, change("gre1", BOTH))).toBe(0);
    const byType = acked(socket, change("gre1", { encapType: 0 }));
    expect([byType.error, byType.text]).toEqual([Errno.EEXIST, "same gre tunnel exist"]);
    const byFlags = acked(socket, change("gre1", { flags: 0 }));
    expect([byFlags.error, byFlags.text]).toEqual([Errno.EEXIST, undefined]);
    expect(vnet.tunnel("gre1")?.flags).toBe(GRE.UDPENCAP);
    expect(errno(socket, change("gre1", { flags: GRE.UDPENCAP | GRE.ENABLE_SEQ }))).toBe(0);
  });
});

describe("gre in UDP from a link-local address of no interface", () => {
  const LOST: Data = { local: "fe80:63::1", remote: "fe80:63::2" };

  it("is ENXIO, as its socket cannot be bound, and the endpoints are lost", () => {
    const { socket, vnet } = setup();
    made(socket, "gre0", { data: data({ encapType: 1 }) });
    expect(acked(socket, change("gre0", LOST))).toMatchObject({ error: Errno.ENXIO, text: undefined });
    expect(vnet.tunnel("gre0")?.endpoints).toBeUndefined();
    made(socket, "gre1", { data: data(LOST) });
    expect(errno(socket, change("gre1", { encapType: 1 }))).toBe(Errno.ENXIO);
    expect(vnet.tunnel("gre1")).toEqual({ flags: GRE.UDPENCAP, key: 0, port: 0 });
  });
});
