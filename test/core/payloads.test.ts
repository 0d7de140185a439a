// What the payload of each attribute must be, and the text and offset that a wrong one is refused with
// (netlink-core N6.4, N6.5; rtnetlink 0.6).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLMSG } from "../../assembly/abi/netlink.js";
import { IFA, IFAF, IFLA, IFLA_INFO, NUD, RTA, RTAX, RTM } from "../../assembly/abi/rtnetlink.js";
import { dst, lladdrOf, ndmsg } from "../route/neighbours.js";
import {
  ackOf,
  ask,
  attribute,
  concat,
  doneOf,
  errorOf,
  ifaddrmsg,
  ifinfomsg,
  ip,
  message,
  numberAt,
  payloadOf,
  rtmsg,
  text,
  toHex,
  u8,
  u16,
  u32,
} from "../support/messages.js";
import { setupE, setupR } from "../support/setups.js";
import { address, fault, IN_ADDED_ROUTE, IN_ADDRESS, IN_LINK, link, route, zeros } from "./parsingrequests.js";
import { getLink } from "./requests.js";

describe("payloads", () => {
  const uint32s: [string, (bytes: Uint8Array) => Uint8Array, number, number][] = [
    ["RTA_WEIGHT", (bytes) => route(attribute(RTA.WEIGHT, bytes)), RTA.WEIGHT, IN_ADDED_ROUTE],
    ["RTA_RTFLAGS", (bytes) => route(attribute(RTA.RTFLAGS, bytes)), RTA.RTFLAGS, IN_ADDED_ROUTE],
    ["RTA_TABLE", (bytes) => route(attribute(RTA.TABLE, bytes)), RTA.TABLE, IN_ADDED_ROUTE],
    ["RTA_EXPIRES", (bytes) => route(attribute(RTA.EXPIRES, bytes)), RTA.EXPIRES, IN_ADDED_ROUTE],
    ["RTA_NH_ID", (bytes) => route(attribute(RTA.NH_ID, bytes)), RTA.NH_ID, IN_ADDED_ROUTE],
    ["RTA_OIF", (bytes) => route(attribute(RTA.OIF, bytes)), RTA.OIF, IN_ADDED_ROUTE],
    ["RTAX_MTU", (bytes) => route(attribute(RTA.METRICS, attribute(RTAX.MTU, bytes))), RTAX.MTU, IN_ADDED_ROUTE + 4],
    ["IFLA_MTU", (bytes) => link(attribute(IFLA.MTU, bytes)), IFLA.MTU, IN_LINK],
    ["IFLA_LINK", (bytes) => link(attribute(IFLA.LINK, bytes)), IFLA.LINK, IN_LINK],
    ["IFA_FLAGS", (bytes) => address(attribute(IFA.FLAGS, bytes)), IFA.FLAGS, IN_ADDRESS],
    ["IFAF_VHID", (bytes) => address(attribute(IFA.FREEBSD, attribute(IFAF.VHID, bytes))), IFAF.VHID, IN_ADDRESS + 4],
    [
      "IFAF_FLAGS",
      (bytes) => address(attribute(IFA.FREEBSD, attribute(IFAF.FLAGS, bytes))),
      IFAF.FLAGS,
      IN_ADDRESS + 4,
    ],
  ];

  it.each(uint32s)(
    "[RF-CORE-48] [N6.4] [N5.6] [0.6] uint32: %s has 4 bytes, else EINVAL with text and offset",
    (_, request, type, offset) => {
      const { socket } = setupR();
      for (const bytes of [0, 1, 2, 3, 5, 7, 8, 16]) {
        const expected = [Errno.EINVAL, `nla type ${type} size(${bytes}) is not uint32`, offset];
        expect(fault(socket, request(zeros(bytes)))).toEqual(expected);
      }
    },
  );

  const strings: [string, (bytes: Uint8Array) => Uint8Array, number][] = [
    ["IFLA_IFNAME", (bytes) => link(attribute(IFLA.IFNAME, bytes)), IFLA.IFNAME],
    ["IFLA_ALT_IFNAME", (bytes) => link(attribute(IFLA.ALT_IFNAME, bytes)), IFLA.ALT_IFNAME],
    ["IFLA_IFALIAS", (bytes) => link(attribute(IFLA.IFALIAS, bytes)), IFLA.IFALIAS],
    ["IFLA_GROUP", (bytes) => link(attribute(IFLA.GROUP, bytes)), IFLA.GROUP],
  ];

  it.each(strings)(
    "[RF-CORE-53] [N6.4] [N5.6] [0.6] string: %s has a NUL in its payload, else EINVAL with text and offset",
    (_, request, type) => {
      const { socket } = setupR();
      for (const bytes of [0, 1, 3, 4, 5]) {
        const payload = new Uint8Array(bytes).fill(0x61);
        const expected = [Errno.EINVAL, `nla type ${type} size(${bytes}) is not NULL-terminated`, IN_LINK];
        expect(fault(socket, request(payload))).toEqual(expected);
      }
      for (const payload of [text("lo0"), text(""), concat(text("lo0"), u32(0x61616161))]) {
        expect(
          ask(socket, request(payload)).map((each) => (each.type === NLMSG.ERROR ? ackOf(each).text : "")),
        ).toEqual(expect.not.arrayContaining([expect.stringContaining("terminated")]));
      }
    },
  );

  it("[N6.4] string: ends at its first NUL, not at the payload's end", () => {
    const { socket } = setupE();
    const seen = ask(socket, link(attribute(IFLA.IFNAME, text("em0"), text("xyz"))));
    expect(numberAt(seen[0]?.body ?? zeros(8), 4, 4)).toBe(2);
    // The byte behind an unpadded payload does not count as its NUL.
    expect(errorOf(ask(socket, link(attribute(IFLA.IFNAME, new TextEncoder().encode("em0")))))).toBe(Errno.EINVAL);
  });

  it.each([0, 1, 2, 4, 5])("[RF-CORE-53] [N6.4] [0.6] stringn: IFLA_INFO_KIND of %i bytes needs no NUL", (bytes) => {
    const { socket } = setupR();
    const info = attribute(IFLA.LINKINFO, attribute(IFLA_INFO.KIND, new Uint8Array(bytes).fill(0x61)));
    expect(doneOf(ask(socket, link(info)).at(-1))).toBe(0);
  });

  it.each([
    ["IFLA_ADDRESS", link(attribute(IFLA.ADDRESS, zeros(3)))],
    ["IFLA_INFO_DATA", link(attribute(IFLA.LINKINFO, attribute(IFLA_INFO.DATA, u16(1), u16(1))))],
  ])("[N6.4] nla: %s may be anything", (_, request) => {
    expect(doneOf(ask(setupR().socket, request).at(-1))).toBe(0);
  });

  const addresses: [string, (bytes: Uint8Array) => Uint8Array, number, number][] = [
    ["RTA_DST", (bytes) => route(attribute(RTA.DST, bytes)), RTA.DST, IN_ADDED_ROUTE],
    ["RTA_GATEWAY", (bytes) => route(attribute(RTA.GATEWAY, bytes)), RTA.GATEWAY, IN_ADDED_ROUTE],
    ["IFA_ADDRESS", (bytes) => address(attribute(IFA.ADDRESS, bytes)), IFA.ADDRESS, IN_ADDRESS],
    ["IFA_LOCAL", (bytes) => address(attribute(IFA.LOCAL, bytes)), IFA.LOCAL, IN_ADDRESS],
    ["IFA_BROADCAST", (bytes) => address(attribute(IFA.BROADCAST, bytes)), IFA.BROADCAST, IN_ADDRESS],
  ];

  it.each(addresses)(
    "[RF-CORE-52b] [N6.4] [N5.6] [0.6] ip: %s has 4 or 16 bytes, else ENOTSUP, the text names the length",
    (_, request, type, offset) => {
      const { socket } = setupR();
      for (const bytes of [0, 1, 2, 3, 5, 8, 12, 15, 17, 20]) {
        const expected = [Errno.EOPNOTSUPP, `unknown IP len: ${bytes} for rta type ${type}`, offset];
        expect(fault(socket, request(zeros(bytes)))).toEqual(expected);
      }
    },
  );

  it.each([
    ["nothing", "", Errno.EINVAL, "undersized RTA_VIA(18) attr: len 0"],
    ["IPv4 without an address", "02", Errno.EINVAL, undefined],
    ["IPv4 of 3 bytes", "02 7f0000", Errno.EINVAL, undefined],
    ["IPv6 of 4 bytes", "1c 20010db8", Errno.EINVAL, undefined],
    ["IPv6 of 15 bytes", `1c${"00".repeat(15)}`, Errno.EINVAL, undefined],
    ["family 10", `0a${"00".repeat(16)}`, Errno.EOPNOTSUPP, undefined],
    ["family 10, short", "0a", Errno.EOPNOTSUPP, undefined],
    ["family 0", "00 7f000001", Errno.EOPNOTSUPP, undefined],
  ])("[RF-CORE-52c] [N6.4] [0.6] ipvia: %s (%s) is refused with %i", (_, bytes, error, told) => {
    const payload = Uint8Array.from(bytes.match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));
    expect(fault(setupE().socket, route(attribute(RTA.VIA, payload)))).toEqual([error, told, IN_ADDED_ROUTE]);
  });

  it.each([
    ["IPv4", concat(u8(AF.INET), ip("192.0.2.9"))],
    ["IPv4 with surplus", concat(u8(AF.INET), ip("192.0.2.9"), u32(0xffffffff))],
    ["IPv6", concat(u8(AF.INET6), ip("2001:db8::9"))],
    ["IPv6 with surplus", concat(u8(AF.INET6), ip("2001:db8::9"), u8(0xff))],
  ])("[RF-CORE-52c] [N6.4] ipvia: %s is accepted", (_, payload) => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "2001:db8::1/64");
    const request = message(
      { type: RTM.NEWROUTE, flags: "qaC" },
      rtmsg({ dstLength: 24 }),
      attribute(RTA.DST, ip("198.51.100.0")),
      attribute(RTA.VIA, payload),
    );
    expect(errorOf(ask(socket, request))).toBe(0);
  });

  it.each([
    ["unknown", 999],
    ["0", 0],
    ["beyond 16 bits", 0x10001],
    ["all ones", 0xffffffff],
  ])("[RF-CORE-52d] [N6.4] [0.6] ifp: RTA_OIF %s (%i) is ENOENT, the text names the index", (_, index) => {
    const { socket } = setupR();
    const expected = [Errno.ENOENT, `nla type 4: ifindex ${index} invalid`, IN_ADDED_ROUTE];
    expect(fault(socket, route(attribute(RTA.OIF, u32(index))))).toEqual(expected);
  });

  it.each([
    ["GETNEIGH", RTM.GETNEIGH, "qD"],
    ["GETNEIGH without DUMP", RTM.GETNEIGH, "qa"],
    ["NEWNEIGH", RTM.NEWNEIGH, "qaC"],
    ["DELNEIGH", RTM.DELNEIGH, "qa"],
  ])(
    "[RF-CORE-56] [N6.4] [N6.5] ndm_ifindex 999 in the header of %s is ENOENT without text and offset",
    (_, type, letters) => {
      const { vnet, socket } = setupE();
      const before = vnet.statistics().neighbours;
      const parts = [dst("192.0.2.7"), lladdrOf("02:00:00:00:00:07")];
      const request = message(
        { type, flags: letters },
        ndmsg({ family: AF.INET, index: 999, state: NUD.PERMANENT }),
        ...parts,
      );
      const seen = ask(socket, request);
      expect(seen).toHaveLength(1);
      expect(ackOf(seen[0])).toMatchObject({ error: Errno.ENOENT, text: undefined, offset: undefined });
      expect(vnet.statistics().neighbours).toBe(before);
    },
  );

  it("[N6.5] an index is looked up in the socket's vnet", () => {
    const { kernel, socket } = setupE();
    const other = kernel.vnetCreate("other");
    const foreign = kernel.vnet0.interfaceIndex("em0") ?? 0;
    expect(errorOf(ask(other.socket(), getLink(foreign)))).toBe(Errno.ENODEV);
    expect(errorOf(ask(socket, route(attribute(RTA.OIF, u32(foreign)))))).toBe(0);
    const away = message({ type: RTM.NEWROUTE, flags: "qaC" }, rtmsg(), attribute(RTA.OIF, u32(foreign)));
    expect(errorOf(ask(other.socket(), away))).toBe(Errno.ENOENT);
  });

  it.each([0, 4, 15, 17, 20])("[N6.4] [C.3.2] IFA_CACHEINFO of %i bytes is EINVAL with text and offset", (bytes) => {
    const { socket } = setupR();
    const expected = [Errno.EINVAL, `nla type 6 size(${bytes}) is not ifa_cacheinfo`, IN_ADDRESS];
    expect(fault(socket, address(attribute(IFA.CACHEINFO, zeros(bytes))))).toEqual(expected);
    expect(doneOf(ask(socket, address(attribute(IFA.CACHEINFO, zeros(16)))).at(-1))).toBe(0);
  });

  it.each([
    ["IFA_ADDRESS", IFA.ADDRESS, "IFA_ADDRESS"],
    ["IFA_LOCAL", IFA.LOCAL, "IFA_LOCAL"],
    ["IFA_BROADCAST", IFA.BROADCAST, "IFA_BROADADDR"],
  ])(
    "[N6.1] [N6.7] [C.2.2] post-check: %s of another family than the header's is EINVAL with a text and no offset",
    (_, type, name) => {
      const { socket } = setupR();
      const expected = [Errno.EINVAL, `wrong family for ${name} attribute: 2 != 28`, undefined];
      expect(fault(socket, address(attribute(type, ip("2001:db8::1"))))).toEqual(expected);
      expect(doneOf(ask(socket, address(attribute(type, ip("127.0.0.1")))).at(-1))).toBe(0);
      const ofAny = message({ type: RTM.GETADDR, flags: "q" }, ifaddrmsg(), attribute(type, ip("127.0.0.1")));
      expect(fault(socket, ofAny)).toEqual([Errno.EINVAL, `wrong family for ${name} attribute: 0 != 2`, undefined]);
    },
  );
});

describe("the text of an error", () => {
  const START = "unable to find interface ";

  it.each([126, 127, 128, 129, 1000])(
    "[RF-CORE-55c] [N6.3] of %i characters has at most 127 in 128 bytes with its NUL",
    (characters) => {
      const { socket } = setupR();
      const name = Array.from({ length: characters - START.length }, (_, i) => String.fromCharCode(97 + (i % 26))).join(
        "",
      );
      const request = message({ type: RTM.NEWLINK, flags: "qa" }, ifinfomsg(), attribute(IFLA.IFNAME, text(name)));
      const seen = ask(socket, request, getLink(1, "qa"));
      const [refused, ...more] = seen;
      expect(ackOf(refused)).toMatchObject({ error: Errno.ENOENT, offset: undefined });
      const told = payloadOf(refused?.body.slice(4 + 16) ?? zeros(0), 1);
      expect(toHex(told ?? zeros(0))).toBe(toHex(text((START + name).slice(0, 127))));
      expect(told?.length).toBe(Math.min(characters, 127) + 1);
      expect(errorOf(more)).toBe(0);
    },
  );
});
