// The kernel's routes on their way into a dump. Nearly all routes of a large table have one shape, a gateway and nothing else:
// those are copied word by word from the places where that shape has things, without a look at what lies between. All others
// go through writeRoute.

import { NetlinkSize } from "../../assembly/abi/netlink.js";
import { RTA, RTM, RtMsg } from "../../assembly/abi/rtnetlink.js";
import type { ReplyHeader } from "./dump.js";
import { LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import type { PrefixTable } from "./prefixtable.js";
import { type RouteFilter, selects } from "./routefilter.js";
import { NO_NOTE, type RouteNote } from "./routenotes.js";
import { Metric6 } from "./routenumber.js";
import { isHidden, prefixOf, writeRoute } from "./routeobject.js";
import { headerTableOf, tableOf } from "./tables.js";
import type { LinuxVnet } from "./vnet.js";

/** An nlattr as a word. @param payload - bytes behind it */
function nlattr(type: number, payload: number): number {
  return (type << 16) | (NetlinkSize.NLATTR + payload);
}

const ADDRESS6 = 16;
const TABLE = nlattr(RTA.TABLE, 4);
const OIF = nlattr(RTA.OIF, 4);
const KNH_ID = nlattr(RTA.KNH_ID, 4);
const RTFLAGS = nlattr(RTA.RTFLAGS, 4);
const PRIORITY = nlattr(RTA.PRIORITY, 4);
const DST4 = nlattr(RTA.DST, 4);
const GATEWAY4 = nlattr(RTA.GATEWAY, 4);
const DST6 = nlattr(RTA.DST, ADDRESS6);
const GATEWAY6 = nlattr(RTA.GATEWAY, ADDRESS6);
const CACHEINFO = nlattr(RTA.CACHEINFO, 32);
const PREF = nlattr(RTA.PREF, 1);

/** Where things are in the message of a route over a gateway, in words: of attributes the nlattr. Behind FLAGS is RTA_TABLE. */
const Plain = { LENGTH: 0, TYPE: 1, SEQ: 2, PID: 3, FAMILY: 4, RTM_TABLE: 5, FLAGS: 6, TABLE: 7, DST: 9 } as const;
const Plain4 = { GATEWAY: 11, KNH_ID: 13, RTFLAGS: 15, OIF: 17, BYTES: 76 } as const;
const Plain6 = { GATEWAY: 14, KNH_ID: 19, RTFLAGS: 21, OIF: 23, BYTES: 100 } as const;
/** In Linux's form: of a default route without RTA_DST; IPv4's besides without RTA_PRIORITY (E7.3). */
const LinuxBytes = { INET_DEFAULT: 52, INET6: 136, INET6_DEFAULT: 116 } as const;
/** rtm_dst_len and rtm_protocol in their words; rtm_family and rtm_table are the low byte of theirs. */
const BITS_MASK = 0xff00;
const RTM_PROTOCOL = 0xff00;
const LOW_BYTE = 0xff;

/** Words are read and written as the host has them, which is how messages have them but on hosts that nobody has. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Translates the routes of one family in one fib. */
export class RouteTranslator {
  readonly #vnet: LinuxVnet;
  readonly #filter: RouteFilter | undefined;
  readonly #fib: number;
  readonly #family: number;
  #notes: PrefixTable<RouteNote> | undefined;
  /** Id, and as rtm_table. */
  #table = 0;
  #headerTable = 0;
  /** The reader's and the writer's bytes as words. */
  #sourceBytes: Uint8Array | undefined;
  #source: Int32Array = new Int32Array(0);
  #targetBytes: Uint8Array | undefined;
  #target: Int32Array = new Int32Array(0);

  /**
   * @param family - FreeBSD's
   * @param filter - undefined for all routes
   */
  constructor(vnet: LinuxVnet, fib: number, family: number, filter: RouteFilter | undefined) {
    this.#vnet = vnet;
    this.#filter = filter;
    this.#fib = fib;
    this.#family = family;
    this.refresh();
  }

  /** To be called when the program may have done something since the last route: notes are those of now. */
  refresh(): void {
    this.#notes = this.#vnet.notes.routes.table(this.#fib, this.#family);
    this.#table = tableOf(this.#vnet, this.#fib);
    this.#headerTable = headerTableOf(this.#table);
  }

  /** @see Translate */
  translate(message: MessageReader, writer: MessageWriter, header: ReplyHeader): void {
    if (this.#filter === undefined && IS_LITTLE_ENDIAN) {
      if (message.bytes !== this.#sourceBytes) this.#read(message.bytes);
      const words = this.#source;
      const at = message.start >> 2;
      const bytes = words[at];
      const isPlain = bytes === Plain4.BYTES ? isPlain4(words, at) : bytes === Plain6.BYTES && isPlain6(words, at);
      const note = isPlain ? this.#noteOf(message) : undefined;
      if (note !== undefined && isShort(note)) {
        if (bytes === Plain4.BYTES) this.#writePlain4(words, at, writer, header, note);
        else this.#writePlain6(words, at, writer, header, note);
        return;
      }
    }
    this.#translateAny(message, writer, header);
  }

  #translateAny(message: MessageReader, writer: MessageWriter, header: ReplyHeader): void {
    const prefix = prefixOf(message);
    if (isHidden(this.#vnet, message)) return;
    const filter = this.#filter;
    if (filter !== undefined && !selects(filter, message, this.#vnet.notes.routes.get(prefix))) return;
    writeRoute(this.#vnet, message, RTM.NEWROUTE, writer, header);
  }

  #read(bytes: Uint8Array): void {
    this.#sourceBytes = bytes;
    this.#source = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  }

  /** Room for a message. @returns its place, in words of the target */
  #room(writer: MessageWriter, bytes: number): number {
    const start = writer.room(bytes);
    if (writer.bytes !== this.#targetBytes) {
      this.#targetBytes = writer.bytes;
      this.#target = new Int32Array(writer.bytes.buffer, 0, writer.bytes.length >> 2);
    }
    return start >> 2;
  }

  #noteOf(message: MessageReader): RouteNote {
    if (this.#notes === undefined) return NO_NOTE;
    const bits = message.bytes[message.start + NetlinkSize.NLMSGHDR + RtMsg.DST_LEN] as number;
    const address = message.start + Plain.DST * 4 + NetlinkSize.NLATTR;
    return this.#notes.get(bits, message.bytes, address) ?? NO_NOTE;
  }

  /** @param from - where the message is, in words */
  #writePlain4(words: Int32Array, from: number, writer: MessageWriter, header: ReplyHeader, note: RouteNote): void {
    const family = words[from + Plain.FAMILY] as number;
    const isDefault = (family & BITS_MASK) === 0;
    const bytes = LinuxBytes.INET_DEFAULT + (isDefault ? 0 : 8) + (note.priority === 0 ? 0 : 8);
    const to = this.#room(writer, bytes);
    const out = this.#target;
    this.#writeHeader(words[from + Plain.RTM_TABLE] as number, family, out, to, bytes, header, note);
    let at = to + Plain.DST;
    if (!isDefault) {
      out[at] = DST4;
      out[at + 1] = words[from + Plain.DST + 1] as number;
      at += 2;
    }
    if (note.priority !== 0) {
      out[at] = PRIORITY;
      out[at + 1] = note.priority;
      at += 2;
    }
    out[at] = GATEWAY4;
    out[at + 1] = words[from + Plain4.GATEWAY + 1] as number;
    out[at + 2] = OIF;
    out[at + 3] = words[from + Plain4.OIF + 1] as number;
  }

  #writePlain6(words: Int32Array, from: number, writer: MessageWriter, header: ReplyHeader, note: RouteNote): void {
    const family = words[from + Plain.FAMILY] as number;
    const isDefault = (family & BITS_MASK) === 0;
    const bytes = isDefault ? LinuxBytes.INET6_DEFAULT : LinuxBytes.INET6;
    const to = this.#room(writer, bytes);
    const out = this.#target;
    const linuxFamily = (family & ~LOW_BYTE) | LinuxAF.INET6;
    this.#writeHeader(words[from + Plain.RTM_TABLE] as number, linuxFamily, out, to, bytes, header, note);
    let at = to + Plain.DST;
    if (!isDefault) at = copyAddress(words, from + Plain.DST, out, at, DST6);
    out[at] = PRIORITY;
    out[at + 1] = note.priority === 0 ? Metric6.USER : note.priority;
    at = copyAddress(words, from + Plain6.GATEWAY, out, at + 2, GATEWAY6);
    out[at] = OIF;
    out[at + 1] = words[from + Plain6.OIF + 1] as number;
    out[at + 2] = CACHEINFO;
    for (let word = at + 3; word < at + 11; word++) out[word] = 0;
    out[at + 11] = PREF;
    out[at + 12] = 0;
  }

  #writeHeader(
    rtm: number,
    family: number,
    out: Int32Array,
    to: number,
    bytes: number,
    header: ReplyHeader,
    note: RouteNote,
  ): void {
    out[to] = bytes;
    out[to + Plain.TYPE] = RTM.NEWROUTE | (header.flags << 16);
    out[to + Plain.SEQ] = header.seq;
    out[to + Plain.PID] = header.port;
    out[to + Plain.FAMILY] = family;
    const shown = note.protocol === 0 ? rtm & ~LOW_BYTE : (rtm & ~RTM_PROTOCOL & ~LOW_BYTE) | (note.protocol << 8);
    out[to + Plain.RTM_TABLE] = shown | this.#headerTable;
    out[to + Plain.FLAGS] = 0;
    out[to + Plain.TABLE] = TABLE;
    out[to + Plain.TABLE + 1] = this.#table;
  }
}

/** Whether a note is of the metric and the protocol alone, as routing daemons leave. */
function isShort(note: RouteNote): boolean {
  if (note === NO_NOTE) return true;
  const { type, prefsrc, pref, metrics, flow, paths, nexthop } = note;
  const isPlain = type === 0 && pref === 0 && flow === 0 && nexthop === 0;
  return isPlain && prefsrc === undefined && metrics === undefined && paths.length === 0;
}

/** An attribute of 16 bytes. @returns where the next one begins */
function copyAddress(words: Int32Array, from: number, out: Int32Array, to: number, attribute: number): number {
  out[to] = attribute;
  out[to + 1] = words[from + 1] as number;
  out[to + 2] = words[from + 2] as number;
  out[to + 3] = words[from + 3] as number;
  out[to + 4] = words[from + 4] as number;
  return to + 5;
}

function isPlain4(words: Int32Array, at: number): boolean {
  return (
    words[at + Plain4.GATEWAY] === GATEWAY4 &&
    words[at + Plain4.KNH_ID] === KNH_ID &&
    words[at + Plain4.RTFLAGS] === RTFLAGS &&
    words[at + Plain4.OIF] === OIF
  );
}

function isPlain6(words: Int32Array, at: number): boolean {
  return (
    words[at + Plain6.GATEWAY] === GATEWAY6 &&
    words[at + Plain6.KNH_ID] === KNH_ID &&
    words[at + Plain6.RTFLAGS] === RTFLAGS &&
    words[at + Plain6.OIF] === OIF
  );
}
