// What nlvm decode shows of a capture: each packet of netlink, and its messages below it.
import type { FamilyRegistry } from "../codec/families.js";
import { CaptureError } from "../trace/capture.js";
import { type NetlinkPacket, netlinkPackets } from "../trace/capturemessages.js";
import { explainMessages, messagesToJson } from "../trace/messagetext.js";
import { type Io, writeLine } from "./io.js";
import { Status } from "./status.js";

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** Shows what comes before the damage, where there is some, and says where it is. */
export function decodeCapture(file: Uint8Array, families: FamilyRegistry, isJson: boolean, io: Io): Status {
  const packets: object[] = [];
  let error: string | undefined;
  try {
    for (const packet of netlinkPackets([file])) {
      if (isJson) packets.push(packetToJson(packet, families));
      else for (const line of linesOf(packet, families)) writeLine(io.stdout, line);
    }
  } catch (thrown) {
    if (!(thrown instanceof CaptureError)) throw thrown;
    error = thrown.message;
  }
  if (isJson) writeLine(io.stdout, JSON.stringify(packets, null, 2));
  if (error === undefined) return Status.SUCCESS;
  writeLine(io.stderr, `nlvm: decode: ${error}`);
  return Status.FAILURE;
}

/** "2025-12-31T00:00:00.250Z" */
function timeOf({ nanoseconds }: NetlinkPacket): string | undefined {
  if (nanoseconds === undefined) return undefined;
  const time = new Date(Number(nanoseconds / NANOSECONDS_PER_MILLISECOND));
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

function linesOf(packet: NetlinkPacket, families: FamilyRegistry): string[] {
  const { number, interfaceName, comment, direction, messages } = packet;
  const arrow = direction === undefined ? undefined : direction === "outbound" ? ">" : "<";
  const head = [`packet ${number}`, timeOf(packet), interfaceName, comment ?? arrow].filter(
    (each) => each !== undefined,
  );
  const texts = explainMessages(messages, { ...packet, families });
  return [head.join(" "), ...texts.flatMap((text) => text.split("\n").map((line) => `  ${line}`))];
}

function packetToJson(packet: NetlinkPacket, families: FamilyRegistry): object {
  const { number, interfaceName, abi, protocol, direction, comment, messages } = packet;
  return {
    packet: number,
    time: timeOf(packet),
    interface: interfaceName,
    abi,
    protocol,
    direction,
    comment,
    messages: messagesToJson(messages, { ...packet, families }),
  };
}
