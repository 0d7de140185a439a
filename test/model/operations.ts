// What is done to the two vnets, as plain data: what the model makes of an operation, and the request or call for the kernel.

import { Errno } from "../../assembly/abi/errno.js";
import { IFF } from "../../assembly/abi/ifnet.js";
import { RTF, RTM, RTN } from "../../assembly/abi/rtnetlink.js";
import type { Kernel } from "../../host/kernel/kernel.js";
import { delRoute, newRoute as routeMessage } from "../route/routes.js";
import { addressRequest, linkRequest, multipath, neighbourRequest, nexthopRequest } from "../rows/requests.js";
import { addAddress, deleteAddress } from "./addresses.js";
import { createLink, destroyLink, kindOf, moveLink, namesOf, newAddress, setAlias, setMtu, setUp } from "./links.js";
import { deleteNeighbour, newNeighbour } from "./neighbours.js";
import { familyOfText, linkNamed, type Network, splitAddress, twins, type Vnet } from "./network.js";
import { deleteNexthop, deleteRoute, newGroup, newNexthop, newRoute, type PathRequest } from "./routes.js";
import type { Table } from "./tables.js";
import { callTunnel, hasTunnels, setTunnel, type TunnelOperation, tunnelRequest } from "./tunnels.js";

/** Which vnet; a move goes to the other one. */
export type Side = 0 | 1;

export interface RouteParts {
  readonly fib: number;
  readonly prefix: string;
  /** Letters: C, X, P, A. */
  readonly flags: string;
  readonly isStatic: boolean;
}

export type Operation = { readonly side: Side } & (
  | { readonly kind: "attach" | "detach" | "create" | "destroy" | "move"; readonly link: string }
  | { readonly kind: "up" | "down"; readonly link: string; readonly byHost: boolean }
  | { readonly kind: "mtu"; readonly link: string; readonly mtu: number }
  | { readonly kind: "alias"; readonly link: string; readonly alias: string }
  | { readonly kind: "address" | "addressGone"; readonly link: string; readonly address: string }
  | (RouteParts & { readonly kind: "route"; readonly path: PathRequest })
  | (RouteParts & { readonly kind: "discard"; readonly type: RTN.BLACKHOLE | RTN.PROHIBIT })
  | (RouteParts & { readonly kind: "multipath"; readonly paths: readonly PathRequest[] })
  | (RouteParts & { readonly kind: "routeById"; readonly id: number })
  | { readonly kind: "routeGone"; readonly fib: number; readonly prefix: string; readonly filter: PathRequest }
  | { readonly kind: "nexthop"; readonly id: number; readonly gateway: string; readonly oif: string }
  | { readonly kind: "group"; readonly id: number; readonly members: readonly number[] }
  | { readonly kind: "nexthopGone"; readonly id: number }
  | {
      readonly kind: "neighbour";
      readonly link: string;
      readonly dst: string;
      readonly lladdr: string;
      readonly flags: number;
      readonly letters: string;
    }
  | TunnelOperation
  | { readonly kind: "neighbourGone"; readonly link: string; readonly dst: string }
);

/** Weights of a user group, unlike those of any other group: equal groups share what they show (rtnetlink E.8.3). */
function membersOf(id: number, members: readonly number[]): [number, number][] {
  return members.map((member, n) => [member, 10 * id + n]);
}

/** The link-layer address that the host gives a link. */
export function hostLladdr(name: string): string {
  return `02:00:00:00:01:${name.replace(/\D/g, "").padStart(2, "0")}`;
}

/** What comes of an operation by the reference; the network is changed when the errno is 0. */
export function perform(network: Network, operation: Operation): Errno {
  const vnet = network.vnets[operation.side];
  switch (operation.kind) {
    case "attach":
      return createLink(network, vnet, operation.link, hostLladdr(operation.link));
    case "create":
      return createLink(network, vnet, operation.link);
    case "detach":
    case "destroy":
      return destroyLink(network, vnet, operation.link);
    case "move":
      return moveLink(network, vnet, network.vnets[operation.side === 0 ? 1 : 0], operation.link);
    case "up":
    case "down":
      return setUp(vnet, operation.link, operation.kind === "up", operation.byHost);
    case "mtu":
      return setMtu(vnet, operation.link, operation.mtu);
    case "alias":
      return setAlias(vnet, operation.link, operation.alias);
    case "address":
    case "addressGone":
      return changeAddress(network, vnet, operation);
    case "route":
      return putRoute(vnet, operation, { paths: [operation.path] });
    case "discard":
      return putRoute(vnet, operation, { type: operation.type });
    case "multipath":
      return putRoute(vnet, operation, { paths: operation.paths });
    case "routeById":
      return putRoute(vnet, operation, { nhId: operation.id });
    case "routeGone":
      return deleteRoute(vnet, operation.fib, operation.prefix, operation.filter);
    case "nexthop":
      return newNexthop(vnet, operation.id, operation.gateway, operation.oif);
    case "group":
      return newGroup(vnet, operation.id, membersOf(operation.id, operation.members));
    case "nexthopGone":
      return deleteNexthop(vnet, operation.id);
    case "tunnel":
      return setTunnel(vnet, operation);
    case "neighbour":
      return newNeighbour(vnet, operation);
    case "neighbourGone":
      return deleteNeighbour(vnet, operation.link, operation.dst);
  }
}

