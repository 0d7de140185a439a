// Changes of nexthops and what follows from them on Linux (net/ipv4/nexthop.c; linux-compat E9.2 to E9.4): routes follow a
// nexthop that is replaced, and go with one that goes; groups lose it. To the kernel these are many steps, which it is told of
// in silence; Linux programs are told of the one change.

import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, NHA, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { LinuxErrno } from "./errno.js";
import { MessageWriter } from "./messagewriter.js";
import { groupsWith, isKernels, isSameNexthop, type Nexthop, nexthopOf } from "./nexthopmirror.js";
import { writeKernelNexthop, writeNexthop } from "./nexthopobject.js";
import { checkGateway, readId, readRequest } from "./nexthoprequest.js";
import { checkPaths, deleteRoute, pathsOf, type RouteThrough, resendRoute, routesThrough } from "./nexthoproutes.js";
import { Refusal } from "./refusal.js";
import { type Request, refusalOf } from "./request.js";
import type { Cause, LinuxVnet } from "./vnet.js";

/** Ids of nexthops for which a program names none (rtnetlink F.2). */
const SPARE = { FIRST: 262_144, LAST: 327_679 } as const;

/** RTM_NEWNEXTHOP. @throws Refusal */
export function newNexthop(request: Request): void {
  const { vnet } = request;
  const asked = readRequest(request);
  if (asked.id === 0 && request.has(NLM_F.REPLACE)) {
    throw new Refusal(LinuxErrno.EINVAL, "Replace requires nexthop id");
  }
  const nexthop = asked.id === 0 ? { ...asked, id: spareId(vnet) } : asked;
  checkGateway(request, nexthop);
  const before = nexthopOf(vnet, nexthop.id);
  const change = new NexthopChange(vnet, request.cause);
  if (before !== undefined) {
    if (!request.has(NLM_F.REPLACE)) throw new Refusal(LinuxErrno.EEXIST);
    change.replace(before, nexthop);
    return;
  }
  if (request.has(NLM_F.REPLACE) && !request.has(NLM_F.CREATE)) {
    throw new Refusal(LinuxErrno.ENOENT, "Replace specified without create and no entry exists");
  }
  change.create(nexthop);
}

/** RTM_DELNEXTHOP. @throws Refusal ENOENT, EINVAL */
export function delNexthop(request: Request): void {
  const nexthop = nexthopOf(request.vnet, readId(request.message));
  if (nexthop === undefined) throw new Refusal(LinuxErrno.ENOENT);
  new NexthopChange(request.vnet, request.cause).remove(nexthop);
}

export class NexthopChange {
  readonly #vnet: LinuxVnet;
  /** The request; undefined for what Linux does by itself, and tells nobody of. */
  readonly #cause: Cause | undefined;

  constructor(vnet: LinuxVnet, cause: Cause | undefined) {
    this.#vnet = vnet;
    this.#cause = cause;
  }

  /** Makes one that is not there. @throws Refusal what the kernel refuses */
  create(nexthop: Nexthop): void {
    this.#install(nexthop);
    this.#tell(nexthop, RTM.NEWNEXTHOP);
  }

