import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTM, RTN, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { decode } from "../../host/codec/decode.js";
import type { Message } from "../../host/codec/messages.js";
import { BATCH_BYTES, BATCH_MESSAGES, RouteBatches } from "../../host/table/batches.js";
import { Inet6TableBuilder } from "../../host/table/builder.js";
import { syntheticTable } from "../../host/table/synthetic.js";
import { type Inet6Table, prefixText, type Table } from "../../host/table/table.js";

function inet6Table(count: number): Inet6Table {
  const builder = new Inet6TableBuilder();
  for (let route = 0; route < count; route++) {
    builder.add(0x2001_0db8_0000_0000n + BigInt(route), BigInt(route) << 56n, 72, route % 64);
  }
  return builder.finish();
}

/** The messages of each batch; the batches share one buffer, so they are decoded before the next is written. */
function decodeAll(batches: RouteBatches): Message[][] {
  const decoded: Message[][] = [];
  for (let batch = batches.next(); batch; batch = batches.next()) decoded.push(decode(batch.slice()));
  return decoded;
}

function prefixes(messages: readonly Message[]): string[] {
  return messages.map((message) =>
    message.kind === "route" ? `${message.body.destination}/${message.body.destinationLength}` : message.kind,
  );
}

function textOf(table: Table): string[] {
  return Array.from({ length: table.count }, (_, route) => prefixText(table, route));
}

describe.each<[string, Table]>([
  ["IPv4", syntheticTable({ routes: 450, seed: 1 })],
  ["IPv6", inet6Table(450)],
])("batches of an %s table", (_name, table) => {
  it("hold each route once, in the table's order, 200 a send and the rest in the last", () => {
    const decoded = decodeAll(new RouteBatches(table, { interfaceIndex: 2 }));
    expect(decoded.map((batch) => batch.length)).toEqual([BATCH_MESSAGES, BATCH_MESSAGES, 50]);
    expect(prefixes(decoded.flat())).toEqual(textOf(table));
  });

  it("ask for an ack with the last message of each, and number the messages", () => {
    const decoded = decodeAll(new RouteBatches(table, { interfaceIndex: 2, sequence: 100 }));
    for (const batch of decoded) {
      const flags = batch.map(({ header }) => header.flags);
      expect(flags.pop()).toBe(NLM_F.REQUEST | NLM_F.CREATE | NLM_F.ACK);
      expect(new Set(flags)).toEqual(new Set([NLM_F.REQUEST | NLM_F.CREATE]));
    }
    const sequences = decoded.flat().map(({ header }) => header.seq);
    expect(sequences).toEqual(Array.from({ length: table.count }, (_, route) => 100 + route));
  });

  it("hold gateway, interface and header fields of every route", () => {
    const [batch = []] = decodeAll(new RouteBatches(table, { interfaceIndex: 7 }));
    batch.forEach((message, route) => {
      const number = 2 + (table.gateways[route] ?? 0);
      const gateway = table.family === AF.INET ? `192.0.2.${number}` : `2001:db8::${number.toString(16)}`;
      expect(message.header.type).toBe(RTM.NEWROUTE);
      expect(message.body).toMatchObject({
        family: table.family,
        type: RTN.UNICAST,
        protocol: RTPROT.BGP,
        table: 0,
        gateway,
        oif: 7,
      });
    });
  });

  it("built ahead are the same bytes in memory of their own", () => {
    const built = new RouteBatches(table, { interfaceIndex: 2 }).built();
    const batches = new RouteBatches(table, { interfaceIndex: 2 });
    for (const { bytes, lastSequence } of built) {
      expect(bytes).toEqual(batches.next());
      expect(lastSequence).toBe(batches.lastSequence);
    }
    expect(batches.next()).toBeUndefined();
    expect(batches.written).toBe(table.count);
  });

  it("stay within 60 KiB and the messages asked for", () => {
    for (const { bytes } of new RouteBatches(table, { interfaceIndex: 2 }).built()) {
      expect(bytes.length).toBeLessThanOrEqual(BATCH_BYTES);
    }
    expect(new RouteBatches(table, { interfaceIndex: 2, messages: 1 }).built()).toHaveLength(table.count);
    for (const messages of [0, BATCH_MESSAGES + 1]) {
      expect(() => new RouteBatches(table, { interfaceIndex: 2, messages })).toThrow(RangeError);
    }
  });
});
