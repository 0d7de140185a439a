// The exports: what the host calls, and nothing else. Numbers go in and out as arguments; what is longer lies in the
// exchange, a fixed place that both sides know. A result of -1 to -255 is an errno; addresses may be above 2 GiB, and then
// are negative to the host too, but never so close to the end of memory.

import { Errno } from "./abi/errno";
import {
  AddressLayout, AttachFlag, AttachLayout, JAIL_ADDRESSES_MAX, JailAddressLayout, OpenLayout, ReceiveLayout, StatisticsWord,
} from "./abi/exchange";
import { IfLimit, ND6_IFF } from "./abi/ifnet";
import { NetlinkSize } from "./abi/netlink";
import { exchangeArea } from "./exchangearea";
import { blockBytes } from "./mem/block";
import { bufferBytes, bufferCount, bufferHighWater, resetHighWater } from "./mem/buffer";
import { allocationFailures, bootPages, endOfMemory, failAllocation as setFault, topOfMemory } from "./mem/pages";
import { bootRandom, randomWord } from "./mem/random";
import {
  OpenRequest, afterReceive, beginSend, bind, close, connect, control, endSend, getOption, open, readiness, setOption,
  writeControl, writeName, writeSender,
} from "./netlink/calls";
import { checkSockets } from "./netlink/check";
import { bootModule, isLoaded, loadModule, readSysctl, unloadModule, writeSysctl } from "./netlink/module";
import { receive, received } from "./netlink/queue";
import { JailAddress, Socket, socketCount } from "./netlink/socket";
import { runTasks, runnableCount, setPolicy } from "./netlink/task";
import { StackSysctl } from "./abi/sysctl";
import { withZone } from "./net/address";
import { AddressRequest, deleteAddress } from "./net/addressctl";
import { checkCarp } from "./net/carpctl";
import { writeCarpSetting } from "./net/carpstate";
import { advanceClock, bootClock, uptimeMs, wallClockSeconds } from "./net/clock";
import { releasePath } from "./net/defrouter";
import { detachHooks } from "./net/hooks";
import { attachHardware } from "./net/clone";
import { IfAddress, addressCount, findAddress } from "./net/ifaddr";
import { Interface, announce, findByIndex, findByName, firstInterface, interfaceCount, linkInterface } from "./net/ifnet";
import { checkMemberships } from "./net/membership";
import { addAddress, bringUp, setNdFlags } from "./net/ifcontrol";
import { bringDown } from "./net/ifdown";
import { bootOutbox } from "./net/ifoutbox";
import { hearDad } from "./net/inet6";
import { runNd } from "./net/ndexpiry";
import { bootNd } from "./net/ndtimer";
import { checkNeighbours, neighbourCount } from "./net/neighbour";
import { nexthopCount } from "./net/nexthop";
import { groupCount } from "./net/nhgroup";
import { watchPaths } from "./net/pathwatch";
import { checkPrefixes } from "./net/prefixcheck";
import { bootRibs, routeCount } from "./net/rib";
import { checkRibs } from "./net/ribcheck";
import { walkCount } from "./net/ribwalk";
import { bootSettings, readSetting, writeSetting } from "./net/settings";
import { userNexthopCount } from "./net/usernexthop";
import { bootSwitches } from "./net/switches";
import { removeInterface } from "./net/unclone";
import { attachGeneric, detachGeneric } from "./generic/family";
import { attachRoute, detachRoute } from "./route/family";
import { checkRoutingSockets } from "./rtsock/socket";

export * from "./generics";
export * from "./links";
export * from "./neighbours";
export * from "./routing";

export function exchange(): usize {
  return exchangeArea;
}

