// The states of virtual hosts (netinet/ip_carp.c): INIT while the interface or its carrier is down, or there is no address;
// then BACKUP, and MASTER when no master was heard of for three times its interval. There are no packets: no other host
// advertises, and every backup becomes master in the end.
//   settle              something has changed: back to INIT, and on from there as far as it goes (carp_sc_state)
//   followCarrier       an interface went up or down, or its carrier did (carp_linkstate)
//   becomeMaster, becomeBackup
//   demote
//   writeCarpSetting    the sysctls that do more than keep a number

import { CARP_STATE } from "../abi/carp";
import { Errno } from "../abi/errno";
import { LINK_STATE } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { StackSysctl } from "../abi/sysctl";
import { append, format, logText } from "../mem/text";
import { arpAnnounce } from "./arp";
import { VirtualHost } from "./carp";
import { addVirtualRoutes, removeVirtualRoutes } from "./carproutes";
import { Callout, setCallout, stopCallout, uptimeMs } from "./clock";
import { onVirtualHost } from "./hooks";
import { IfAddress } from "./ifaddr";
import { Interface, firstInterface } from "./ifnet";
import { settings, writeSetting } from "./settings";

/** Intervals without an advertisement after which a master counts as gone. */
const MISSED: u64 = 3;
const DSCP_MAX: u32 = 63;

/** By CARP_STATE. */
const STATES: StaticArray<string> = ["INIT", "BACKUP", "MASTER"];

const LINE_BYTES: u32 = 128;
const line: usize = memory.data(128);

function isWorking(ifp: Interface): bool {
  return ifp.isUp && ifp.linkState == LINK_STATE.UP && settings.carpAllow != 0;
}

export function settle(host: VirtualHost): void {
  if (isWorking(host.home)) {
    setState(host, CARP_STATE.INIT, "hardware interface up");
    run(host);
    if (host.isSuppressed) demote(-settings.carpIfdownDemotion, "interface up");
    host.isSuppressed = false;
    return;
  }
  stopCallout(host.masterDown);
  stopCallout(host.masterDown6);
  setState(host, CARP_STATE.INIT, "hardware interface down");
  removeRoutes(host);
  if (!host.isSuppressed) demote(settings.carpIfdownDemotion, "interface down");
  host.isSuppressed = true;
}

export function followCarrier(ifp: Interface): void {
  for (let at = ifp.virtualHosts; at != 0; at = changetype<VirtualHost>(at).next) settle(changetype<VirtualHost>(at));
}

/**
 * carp_setrun. A master would advertise from here on. A timer of a family whose last address is gone runs on, and may make the
 * host master early, as in FreeBSD.
 */
function run(host: VirtualHost): void {
  if (!isWorking(host.home) || (host.addresses == 0 && host.addresses6 == 0)) return;
  if (host.state == CARP_STATE.INIT) setState(host, CARP_STATE.BACKUP, "initialization complete");
  if (host.state != CARP_STATE.BACKUP) return;
  if (host.addresses != 0) waitForMaster(host, host.masterDown);
  if (host.addresses6 != 0) waitForMaster(host, host.masterDown6);
}

function waitForMaster(host: VirtualHost, callout: Callout): void {
  const delayMs = MISSED * host.advbase * 1000 + (<u64>host.advskew * 1000 + 255) / 256;
  setCallout(callout, uptimeMs() + delayMs, masterDown, changetype<usize>(host));
}

/** carp_master_down */
function masterDown(owner: usize): void {
  const host = changetype<VirtualHost>(owner);
  if (host.state == CARP_STATE.BACKUP) becomeMaster(host, "master timed out");
}

/** Of a backup (carp_master_down_locked). */
export function becomeMaster(host: VirtualHost, reason: string): void {
  setState(host, CARP_STATE.MASTER, reason);
  for (let at = firstOf(host); at != 0; at = nextOf(host, at)) {
    if (changetype<IfAddress>(at).family == AF.INET) arpAnnounce();
  }
  for (let at = firstOf(host); at != 0; at = nextOf(host, at)) addVirtualRoutes(changetype<IfAddress>(at));
}

/** Of a master. */
export function becomeBackup(host: VirtualHost, reason: string): void {
  setState(host, CARP_STATE.BACKUP, reason);
  run(host);
  removeRoutes(host);
}

function removeRoutes(host: VirtualHost): void {
  for (let at = firstOf(host); at != 0; at = nextOf(host, at)) removeVirtualRoutes(changetype<IfAddress>(at));
}

// The addresses of a virtual host, 0 = no more.
function firstOf(host: VirtualHost): usize {
  return skip(host, host.home.addresses);
}
function nextOf(host: VirtualHost, at: usize): usize {
  return skip(host, changetype<IfAddress>(at).next);
}
function skip(host: VirtualHost, at: usize): usize {
  while (at != 0 && !isOf(changetype<IfAddress>(at), host)) at = changetype<IfAddress>(at).next;
  return at;
}
function isOf(address: IfAddress, host: VirtualHost): bool {
  return address.isVirtual && address.virtualHost == changetype<usize>(host);
}

/** carp_set_state */
function setState(host: VirtualHost, state: u32, reason: string): void {
  if (host.state == state) return;
  logChange(host, state, reason);
  host.state = state;
  onVirtualHost(changetype<usize>(host));
}

function logChange(host: VirtualHost, state: u32, reason: string): void {
  if (settings.carpLog == 0) return;
  let length = append(line, LINE_BYTES, format(line, LINE_BYTES, "carp: %@", host.vhid, 0), host.home.name);
  length = add(add(length, ": "), STATES[host.state]);
  length = add(add(length, " -> "), STATES[state]);
  logText(line, add(add(add(length, " ("), reason), ")"));
}

/** One more text of the line at hand; its length then. */
function add(length: u32, text: string): u32 {
  return length + format(line + length, LINE_BYTES - length, text, 0, 0);
}

/** carp_demote_adj */
export function demote(by: i32, reason: string): void {
  settings.carpDemotion += by;
  if (settings.carpLog == 0) return;
  let length = addNumber(add(0, "carp: demoted by "), by);
  length = addNumber(add(length, " to "), settings.carpDemotion);
  logText(line, add(add(add(length, " ("), reason), ")"));
}

function addNumber(length: u32, number: i32): u32 {
  const end = number < 0 ? add(length, "-") : length;
  return end + format(line + end, LINE_BYTES - end, "%", <u32>abs(number), 0);
}

/** EINVAL for a DSCP beyond 63. What is written as demotion is added to it; a change of allow settles all virtual hosts. */
export function writeCarpSetting(number: u32, value: u32): Errno {
  if (number == <u32>StackSysctl.CARP_DSCP && value > DSCP_MAX) return Errno.EINVAL;
  if (number == <u32>StackSysctl.CARP_DEMOTION) {
    demote(<i32>value, "sysctl");
    return Errno.OK;
  }
  const hasChanged = number == <u32>StackSysctl.CARP_ALLOW && value != settings.carpAllow;
  const error = writeSetting(number, value);
  if (!hasChanged) return error;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) followCarrier(changetype<Interface>(at));
  return error;
}
