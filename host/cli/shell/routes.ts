// Routes as netstat -rn prints them: a section a family, a line a path.
import { AF } from "../../../assembly/abi/inet.js";
import { RTF, RTPROT } from "../../../assembly/abi/rtnetlink.js";
import type { Route } from "../../codec/route.js";
import { columns } from "./columns.js";

/** Letters of the flags, in netstat's order (usr.bin/netstat/route.c); U, which a message does not carry, is always there. */
const FLAG_LETTERS: readonly (readonly [RTF, string])[] = [
  [RTF.GATEWAY, "G"],
  [RTF.HOST, "H"],
  [RTF.REJECT, "R"],
  [RTF.DYNAMIC, "D"],
  [RTF.MODIFIED, "M"],
  [RTF.STATIC, "S"],
  [RTF.PROTO1, "1"],
  [RTF.PROTO2, "2"],
  [RTF.PROTO3, "3"],
  [RTF.BLACKHOLE, "B"],
  [RTF.BROADCAST, "b"],
];

const HEADING = ["Destination", "Gateway", "Flags", "Proto", "Nhop#", "Mtu", "Weight", "Netif", "Expire"];

/** One way of a route: what a row shows besides the destination. */
interface Path {
  readonly gateway?: string;
  readonly via?: string;
  readonly routeFlags?: number;
  readonly metrics?: { readonly mtu?: number };
  readonly weight?: number;
  readonly index: number;
}

/** @param names - interfaces by index */
export function routeSections(routes: readonly Route[], names: ReadonlyMap<number, string>): string[] {
  const sections = [
    { title: "Internet:", routes: routes.filter(({ family }) => family === AF.INET) },
    { title: "Internet6:", routes: routes.filter(({ family }) => family === AF.INET6) },
  ];
  return sections.flatMap((section) =>
    section.routes.length === 0
      ? []
      : [section.title, ...columns([HEADING, ...section.routes.flatMap((route) => rowsOf(route, names))])],
  );
}

function rowsOf(route: Route, names: ReadonlyMap<number, string>): string[][] {
  const paths: readonly Path[] = route.multipath ?? [{ ...route, index: route.oif ?? 0 }];
  return paths.map((path) => [
    destinationOf(route),
    path.gateway ?? path.via ?? `link#${path.index}`,
    lettersOf(path.routeFlags ?? route.routeFlags ?? 0),
    (RTPROT[route.protocol] ?? String(route.protocol)).toLowerCase(),
    numberOrEmpty(route.kernelNexthop),
    numberOrEmpty(path.metrics?.mtu),
    numberOrEmpty(path.weight),
    names.get(path.index) ?? `#${path.index}`,
    numberOrEmpty(route.expires),
  ]);
}

/** A host route without its length, and the default route by name, as netstat has them. */
function destinationOf({ family, destination = "", destinationLength }: Route): string {
  if (destinationLength === 0) return "default";
  if (destinationLength === (family === AF.INET ? 32 : 128)) return destination;
  return `${destination}/${destinationLength}`;
}

function lettersOf(flags: number): string {
  return `U${FLAG_LETTERS.map(([flag, letter]) => (flags & flag ? letter : "")).join("")}`;
}

function numberOrEmpty(value: number | undefined): string {
  return value === undefined ? "" : String(value);
}
