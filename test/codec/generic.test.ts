// Messages of generic netlink: the controller's and nlsysevent's, and which family a type stands for.

import { expect, it, describe as suite } from "vitest";
import { CTRL_CMD, GENL, NLSE_CMD } from "../../assembly/abi/genetlink.js";
import { NETLINK, NLM_F } from "../../assembly/abi/netlink.js";
import { decode } from "../../host/codec/decode.js";
import { describe, explain, toJson } from "../../host/codec/describe.js";
import { encode } from "../../host/codec/encode.js";
import { FamilyRegistry } from "../../host/codec/families.js";
import { controller } from "../../host/codec/generic.js";
import type { Message } from "../../host/codec/messages.js";
import { attribute, hex, message, text, toHex, u16, u32 } from "../support/messages.js";

const protocol = NETLINK.GENERIC;

/** GETFAMILY of id 16, answered (netlink-core N12). */
const NLCTRL = hex(`74000000 10000500 07000000 64000000 | 01020000 | 0b000200 6e6c6374 726c00 00 |
  06000100 1000 0000 | 08000300 02000000 | 08000400 00000000 | 08000500 0a000000 |
  18000600 14000100 08000100 03000000 08000200 0e000000 |
  1c000700 18000100 08000200 30000000 0b000100 6e6f7469 667900 00`);

const padding = (bytes: Uint8Array): Uint8Array => Uint8Array.from([...bytes, ...new Uint8Array(-bytes.length & 3)]);

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...padding(part)]));
}

/** The controller's word that a family has an id. */
function told(command: number, name: string, id: number): Uint8Array {
  const parts = [Uint8Array.of(command, 1, 0, 0), attribute(2, text(name)), attribute(1, u16(id))];
  return message({ type: GENL.MIN_ID, flags: "", seq: 0 }, ...parts);
}

/** An event of nlsysevent, whose id is 17. */
const EVENT = message(
  { type: 17, flags: "", seq: 0 },
  Uint8Array.of(NLSE_CMD.NEWEVENT, 0, 0, 0),
  attribute(1, text("IFNET")),
  attribute(2, text("em0")),
  attribute(3, text("LINK_UP")),
);

function only(bytes: Uint8Array, families?: FamilyRegistry): Message {
  const messages = decode(bytes, { protocol, ...(families ? { families } : {}) });
  expect(messages).toHaveLength(1);
  return messages[0] as Message;
}

suite("a message of the controller", () => {
  it("[N10.4] shows the family, its commands and its groups", () => {
    const read = only(NLCTRL);
    expect(read).toMatchObject({
      kind: "controller",
      body: {
        genl: { command: CTRL_CMD.NEWFAMILY, version: 2 },
        name: "nlctrl",
        id: 16,
        version: 2,
        hdrsize: 0,
        maxattr: 10,
        operations: [{ id: 3, flags: 0xe }],
        groups: [{ id: 48, name: "notify" }],
      },
    });
    expect(describe(read)).toBe(
      "CTRL_CMD_NEWFAMILY nlctrl id 16 version 2 maxattr 10 commands [3 CAP_DO|CAP_DUMP|CAP_HASPOL] groups [notify 48] " +
        "(116 bytes, flags REQUEST|ACK, seq 7, pid 100)",
    );
    expect(explain(read)).toMatch(/nlmsg_type +nlctrl \(16\)/);
    expect(toJson(read)).toMatchObject({ name: "CTRL_CMD_NEWFAMILY", body: { groups: [{ id: 48, name: "notify" }] } });
  });

  it("is written as FreeBSD writes it", () => {
    expect(toHex(encode(only(NLCTRL)))).toBe(toHex(NLCTRL));
    const genl = { command: CTRL_CMD.GETFAMILY, version: 2, reserved: 0 };
    const request = controller.message(GENL.MIN_ID, { flags: NLM_F.REQUEST, seq: 7 }, { genl, name: "x" });
    expect(toHex(encode(request))).toBe(toHex(hex("1c000000 10000100 07000000 00000000 03020000 06000200 78000000")));
  });

  it("keeps the numbers of members that are not 1, 2, 3", () => {
    const member = (index: number, id: number): Uint8Array => attribute(index, attribute(1, u32(id)));
    const operations = Uint8Array.from([...member(7, 3), ...member(2, 4)]);
    const bytes = message({ type: 16, flags: "", seq: 0 }, Uint8Array.of(1, 1, 0, 0), attribute(6, operations));
    const read = only(bytes);
    expect(read).toMatchObject({ body: { operations: [{ id: 3 }, { id: 4 }] } });
    expect(toHex(encode(read))).toBe(toHex(bytes));
  });
});

suite("the type of a message", () => {
  it("stands for no family before anybody says so", () => {
    expect(only(EVENT, new FamilyRegistry()).kind).toBe("unknown");
    expect(only(EVENT).kind).toBe("unknown");
  });

  it("is what the controller said before, in the same buffer too, until the family goes", () => {
    const families = new FamilyRegistry();
    const buffer = joined(
      told(CTRL_CMD.NEWFAMILY, "nlsysevent", 17),
      EVENT,
      told(CTRL_CMD.DELFAMILY, "nlsysevent", 17),
      EVENT,
    );
    const kinds = decode(buffer, { protocol, families }).map(({ kind }) => kind);
    expect(kinds).toEqual(["controller", "generic", "controller", "unknown"]);
  });

  it("can be given", () => {
    const families = new FamilyRegistry();
    families.set(17, "nlsysevent");
    const read = only(EVENT, families);
    expect(read).toMatchObject({ family: "nlsysevent", body: { system: "IFNET", subsystem: "em0", type: "LINK_UP" } });
    expect(describe(read)).toBe("NLSE_CMD_NEWEVENT IFNET em0 LINK_UP (52 bytes, seq 0, pid 0)");
    expect(explain(read, { families })).toMatch(/nlmsg_type +nlsysevent \(17\)/);
    expect(JSON.stringify(toJson(read))).not.toContain("schema");
    expect(toHex(encode(read))).toBe(toHex(EVENT));
  });

  it("means another thing on a socket of NETLINK_ROUTE", () => {
    const families = new FamilyRegistry();
    families.set(17, "nlsysevent");
    expect(decode(EVENT, { families })[0]?.kind).toBe("link");
  });
});