if (offsetof<OpenRequest>("processId") != OpenLayout.PROCESS_ID) ERROR("OpenLayout");
if (offsetof<OpenRequest>("isCapabilityMode") != OpenLayout.IS_CAPABILITY_MODE) ERROR("OpenLayout");
if (offsetof<OpenRequest>("jailAddressCount") != OpenLayout.JAIL_ADDRESS_COUNT) ERROR("OpenLayout");
if (offsetof<OpenRequest>("ethernetNameBytes") != OpenLayout.ETHERNET_NAME_BYTES) ERROR("OpenLayout");
if (<i32>offsetof<OpenRequest>() > OpenLayout.JAIL_ADDRESSES) ERROR("OpenLayout");
if (OpenLayout.JAIL_ADDRESSES + JAIL_ADDRESSES_MAX * JailAddressLayout.BYTES > 1024) ERROR("JAIL_ADDRESSES_MAX");
if (offsetof<JailAddress>("low") != JailAddressLayout.LOW) ERROR("JailAddressLayout");
if (offsetof<JailAddress>() != JailAddressLayout.BYTES) ERROR("JailAddressLayout");
if (offsetof<AttachRequest>("fib") != AttachLayout.FIB) ERROR("AttachLayout");
if (offsetof<AttachRequest>("description0") != AttachLayout.DESCRIPTION) ERROR("AttachLayout");
if (offsetof<AddressRequest>("peerHigh") != AddressLayout.PEER_HIGH) ERROR("AddressLayout");
if (offsetof<AddressRequest>("flags") != AddressLayout.FLAGS) ERROR("AddressLayout");
if (offsetof<AddressRequest>("vhid") != AddressLayout.VHID) ERROR("AddressLayout");
if (offsetof<AddressRequest>() != AddressLayout.BYTES) ERROR("AddressLayout");

// ---- the vnet

/** @param vnet - the number of the vnet; @param switches - bits of Switch */
export function boot(seedLow: u32, seedHigh: u32, policy: u32, fibs: u32, bootSeconds: u32, vnet: u32, switches: u32): i32 {
  bootPages();
  bootRandom((<u64>seedHigh << 32) | seedLow);
  bootClock(bootSeconds);
  bootOutbox(vnet);
  bootSwitches(switches);
  bootModule();
  bootSettings();
  bootNd(runNd);
  watchPaths(releasePath);
  detachHooks();
  setPolicy(policy);
  return bootRibs(fibs) ? 0 : -Errno.ENOMEM;
}

/** Moves the clock; the milliseconds as two words. */
export function advance(low: u32, high: u32): void {
  advanceClock((<u64>high << 32) | low);
}

/** Exchange: uptime in milliseconds u64, unix time in seconds u64. */
export function readClock(): void {
  store<u64>(exchangeArea, uptimeMs());
  store<u64>(exchangeArea, wallClockSeconds(), 8);
}

/** A number below a limit; for 0 any word. */
export function random(limit: u32): u32 {
  const word = randomWord();
  return limit == 0 ? word : word % limit;
}

export function failAllocation(n: u32, period: u32): void {
  setFault(n, period);
}

/** Bytes of memory as this run has grown it. */
export function memoryEnd(): usize {
  return endOfMemory();
}

/** Bytes of memory up to which a snapshot goes: all that follow are zero. */
export function memoryTop(): usize {
  return topOfMemory();
}

/** Exchange: what StatisticsWord names. */
export function statistics(): void {
  count(StatisticsWord.TOP, <u32>topOfMemory());
  count(StatisticsWord.BLOCKS, <u32>blockBytes());
  count(StatisticsWord.BUFFERS, <u32>bufferBytes());
  count(StatisticsWord.BUFFERS_HIGH_WATER, <u32>bufferHighWater());
  count(StatisticsWord.BUFFER_COUNT, bufferCount());
  count(StatisticsWord.SOCKETS, socketCount());
  count(StatisticsWord.INTERFACES, interfaceCount());
  count(StatisticsWord.ADDRESSES, addressCount());
  count(StatisticsWord.ROUTES, routeCount());
  count(StatisticsWord.NEXTHOPS, nexthopCount());
  count(StatisticsWord.WALKS, walkCount());
  count(StatisticsWord.ALLOCATION_FAILURES, allocationFailures());
  count(StatisticsWord.RUNNABLE, runnableCount());
  count(StatisticsWord.GROUPS, groupCount());
  count(StatisticsWord.USER_NEXTHOPS, userNexthopCount());
  count(StatisticsWord.NEIGHBOURS, neighbourCount());
}

function count(word: u32, value: u32): void {
  store<u32>(exchangeArea + word * 4, value);
}

export function forgetHighWater(): void {
  resetHighWater();
}

/**
 * 0 when tables and queues are consistent, else what is not (RibFault, NeighbourFault, PrefixFault, MembershipFault, CarpFault,
 * RoutingFault, SocketFault).
 */