interface RouteWay {
  readonly type?: RTN.BLACKHOLE | RTN.PROHIBIT;
  readonly paths?: readonly PathRequest[];
  readonly nhId?: number;
}

function putRoute(vnet: Vnet, { fib, prefix, flags, isStatic }: RouteParts, way: RouteWay): Errno {
  const rtFlags = isStatic ? RTF.STATIC : 0;
  return newRoute(vnet, { fib, prefix, flags, rtFlags, type: RTN.UNICAST, paths: [], nhId: 0, ...way });
}

function changeAddress(
  network: Network,
  vnet: Vnet,
  { kind, link: name, address }: { kind: string; link: string; address: string },
): Errno {
  const link = linkNamed(vnet, name);
  if (link === undefined) return Errno.ENOENT;
  const [text, length] = splitAddress(address);
  if (kind === "address") {
    addAddress(vnet, link, newAddress(network, familyOfText(text), text, length));
    return Errno.OK;
  }
  const present = link.addresses.find((each) => each.text === text);
  if (present === undefined) return Errno.EADDRNOTAVAIL;
  deleteAddress(vnet, link, present);
  return Errno.OK;
}

/** Tables of a vnet that an operation changes without a word (rtnetlink C.6, D.5.3, E.7.3, Z.3). */
export function silentTables(network: Network, operation: Operation, side: Side): Table[] {
  const vnet = network.vnets[side];
  const isTunnelChange = operation.kind === "tunnel" && side === operation.side;
  const isSilent = isTunnelChange || (ADDRESSES_GO.has(operation.kind) && hasTunnels(vnet));
  return [...silentBesides(vnet, operation, side), ...(isSilent ? (["links"] as const) : [])];
}

/** Operations with which addresses come or go. */
const ADDRESSES_GO: ReadonlySet<string> = new Set(["address", "addressGone", "detach", "destroy", "move"]);

function silentBesides(vnet: Vnet, operation: Operation, side: Side): Table[] {
  const isHere = side === operation.side;
  switch (operation.kind) {
    case "detach":
    case "destroy": {
      const gone = namesOf(operation.link).flatMap((name) => linkNamed(vnet, name) ?? []);
      return [...(gone.length > 0 ? AT_DEPARTURE : []), ...(gone.some(twins) ? (["addresses"] as const) : [])];
    }
    case "move":
    case "addressGone":
      if (!isHere) return [];
      return [...AT_DEPARTURE, ...(twins(linkNamed(vnet, operation.link)) ? (["addresses"] as const) : [])];
    case "up":
      return isHere ? ["routes"] : [];
    case "down":
      return isHere ? ["routes", "addresses"] : [];
    case "alias":
      return isHere ? ["links"] : [];
    case "address":
      return isHere ? AT_DEPARTURE : [];
    default:
      return [];
  }
}

const AT_DEPARTURE: Table[] = ["routes", "neighbours"];

/** An index that no link has. */
const NO_INDEX = 99;

