// The exports for interfaces: what ioctls and drivers do, and what the host carries from vnet to vnet. As in index.ts a
// negative result is an errno.

import { Errno } from "./abi/errno";
import { CloneLayout, Exchange, PostedLayout } from "./abi/exchange";
import { IfLimit } from "./abi/ifnet";
import { exchangeArea } from "./exchangearea";
import { attentionAddress } from "./net/attention";
import { CHANGES, Change } from "./net/changes";
import { CloneRequest, cloneInterface, requestName } from "./net/clone";
import { clonerAt, clonerMatching, freeUnit } from "./net/cloner";
import { rename } from "./net/ifchange";
import { assignIndices, freeIndex, indexWordCount, indexWords, settleIndices } from "./net/ifindex";
import { Interface, expectInterface, findByIndex, freeInterface, unexpectInterface } from "./net/ifnet";
import { awayCount, countAway, isKnownElsewhere, takePosted } from "./net/ifoutbox";
import { readTunnel } from "./net/tunnelctl";
import { destroyHomeless, destroyInterface, enterVnet, followElsewhere, leaveVnet } from "./net/unclone";
import { detachVlans } from "./net/vlan";

if (<i32>offsetof<Interface>() > Exchange.BYTES) ERROR("an interface fits the exchange");

const cloneRequest = changetype<CloneRequest>(memory.data(offsetof<CloneRequest>(), 16));

/** Exchange: a CloneLayout, and then the name that the interface got. Its index; errnos as cloneInterface. */
export function interfaceCreate(): i32 {
  const cloner = clonerMatching(exchangeArea);
  if (cloner == null) return -Errno.EINVAL;
  memory.fill(changetype<usize>(cloneRequest), 0, offsetof<CloneRequest>());
  requestName(cloneRequest, exchangeArea);
  const parent = load<u32>(exchangeArea, CloneLayout.PARENT);
  cloneRequest.parent = changetype<usize>(findByIndex(parent));
  if (parent != 0 && cloneRequest.parent == 0) return -Errno.ENXIO;
  cloneRequest.vid = load<u32>(exchangeArea, CloneLayout.VID);
  cloneRequest.protocol = load<u32>(exchangeArea, CloneLayout.PROTOCOL);
  const error = cloneInterface(cloner, cloneRequest);
  if (error != Errno.OK) return -error;
  const ifp = changetype<Interface>(cloneRequest.made);
  memory.copy(exchangeArea, ifp.name, IfLimit.NAMSIZ);
  return ifp.index;
}

export function interfaceDestroy(index: u32): i32 {
  const ifp = findByIndex(index);
  return ifp == null ? -Errno.ENXIO : -destroyInterface(ifp);
}

/** Exchange: the new name, NUL-terminated. */
export function interfaceRename(index: u32): i32 {
  const ifp = findByIndex(index);
  return ifp == null ? -Errno.ENXIO : -rename(ifp, exchangeArea);
}

/** Exchange: what goes with the change. @param change - IfChange */
export function interfaceChange(index: u32, change: u32, value: u32, other: u32): i32 {
  const ifp = findByIndex(index);
  if (ifp == null) return -Errno.ENXIO;
  return -changetype<Change>(CHANGES[change])(ifp, value, other);
}

/** What is set of a gif or gre. Exchange: a TunnelLayout. 0 when the interface is neither. */
export function interfaceTunnel(index: u32): i32 {
  const ifp = findByIndex(index);
  return ifp == null ? -Errno.ENXIO : i32(readTunnel(ifp, exchangeArea));
}

// ---- interfaces of several vnets

/** Where the word is that says that the host has something to carry to other vnets; it clears it. */
export function attention(): usize {
  return attentionAddress();
}

/** The set of interface indices: where its words are, and how many. */
export function indexTable(): usize {
  return indexWords();
}
export function indexTableWords(): u32 {
  return indexWordCount();
}

/** Where the words of another vnet's set are to be written, 0 without memory; indexSettle follows. */
export function indexAssign(words: u32): usize {
  return assignIndices(words);
}
export function indexSettle(): void {
  settleIndices();
}

/** Exchange: a PostedLayout. False when nothing is left. */
export function postedTake(): bool {
  const record = takePosted();
  if (record == 0) return false;
  const ifp = changetype<Interface>(record);
  store<u32>(exchangeArea, ifp.index, PostedLayout.INDEX);
  store<u32>(exchangeArea, u32(ifp.isGone), PostedLayout.IS_GONE);
  store<u32>(exchangeArea, ifp.parentIndex, PostedLayout.PARENT);
  store<u32>(exchangeArea, ifp.linkState, PostedLayout.LINK_STATE);
  store<u32>(exchangeArea, ifp.media, PostedLayout.MEDIA);
  store<u32>(exchangeArea, ifp.home, PostedLayout.HOME);
  store<u32>(exchangeArea, ifp.cloner, PostedLayout.CLONER);
  store<i32>(exchangeArea, ifp.unit, PostedLayout.UNIT);
  if (ifp.isGone) freeInterface(ifp);
  return true;
}

/** What became of an interface elsewhere. */
export function interfaceFollow(index: u32, isGone: bool, parent: u32, linkState: u32, media: u32): void {
  followElsewhere(index, isGone, parent, linkState, media);
}

/** An interface that was made here is gone elsewhere, and with it its unit; -1 = none. */
export function interfaceLost(cloner: u32, unit: i32): void {
  countAway(-1);
  if (cloner != 0 && unit >= 0) freeUnit(clonerAt(cloner), unit);
}

/** How many interfaces that were made here are in other vnets. */
export function interfacesAway(): u32 {
  return awayCount();
}

/** The vnet in which interfaces here were made is gone, and they go too. @param vnet - its number */
export function interfacesOrphaned(vnet: u32): void {
  destroyHomeless(vnet);
}

/** An interface elsewhere is a parent no more. */
export function vlansOrphaned(index: u32): void {
  detachVlans(index);
}

/** A vnet is gone, and with it an interface. */
export function indexFree(index: u32): void {
  freeIndex(index);
}

/** The vnet that an interface was made in. */
export function interfaceHome(index: u32): u32 {
  const ifp = findByIndex(index);
  return ifp == null ? u32.MAX_VALUE : ifp.home;
}

/** Whether an interface of another vnet belongs to it. */
export function interfaceIsKnown(index: u32): bool {
  const ifp = findByIndex(index);
  return ifp != null && isKnownElsewhere(ifp);
}

/**
 * A record for an interface that comes with its index, -ENOMEM without memory; interfaceEnter or interfaceUnexpect
 * follows.
 */
export function interfaceExpect(index: u32): i32 {
  const record = expectInterface(index);
  return record == 0 ? -Errno.ENOMEM : <i32>record;
}
export function interfaceUnexpect(record: usize): void {
  unexpectInterface(record);
}

/** The interface leaves. Exchange: all it has; the number of bytes. */
export function interfaceLeave(index: u32): i32 {
  const ifp = findByIndex(index);
  if (ifp == null) return -Errno.ENXIO;
  const error = leaveVnet(ifp, exchangeArea);
  return error != Errno.OK ? -error : offsetof<Interface>();
}

/** Exchange: what interfaceLeave left in another vnet's. */
export function interfaceEnter(record: usize): void {
  enterVnet(record, exchangeArea);
}