export function check(): u32 {
  const ribs = checkRibs();
  if (ribs != 0) return ribs;
  const neighbours = checkNeighbours();
  if (neighbours != 0) return neighbours;
  const prefixes = checkPrefixes();
  if (prefixes != 0) return prefixes;
  const memberships = checkMemberships();
  if (memberships != 0) return memberships;
  const virtualHosts = checkCarp();
  if (virtualHosts != 0) return virtualHosts;
  const routing = checkRoutingSockets();
  return routing != 0 ? routing : checkSockets();
}

// ---- the netlink module

/** ROUTE first, as FreeBSD's modules come (netlink-core N14.10). */
function attachFamilies(): void {
  attachRoute();
  attachGeneric();
}

function detachFamilies(): void {
  detachGeneric();
  detachRoute();
}

export function loadNetlink(): i32 {
  return -loadModule(attachFamilies);
}

export function unloadNetlink(): i32 {
  return -unloadModule(detachFamilies);
}

export function isNetlinkLoaded(): bool {
  return isLoaded();
}

/** @param sysctl - NetlinkSysctl, or from FIRST on StackSysctl */
export function sysctlRead(sysctl: u32): u32 {
  return sysctl >= <u32>StackSysctl.FIRST ? readSetting(sysctl) : readSysctl(sysctl);
}

export function sysctlWrite(sysctl: u32, value: u32): i32 {
  if (sysctl < <u32>StackSysctl.FIRST) return -writeSysctl(sysctl, value);
  const isCarp = sysctl >= <u32>StackSysctl.CARP_ALLOW && sysctl <= <u32>StackSysctl.CARP_IFDOWN_DEMOTION;
  return isCarp ? -writeCarpSetting(sysctl, value) : -writeSetting(sysctl, value);
}

// ---- sockets

/** Exchange: an OpenRequest, whose jail addresses follow it. The socket's handle, or a negative errno. */
export function socketOpen(): i32 {
  const from = changetype<OpenRequest>(exchangeArea);
  from.jailAddresses = exchangeArea + OpenLayout.JAIL_ADDRESSES;
  return open(from);
}

export function socketBind(socket: usize, addressBytes: u32, port: u32, groups: u32): i32 {
  return -bind(changetype<Socket>(socket), addressBytes, port, groups);
}

export function socketConnect(addressBytes: u32): i32 {
  return -connect(addressBytes);
}

/** Exchange: the socket's sockaddr_nl, and behind it the one of whoever sends to it. */
export function socketName(socket: usize): void {
  writeName(changetype<Socket>(socket), exchangeArea);
  writeSender(exchangeArea + NetlinkSize.SOCKADDR_NL);
}

export function socketSetOption(socket: usize, level: i32, option: i32, value: i32, valueBytes: u32): i32 {
  return -setOption(changetype<Socket>(socket), level, option, value, valueBytes);
}

/** Exchange: the value. */
export function socketGetOption(socket: usize, level: i32, option: i32): i32 {
  return -getOption(changetype<Socket>(socket), level, option, exchangeArea);
}

/** Where `bytes` bytes of a send go, or a negative errno; socketSend follows when they are there. */
export function socketReserve(socket: usize, bytes: u32, flags: u32, hasControl: bool): i32 {
  return beginSend(changetype<Socket>(socket), bytes, flags, hasControl);
}

/** Queues the bytes and processes at most `budget` messages. */
export function socketSend(socket: usize, budget: u32): void {
  endSend(changetype<Socket>(socket));
  runTasks(budget);
}

/**
 * Bytes copied, or a negative errno. Exchange: where they lie, what MSG_TRUNC adds to the result, whether a message was
 * cut, whether there is more for this receive. After the last piece the call is ended, and at most `budget` messages are
 * processed.
 */
export function socketReceive(socket: usize, room: u32, taken: u32, isPeek: bool, budget: u32): i32 {
  const copied = receive(changetype<Socket>(socket), room, taken, isPeek);
  store<usize>(exchangeArea, received.window, ReceiveLayout.WINDOW);
  store<u32>(exchangeArea, received.excess, ReceiveLayout.EXCESS);
  store<u32>(exchangeArea, u32(received.isCut), ReceiveLayout.IS_CUT);
  store<u32>(exchangeArea, u32(received.hasMore), ReceiveLayout.HAS_MORE);
  if (copied >= 0 && !received.hasMore) {
    afterReceive(changetype<Socket>(socket));
    runTasks(budget);
  }
  return copied;
}

/** Exchange: the control message of a receive. Its length, 0 without NETLINK_MSG_INFO. */
export function socketControl(socket: usize): u32 {
  return writeControl(changetype<Socket>(socket), exchangeArea);
}