  /**
   * Puts another in the place of one, of whichever kind; groups and routes go over to it.
   * @throws Refusal EINVAL a group for a single one, or the other way round; a blackhole in a group of several; what the
   *   kernel refuses, and nothing has changed
   */
  replace(before: Nexthop, after: Nexthop): void {
    const vnet = this.#vnet;
    const groups = groupsWith(vnet, before.id);
    this.#checkReplacement(before, after, groups);
    if (isSameNexthop(before, after)) {
      this.#tell(after, RTM.NEWNEXTHOP);
      return;
    }
    const routes = routesThrough(vnet, [before.id, ...groups]);
    for (const id of [before.id, ...groups]) this.#checkRoutes(routes.get(id) ?? [], id, after);
    this.#uninstall(before);
    try {
      this.#install(after);
    } catch (refusal) {
      this.#install(before);
      throw refusal;
    }
    // The oldest first, so that they stay in order.
    for (const id of groups.toReversed()) this.#renew(nexthopOf(vnet, id) as Nexthop);
    this.#tell(after, RTM.NEWNEXTHOP);
    for (const id of [before.id, ...groups]) {
      for (const route of routes.get(id) ?? []) resendRoute(vnet, route, id, this.#cause);
    }
  }

  #checkReplacement(before: Nexthop, after: Nexthop, groups: readonly number[]): void {
    if (before.members !== undefined && after.members === undefined) {
      throw new Refusal(LinuxErrno.EINVAL, "Can not replace a nexthop group with a nexthop.");
    }
    if (before.members === undefined && after.members !== undefined) {
      throw new Refusal(LinuxErrno.EINVAL, "Can not replace a nexthop with a nexthop group.");
    }
    const isShared = groups.some((id) => (nexthopOf(this.#vnet, id)?.members?.length ?? 0) > 1);
    if (after.isBlackhole && isShared) {
      const text = "Blackhole nexthop can not be a member of a group with more than one path";
      throw new Refusal(LinuxErrno.EINVAL, text);
    }
  }

  /** Whether routes through a nexthop or a group can go on when one takes another's place. */
  #checkRoutes(routes: readonly RouteThrough[], id: number, after: Nexthop): void {
    const target = id === after.id ? after : (nexthopOf(this.#vnet, id) as Nexthop);
    const paths = pathsOf(this.#vnet, target).map((path) => (path.id === after.id ? after : path));
    for (const family of new Set(routes.map((route) => route.family))) checkPaths(paths, family);
  }

  /** Takes one away, its routes and its place in groups with it; a group that has no other member goes too. */
  remove(nexthop: Nexthop): void {
    const vnet = this.#vnet;
    if (vnet.owner.settings.nexthopRemoval === "plain") {
      this.#remove(nexthop, [], new Map());
      return;
    }
    const groups = groupsWith(vnet, nexthop.id);
    this.#remove(nexthop, groups, routesThrough(vnet, [nexthop.id, ...groups]));
  }

  #remove(nexthop: Nexthop, groups: readonly number[], routes: ReadonlyMap<number, readonly RouteThrough[]>): void {
    const vnet = this.#vnet;
    this.#uninstall(nexthop);
    this.#tell(nexthop, RTM.DELNEXTHOP);
    for (const route of routes.get(nexthop.id) ?? []) deleteRoute(vnet, route);
    for (const id of groups) {
      const group = nexthopOf(vnet, id) as Nexthop;
      const members = group.members?.filter((member) => member.id !== nexthop.id) ?? [];
      if (members.length === 0) {
        this.#remove(group, [], routes);
        continue;
      }
      this.#renew({ ...group, members });
      this.#tell({ ...group, members }, RTM.NEWNEXTHOP);
      for (const route of routes.get(id) ?? []) resendRoute(vnet, route, id, undefined);
    }
  }

  // ---- steps, which nobody hears of

  /** @throws Refusal */
  #install(nexthop: Nexthop): void {
    const { notes } = this.#vnet;
    if (!isKernels(this.#vnet, nexthop)) {
      notes.nexthops.set(nexthop.id, { flags: nexthop.flags, own: nexthop });
      return;
    }
    if (nexthop.flags !== 0) notes.nexthops.set(nexthop.id, { flags: nexthop.flags, own: undefined });
    const writer = new MessageWriter(256);
    writeKernelNexthop(nexthop, writer);
    const answer = this.#ask(writer);
    if (answer.errno === 0) return;
    notes.nexthops.delete(nexthop.id);
    throw refusalOf(answer);
  }

  #uninstall({ id }: Nexthop): void {
    const { notes, nexthops } = this.#vnet;
    notes.nexthops.delete(id);
    if (nexthops.get(id) === undefined) return;
    const writer = new MessageWriter(64);
    writer.begin(RTM.DELNEXTHOP, NLM_F.REQUEST, 0, 0, HeaderSize.NHMSG);
    writer.u32(NHA.ID, id);
    writer.end();
    this.#ask(writer);
  }

  /** Makes one anew: the kernel made what routes use of it when the first of them came. */
  #renew(nexthop: Nexthop): void {
    this.#uninstall(nexthop);
    this.#install(nexthop);
  }

  #ask(writer: MessageWriter) {
    const answer = this.#vnet.silent.ask(writer.written);
    this.#vnet.settle(this.#cause);
    return answer;
  }

  /** Linux repeats the flags of the request (linux-clients C6). */
  #tell(nexthop: Nexthop, type: number): void {
    if (this.#cause === undefined) return;
    const { flags } = this.#cause;
    this.#vnet.multicast(RTNLGRP.NEXTHOP, this.#cause, (writer, seq, port) => {
      writeNexthop(nexthop, type, writer, { flags, seq, port });
    });
  }
}

/** @returns an id that nobody has. @throws Refusal ENOSPC there is none */
function spareId(vnet: LinuxVnet): number {
  for (let id = SPARE.FIRST; id <= SPARE.LAST; id++) if (nexthopOf(vnet, id) === undefined) return id;
  throw new Refusal(LinuxErrno.ENOSPC);
}