/** The request that a client sends for an operation; undefined where it is the host's to do. */
export function requestOf(network: Network, operation: Operation): Uint8Array | undefined {
  const vnet = network.vnets[operation.side];
  const indexOf = (name: string): number => linkNamed(vnet, name)?.index ?? NO_INDEX;
  const oifOf = ({ gateway, oif, weight }: PathRequest) => ({
    ...(gateway === undefined ? {} : gatewayFields(operation, gateway)),
    ...(oif === undefined ? {} : { oif: indexOf(oif) }),
    ...(weight === undefined ? {} : { weight }),
  });
  switch (operation.kind) {
    case "create":
      return linkRequest(RTM.NEWLINK, "qaC", { name: namesForCreation(operation.link), kind: kindOf(operation.link) });
    case "destroy":
      return linkRequest(RTM.DELLINK, "qa", { index: indexOf(operation.link) });
    case "up":
    case "down": {
      const flags = operation.kind === "up" ? IFF.UP : 0;
      const fields = { index: indexOf(operation.link), flags, change: IFF.UP };
      return operation.byHost ? undefined : linkRequest(RTM.NEWLINK, "qa", fields);
    }
    case "mtu":
      return linkRequest(RTM.NEWLINK, "qa", { index: indexOf(operation.link), mtu: operation.mtu });
    case "alias":
      return linkRequest(RTM.NEWLINK, "qa", { index: indexOf(operation.link), alias: operation.alias });
    case "address":
      return addressRequest(RTM.NEWADDR, { index: indexOf(operation.link), address: operation.address });
    case "addressGone":
      return addressRequest(RTM.DELADDR, { index: indexOf(operation.link), address: operation.address }, "qa");
    case "route":
      return routeMessage(
        operation.prefix,
        { ...routeFields(operation), ...oifOf(operation.path) },
        letters(operation),
      );
    case "discard":
      return routeMessage(operation.prefix, { ...routeFields(operation), type: operation.type }, letters(operation));
    case "multipath": {
      const paths = operation.paths.map(({ gateway = "", oif, weight = 0 }) => ({
        gateway,
        weight,
        ...(oif === undefined ? {} : { oif: indexOf(oif) }),
      }));
      return routeMessage(
        operation.prefix,
        { ...routeFields(operation), extra: [multipath(...paths)] },
        letters(operation),
      );
    }
    case "routeById":
      return routeMessage(operation.prefix, { ...routeFields(operation), nexthopId: operation.id }, letters(operation));
    case "routeGone":
      return delRoute(operation.prefix, { table: operation.fib, ...oifOf(operation.filter) });
    case "nexthop": {
      const { id, gateway, oif } = operation;
      return nexthopRequest(RTM.NEWNEXTHOP, { id, gateway, oif: indexOf(oif) });
    }
    case "group":
      return nexthopRequest(RTM.NEWNEXTHOP, { id: operation.id, group: membersOf(operation.id, operation.members) });
    case "nexthopGone":
      return nexthopRequest(RTM.DELNEXTHOP, { id: operation.id }, "qa");
    case "tunnel":
      return operation.byHost ? undefined : tunnelRequest(operation, indexOf(operation.link));
    case "neighbour":
      return neighbourRequest(
        RTM.NEWNEIGH,
        { index: indexOf(operation.link), dst: operation.dst, lladdr: operation.lladdr, flags: operation.flags },
        `qa${operation.letters}`,
      );
    case "neighbourGone":
      return neighbourRequest(RTM.DELNEIGH, { index: indexOf(operation.link), dst: operation.dst }, "qa");
    default:
      return undefined;
  }
}

function namesForCreation(name: string): string {
  return kindOf(name) === "epair" ? name.replace(/[ab]$/, "") : name;
}

function letters({ flags }: RouteParts): string {
  return `qa${flags}`;
}

function routeFields({ fib, isStatic }: RouteParts) {
  return { table: fib, rtFlags: isStatic ? RTF.STATIC : 0 };
}

/** A gateway of IPv6 for a route of IPv4 is RTA_VIA's. */
function gatewayFields(operation: Operation, gateway: string): { via: string } | { gateway: string } {
  const isForeign = "prefix" in operation && familyOfText(gateway) !== familyOfText(splitAddress(operation.prefix)[0]);
  return isForeign && gateway.includes(":") ? { via: gateway } : { gateway };
}

/** What the host does for an operation that no request is for. */
export function callOf(kernel: Kernel, operation: Operation): void {
  const [vnet, other] = operation.side === 0 ? [kernel.vnets[0], kernel.vnets[1]] : [kernel.vnets[1], kernel.vnets[0]];
  if (vnet === undefined || other === undefined) throw new Error("two vnets were expected");
  switch (operation.kind) {
    case "attach":
      vnet.interfaceAttach({ name: operation.link, lladdr: hostLladdr(operation.link) });
      return;
    case "detach":
      vnet.interfaceDetach(operation.link);
      return;
    case "up":
      vnet.interfaceUp(operation.link);
      return;
    case "down":
      vnet.interfaceDown(operation.link);
      return;
    case "tunnel":
      callTunnel(vnet, operation);
      return;
    case "move":
      vnet.interfaceMove(operation.link, other);
      return;
    default:
      throw new Error(`no call for ${operation.kind}`);
  }
}