/** Exchange: the number asked for, u64. */
export function socketIoctl(socket: usize, command: i32): i32 {
  return -control(changetype<Socket>(socket), command, exchangeArea);
}

export function socketPoll(socket: usize): u32 {
  return readiness(changetype<Socket>(socket));
}

/** False when a message that was sent waits for the host: to be called again when that is answered. */
export function socketClose(socket: usize): bool {
  return close(changetype<Socket>(socket));
}

/** Processes at most `budget` messages; the number that were. */
export function run(budget: u32): u32 {
  return runTasks(budget);
}

/** Sockets whose task is to run. */
export function runnable(): u32 {
  return runnableCount();
}

// ---- the stack

/** What interfaceAttach takes from the exchange. */
@unmanaged
class AttachRequest {
  name0: u64;
  name1: u64;
  lladdr: u64;
  /** 0 = the kind's own. */
  mtu: u32;
  fib: u32;
  description0: u64;
}

/**
 * Exchange: an AttachRequest, then the description, NUL-terminated. The index; EEXIST for a name in use.
 * @param flags - AttachFlag
 */
export function interfaceAttach(flags: u32): i32 {
  const from = changetype<AttachRequest>(exchangeArea);
  if (findByName(exchangeArea) != null) return -Errno.EEXIST;
  const ifp = attachHardware(exchangeArea, (flags & AttachFlag.POINT_TO_POINT) != 0);
  if (ifp == null) return -Errno.ENOMEM;
  if ((flags & AttachFlag.LLADDR) != 0 && ifp.lladdrBytes != 0) {
    ifp.lladdr = from.lladdr;
    ifp.originalLladdr = from.lladdr;
  }
  if (from.mtu != 0) ifp.mtu = from.mtu;
  ifp.fib = from.fib;
  memory.copy(ifp.description, exchangeArea + offsetof<AttachRequest>("description0"), IfLimit.DESCRIPTION);
  linkInterface(ifp);
  announce(ifp);
  return ifp.index;
}

/** The index of the interface whose NUL-terminated name is in the exchange, 0 = none. */
export function interfaceIndex(): u32 {
  const ifp = findByName(exchangeArea);
  return ifp == null ? 0 : ifp.index;
}

/** The index of the n-th interface in order of attachment, 0 = there are not so many. */
export function interfaceAt(n: u32): u32 {
  let at = firstInterface();
  for (; at != 0 && n > 0; n--) at = changetype<Interface>(at).next;
  return at == 0 ? 0 : changetype<Interface>(at).index;
}

export function interfaceDetach(index: u32): i32 {
  const ifp = findByIndex(index);
  return ifp == null ? -Errno.ENXIO : -removeInterface(ifp);
}

export function interfaceUp(index: u32, isUp: bool): i32 {
  const ifp = findByIndex(index);
  if (ifp == null) return -Errno.ENXIO;
  if (!isUp) return -bringDown(ifp);
  return -bringUp(ifp, true);
}

/** Exchange: an AddressRequest. */
export function addressAdd(index: u32): i32 {
  const ifp = findByIndex(index);
  return ifp == null ? -Errno.ENXIO : -addAddress(ifp, changetype<AddressRequest>(exchangeArea));
}

/** Switches IPv6 on or off on an interface. */
export function interfaceInet6(index: u32, isEnabled: bool): i32 {
  const ifp = findByIndex(index);
  if (ifp == null) return -Errno.ENXIO;
  return -setNdFlags(ifp, isEnabled ? 0 : ND6_IFF.IFDISABLED, isEnabled ? ND6_IFF.IFDISABLED : 0);
}

/** Exchange: an AddressRequest, of which family and address count. */
export function addressDelete(index: u32): i32 {
  const address = addressInExchange(index);
  return address == null ? -Errno.EADDRNOTAVAIL : -deleteAddress(address);
}

/** As addressDelete: another owner of the address is heard during its detection. */
export function addressDuplicate(index: u32): i32 {
  const address = addressInExchange(index);
  return address == null ? -Errno.EADDRNOTAVAIL : -hearDad(address);
}

function addressInExchange(index: u32): IfAddress | null {
  const ifp = findByIndex(index);
  if (ifp == null) return null;
  const from = changetype<AddressRequest>(exchangeArea);
  return findAddress(ifp, from.family, withZone(from.family, from.high, index), from.low);
}
