// The settings of gif and gre interfaces, as `ifconfig gif0 tunnel A B` and its likes set and show them.

import { Errno } from "../../assembly/abi/errno.js";
import { TunnelLayout } from "../../assembly/abi/exchange.js";
import { IfChange } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { type AddressWords, formatAddress, parseAddress } from "./address.js";
import type { Core } from "./core.js";
import { NetlinkError } from "./errno.js";

/** Addresses of one family, unlike those of another tunnel; a link-local one with its interface, "fe80::1%em0". */
export interface Endpoints {
  readonly local: string;
  readonly remote: string;
}

/** Changes of a gif or gre, made in this order; the first error ends them. EINVAL for any other interface. */
export interface TunnelChanges {
  /** All GIF or GRE bits that are to be on. EINVAL for one that there is not; EEXIST another gre tunnels like that. */
  readonly flags?: number;
  /** gre: the key of packets that go out, 0 … 2^32 - 1; 0 = none. */
  readonly key?: number;
  /** gre: the UDP port that packets come from; 0 = any. EINVAL below 49,152. */
  readonly port?: number;
  /**
   * null takes them away. EADDRNOTAVAIL for an unspecified address, or those of another tunnel; ENXIO for an interface
   * behind a % that there is not; ENOMEM.
   */
  readonly endpoints?: Endpoints | null;
}

/** What is set of a gif or gre. */
export interface TunnelSettings {
  /** Absent when it has none. */
  readonly endpoints?: Endpoints;
  readonly flags: number;
  /** 0 of a gif. */
  readonly key: number;
  readonly port: number;
}

interface Zoned {
  readonly words: AddressWords;
  readonly interface: string | undefined;
}

/** @throws RangeError naming the text */
function parseZoned(text: string): Zoned {
  const [address = "", name, ...rest] = text.split("%");
  if (rest.length > 0 || name === "") throw new RangeError(`tunnel: "${text}"; expected one name behind the %`);
  return { words: parseAddress(address), interface: name };
}

/** @throws RangeError naming a text that is no address, or both when they are of two families */
export function parseEndpoints({ local, remote }: Endpoints): { local: Zoned; remote: Zoned } {
  const parsed = { local: parseZoned(local), remote: parseZoned(remote) };
  if (parsed.local.words.family !== parsed.remote.words.family) {
    throw new RangeError(`tunnel: "${local}" and "${remote}"; expected addresses of one family`);
  }
  return parsed;
}

/** @param indexOf - of an interface by name. @throws NetlinkError what TunnelChanges says */
export function changeTunnel(
  core: Core,
  { endpoints, flags, key, port }: TunnelChanges,
  change: (which: IfChange, value: number) => void,
  indexOf: (name: string) => number | undefined,
): void {
  if (flags !== undefined) change(IfChange.TUNNEL_FLAGS, flags);
  if (key !== undefined) change(IfChange.TUNNEL_KEY, key);
  if (port !== undefined) change(IfChange.TUNNEL_PORT, port);
  if (endpoints === undefined) return;
  writeEndpoints(core, endpoints, indexOf);
  change(IfChange.TUNNEL, core.exchange);
}

function writeEndpoints(core: Core, endpoints: Endpoints | null, indexOf: (name: string) => number | undefined): void {
  const zone = (name: string | undefined): number => {
    const index = name === undefined ? 0 : indexOf(name);
    if (index === undefined) throw new NetlinkError(`interface ${name}`, Errno.ENXIO);
    return index;
  };
  const parsed = endpoints === null ? undefined : parseEndpoints(endpoints);
  // Looking for an interface uses the exchange as well.
  const zones = [zone(parsed?.local.interface), zone(parsed?.remote.interface)] as const;
  const { exchange, views } = core;
  views.data.setUint32(exchange + TunnelLayout.FAMILY, parsed?.local.words.family ?? 0, true);
  if (parsed === undefined) return;
  const { local, remote } = parsed;
  views.data.setUint32(exchange + TunnelLayout.LOCAL_ZONE, zones[0], true);
  views.data.setUint32(exchange + TunnelLayout.REMOTE_ZONE, zones[1], true);
  views.data.setBigUint64(exchange + TunnelLayout.LOCAL_HIGH, local.words.high, true);
  views.data.setBigUint64(exchange + TunnelLayout.LOCAL_LOW, local.words.low, true);
  views.data.setBigUint64(exchange + TunnelLayout.REMOTE_HIGH, remote.words.high, true);
  views.data.setBigUint64(exchange + TunnelLayout.REMOTE_LOW, remote.words.low, true);
}

/** What is set of an interface; undefined when it is no tunnel. */
export function readTunnel(core: Core, index: number): TunnelSettings | undefined {
  if (core.call.interfaceTunnel(index) <= 0) return undefined;
  const { exchange } = core;
  const { data, bytes } = core.views;
  const word = (offset: TunnelLayout): number => data.getUint32(exchange + offset, true);
  const family = word(TunnelLayout.FAMILY);
  const settings = { flags: word(TunnelLayout.FLAGS), key: word(TunnelLayout.KEY), port: word(TunnelLayout.PORT) };
  if (family === AF.UNSPEC) return settings;
  const address = (high: TunnelLayout, low: TunnelLayout, name: TunnelLayout): string => {
    const text = formatAddress(
      family,
      data.getBigUint64(exchange + high, true),
      data.getBigUint64(exchange + low, true),
    );
    const start = exchange + name;
    const zone = String.fromCharCode(...bytes.subarray(start, bytes.indexOf(0, start)));
    return zone === "" ? text : `${text}%${zone}`;
  };
  const local = address(TunnelLayout.LOCAL_HIGH, TunnelLayout.LOCAL_LOW, TunnelLayout.LOCAL_NAME);
  const remote = address(TunnelLayout.REMOTE_HIGH, TunnelLayout.REMOTE_LOW, TunnelLayout.REMOTE_NAME);
  return { endpoints: { local, remote }, ...settings };
}
