// Addresses as Linux programs ask for them (linux-compat E3, E6): RTM_GETADDR. addresschange.ts changes them, addressevent.ts
// tells of them.

import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, IFA, IfAddrMsg, RTM } from "../../assembly/abi/rtnetlink.js";
import { addressRequest, eachAddress } from "./addressevent.js";
import { type Address, readAddress, sameBytes } from "./addressmirror.js";
import { networkKey, writeAddress } from "./addressobject.js";
import {
  type DumpSource,
  type KernelDump,
  type KernelDumpState,
  kernelDump,
  type ReplyHeader,
  refusedSource,
  type SourceState,
  sequence,
} from "./dump.js";
import { LinuxErrno, linuxErrnoOf } from "./errno.js";
import { LinuxAF } from "./family.js";
import { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

/** RTM_GETADDR: all, or with its address one of IPv6. @throws Refusal */
export function getAddresses(request: Request): void {
  if (request.isDump) dumpAddresses(request);
  else getAddress(request);
}

/** IPv4 has no look-up of one address (E3.7). */
function getAddress(request: Request): void {
  const { message, vnet } = request;
  if (message.header8(IfAddrMsg.FAMILY) !== LinuxAF.INET6) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  message.index(HeaderSize.IFADDRMSG);
  const wanted = (message.payload(IFA.LOCAL) ?? message.payload(IFA.ADDRESS))?.slice();
  if (wanted === undefined) throw new Refusal(LinuxErrno.EINVAL);
  const index = message.header32(IfAddrMsg.INDEX);
  let isFound = false;
  eachAddress(vnet, index, AF.INET6, (each, { local }) => {
    if (isFound || !sameBytes(local, wanted)) return;
    isFound = true;
    request.reply((writer, header) => writeAddress(vnet, each, RTM.NEWADDR, writer, header, false));
  });
  if (!isFound) throw new Refusal(LinuxErrno.EADDRNOTAVAIL);
}

function dumpAddresses(request: Request): void {
  const { message, vnet } = request;
  const { isStrict } = request.requester;
  const asked = message.header8(IfAddrMsg.FAMILY);
  if (isStrict) checkStrictly(message, asked === LinuxAF.INET6 ? "ipv6" : "ipv4");
  // Without strict checking only the family is honoured (E3.4).
  const index = isStrict ? message.header32(IfAddrMsg.INDEX) : 0;
  const isFiltered = index !== 0;
  if (isFiltered && vnet.links.get(index) === undefined) {
    request.dump(refusedSource(new Refusal(LinuxErrno.ENODEV)), { isFiltered });
    return;
  }
  const families = asked === LinuxAF.INET ? [AF.INET] : asked === LinuxAF.INET6 ? [AF.INET6] : [AF.INET, AF.INET6];
  const source = sequence(families.map((family) => new AddressDump(vnet, family, addressRequest(family, index))));
  // Linux 6.18 puts NLMSG_DONE behind the last addresses of IPv6 alone, else it is a datagram of its own (recorded).
  request.dump(source, { isFiltered, doneJoins: asked === LinuxAF.INET6 });
}

/** The checks of a strict socket (E3.4, E3.5). @throws Refusal EINVAL */
function checkStrictly(message: MessageReader, family: string): void {
  const refuse = (text: string): Refusal => new Refusal(LinuxErrno.EINVAL, `${family}: ${text}`);
  if (message.attributesFrom(HeaderSize.IFADDRMSG) > message.end) {
    throw refuse("Invalid header for address dump request");
  }
  const { PREFIXLEN, FLAGS, SCOPE } = IfAddrMsg;
  if (message.header8(PREFIXLEN) || message.header8(FLAGS) || message.header8(SCOPE)) {
    throw refuse("Invalid values in header for address dump request");
  }
  message.each(message.attributesFrom(HeaderSize.IFADDRMSG), message.end, (type) => {
    if (type === IFA.TARGET_NETNSID) throw refuse("Invalid target network namespace id");
    throw refuse("Unsupported attribute in dump request");
  });
}

/** A message of the kernel, and what Linux's order needs to know of it. */
interface Entry {
  readonly bytes: Uint8Array;
  readonly address: Address;
  isSecondary: boolean;
}

export interface AddressDumpState extends SourceState {
  readonly family: number;
  readonly gathered: Entry[];
  readonly ready: Entry[];
  readonly isRead: boolean;
  readonly dump: KernelDumpState;
}

/**
 * The addresses of one family, in Linux's order within each interface (inet_insert_ifa, ipv6_link_dev_addr): IPv4 those of
 * the widest scope number first and secondary ones last, IPv6 those of the widest scope first and newer before older.
 */
export class AddressDump implements DumpSource {
  readonly #vnet: LinuxVnet;
  readonly #family: number;
  readonly #source: KernelDump;
  readonly #reader = new MessageReader();
  /** Addresses of the interface that the kernel's dump is at. */
  #gathered: Entry[] = [];
  /** Of the one before, to be written. */
  #ready: Entry[] = [];
  #isRead = false;

  /** @param from - see kernelDump */
  constructor(vnet: LinuxVnet, family: number, from: Uint8Array | KernelDumpState) {
    this.#vnet = vnet;
    this.#family = family;
    this.#source = kernelDump(vnet.channels, from, {
      translate: (message) => this.#gather(message),
      // The interface went in the meantime.
      failed: (errno) => new Refusal(errno === Errno.ENOENT ? LinuxErrno.ENODEV : linuxErrnoOf(errno)),
    });
  }

  save(): AddressDumpState {
    const [family, gathered, ready, isRead] = [this.#family, this.#gathered, this.#ready, this.#isRead];
    return { source: "addresses", family, gathered, ready, isRead, dump: this.#source.save() };
  }

  static load(vnet: LinuxVnet, { family, gathered, ready, isRead, dump }: AddressDumpState): AddressDump {
    const loaded = new AddressDump(vnet, family, dump);
    loaded.#gathered = gathered;
    loaded.#ready = ready;
    loaded.#isRead = isRead;
    return loaded;
  }

  next(writer: MessageWriter, header: ReplyHeader): boolean {
    while (this.#ready.length === 0 && !this.#isRead) {
      if (this.#source.next(NOWHERE, header, ONE_MESSAGE)) continue;
      this.#isRead = true;
      this.#turn();
    }
    const entry = this.#ready.shift();
    if (entry !== undefined) {
      this.#reader.use(entry.bytes);
      this.#reader.seek(0);
      writeAddress(this.#vnet, this.#reader, RTM.NEWADDR, writer, header, entry.isSecondary);
    }
    return this.#ready.length > 0 || !this.#isRead;
  }

  close(): void {
    this.#source.close();
  }

  #gather(message: MessageReader): void {
    const address = readAddress(message);
    if (this.#gathered[0] !== undefined && this.#gathered[0].address.index !== address.index) this.#turn();
    this.#gathered.push({ bytes: message.message.slice(), address, isSecondary: false });
  }

  /** An interface is complete. */
  #turn(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    if (this.#family === AF.INET) this.#ready = this.#orderInet(gathered);
    else this.#ready = gathered.reverse().sort((left, right) => left.address.scope - right.address.scope);
  }

  #orderInet(entries: Entry[]): Entry[] {
    const networks = new Set<string>();
    for (const entry of entries) {
      const network = networkKey(this.#vnet, entry.address);
      entry.isSecondary = networks.has(network);
      networks.add(network);
    }
    const primaries = entries.filter((entry) => !entry.isSecondary);
    const secondaries = entries.filter((entry) => entry.isSecondary);
    return [...primaries.sort((left, right) => right.address.scope - left.address.scope), ...secondaries];
  }
}

/** Where a gathering dump writes nothing. */
const NOWHERE = new MessageWriter(0);
/** A limit that is passed already. */
const ONE_MESSAGE = -1;
