// Makes a kernel what a configuration says (config.ts): boots it, attaches the hardware, and has the rest made by netlink
// messages, as a program in the kernel would. What is refused is named by its place in the file.
import { RTN, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { Client, type NewLink, type RouteHop, type RoutePath } from "../client/client.js";
import { gatewayOf, prefixOf } from "../client/routes.js";
import { isTunnelKind, tunnelFlags } from "../codec/tunnel.js";
import { type EventSink, Kernel, NetlinkError, type TunnelChanges, type Vnet } from "../kernel/kernel.js";
import { rtadvBits } from "../kernel/options.js";
import { VNET_SYSCTLS } from "../kernel/sysctls.js";
import type { Path } from "../yaml/schema.js";
import type {
  AddressConfig,
  Config,
  InterfaceConfig,
  NeighbourConfig,
  NexthopConfig,
  PeerConfig,
  RouteConfig,
  StackConfig,
  TunnelConfig,
} from "./config.js";
import { driverOf } from "./driver.js";
import { loadModule } from "./modulefile.js";

/** The kernel refused what a file asks for. The message is one line and begins with file, line and column. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

const NETLINK = "netlink";

/** How long an entry that was confirmed is kept (net.link.ether.inet.max_age). */
const NEIGHBOUR_SECONDS = 1200;

const TYPES = { unicast: RTN.UNICAST, blackhole: RTN.BLACKHOLE, reject: RTN.UNREACHABLE } as const;

/** Does one entry's work. @throws SetupError with the entry's place for what the kernel refuses */
type Attempt = <T>(path: Path, work: () => T) => T;

/** A vnet being set up. */
interface Site {
  readonly vnet: Vnet;
  readonly client: Client;
  readonly attempt: Attempt;
  readonly kernel: Kernel;
  /** Unix second. */
  readonly now: number;
}

/**
 * @param events - gets each event of the kernel
 * @throws SetupError the first thing that the kernel refuses, with its errno and the text of its ext ack
 */
export function bootConfig({ file, leadOf, folder }: Config, events?: EventSink): Kernel {
  const {
    modules = [NETLINK],
    sysctls = {},
    vnets = [],
    interfaces,
    nexthops,
    routes,
    neighbours,
    peers,
    ...boot
  } = file;
  const attempt: Attempt = (path, work) => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      throw new SetupError(leadOf(path) + error.message, { cause: error });
    }
  };
  // Tunables first, for the lo0 that each vnet is born with; asked for once more, a refusal has a place.
  const kernel = Kernel.boot({ ...boot, sysctls: ofStack(sysctls) }, undefined, events);
  modules.forEach((name, index) => {
    attempt(["modules", index], () => loadModule(kernel, name, folder));
  });
  // Messages need the module, also where the kernel that is wanted has none.
  const isBorrowed = !kernel.isLoaded(NETLINK);
  if (isBorrowed) kernel.kldload(NETLINK);
  for (const [name, value] of Object.entries(sysctls)) attempt(["sysctls", name], () => kernel.sysctl(name, value));
  vnets.forEach(({ name, sysctls: own = {} }, index) => {
    const vnet = attempt(["vnets", index], () => kernel.vnetCreate(name, { sysctls: own }));
    for (const [sysctl, value] of Object.entries(own)) {
      attempt(["vnets", index, "sysctls", sysctl], () => vnet.sysctl(sysctl, value));
    }
  });
  kernel.vnets.forEach((vnet, index) => {
    const socket = vnet.socket();
    const site = { kernel, vnet, client: new Client(socket), attempt, now: kernel.wallClock };
    if (index === 0) setUp(site, file, []);
    else setUp(site, vnets[index - 1] ?? {}, ["vnets", index - 1]);
    socket.close();
  });
  if (isBorrowed) kernel.kldunload(NETLINK);
  return kernel;
}

function ofStack(sysctls: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(sysctls).filter(([name]) => VNET_SYSCTLS.has(name)));
}

function setUp(site: Site, stack: StackConfig, path: Path): void {
  const { interfaces = [], nexthops = [], routes = [], neighbours = [], peers = [] } = stack;
  interfaces.forEach((each, index) => {
    setInterface(site, each, [...path, "interfaces", index]);
  });
  nexthops.forEach((each, index) => {
    addNexthop(site, each, [...path, "nexthops", index]);
  });
  routes.forEach((each, index) => {
    addRoute(site, each, [...path, "routes", index]);
  });
  neighbours.forEach((each, index) => {
    addNeighbour(site, each, [...path, "neighbours", index]);
  });
  peers.forEach((each, index) => {
    addPeer(site, each, [...path, "peers", index]);
  });
}

function setInterface(site: Site, options: InterfaceConfig, path: Path): void {
  const { name, from, acceptRtadv, tunnel, addresses = [] } = options;
  if (from !== undefined) {
    site.attempt([...path, "from"], () => site.kernel.vnet(from)?.interfaceMove(name, site.vnet));
  }
  const { index, name: made } = site.attempt(path, () => interfaceOf(site, options, path));
  if (acceptRtadv !== undefined) site.vnet.interfaceSet(made, { nd6: rtadvBits(acceptRtadv) });
  if (tunnel !== undefined) {
    const kind = options.kind ?? driverOf(name);
    site.attempt([...path, "tunnel"], () => site.vnet.interfaceSet(made, { tunnel: tunnelChanges(kind, tunnel) }));
  }
  addresses.forEach((address, position) => {
    site.attempt([...path, "addresses", position], () => addAddress(site.client, index, address));
  });
}

/** Without the switch, netlink does not know tunnels: they are set as ifconfig sets them. */
function tunnelChanges(kind: string, { local, remote, flags, key, port }: TunnelConfig): TunnelChanges {
  return {
    ...(flags === undefined || !isTunnelKind(kind) ? {} : { flags: tunnelFlags(kind, flags) }),
    ...(key === undefined ? {} : { key }),
    ...(port === undefined ? {} : { port }),
    endpoints: { local, remote },
  };
}

/** An interface that is there, or is attached or made now; with its settings, without addresses. */
function interfaceOf(site: Site, options: InterfaceConfig, path: Path): { index: number; name: string } {
  const { client, vnet } = site;
  const { name, kind, lladdr, mtu, up, description, fib, pointToPoint, inet6 } = options;
  const settings = {
    ...(lladdr === undefined ? {} : { address: lladdr }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(up === undefined ? {} : { up }),
    ...(description === undefined ? {} : { alias: description }),
  };
  if (kind !== undefined) return client.linkAdd(name, { kind, ...vlanOf(site, options, path), ...settings });
  const index = vnet.interfaceIndex(name);
  if (index === undefined) {
    const attached = vnet.interfaceAttach({
      name,
      ...(lladdr === undefined ? {} : { lladdr }),
      ...(mtu === undefined ? {} : { mtu }),
      ...(up === undefined ? {} : { up }),
      ...(description === undefined ? {} : { description }),
      ...(fib === undefined ? {} : { fib }),
      ...(pointToPoint === undefined ? {} : { pointToPoint }),
      ...(inet6 === undefined ? {} : { inet6 }),
    });
    return { index: attached, name };
  }
  if (Object.keys(settings).length > 0) client.linkSet({ index }, settings);
  return { index, name };
}

function vlanOf(site: Site, { parent, vid, protocol }: InterfaceConfig, path: Path): Pick<NewLink, "vlan"> {
  if (parent === undefined || vid === undefined) return {};
  const index = indexOf(site, parent, [...path, "parent"]);
  return { vlan: { parent: index, id: vid, ...(protocol === undefined ? {} : { protocol }) } };
}

function addAddress(client: Client, index: number, config: string | AddressConfig): void {
  const { address, ...options } = typeof config === "string" ? { address: config } : config;
  client.addressAdd(address, { index, ...options });
}

function addNexthop(site: Site, { id, via, dev, group, proto }: NexthopConfig, path: Path): void {
  const protocol = protocolOf(proto);
  site.attempt(path, () => {
    if (group !== undefined) site.client.nexthopAdd(id, { group, ...protocol });
    else if (via !== undefined && dev !== undefined) {
      site.client.nexthopAdd(id, { gateway: via, oif: indexOf(site, dev, [...path, "dev"]), ...protocol });
    }
  });
}

function addRoute(site: Site, config: RouteConfig, path: Path): void {
  const { via, dev, nexthops, nhid, type, fib, mtu, weight, proto, expires } = config;
  const prefix = prefixOf(config.prefix, via ?? nexthops?.[0]?.via);
  const hops = nexthops?.map((hop, position): RouteHop => {
    const at = [...path, "nexthops", position, "dev"];
    return {
      ...gatewayOf(prefix, hop.via),
      ...(hop.dev === undefined ? {} : { index: indexOf(site, hop.dev, at) }),
      ...(hop.weight === undefined ? {} : { weight: hop.weight }),
    };
  });
  const route: RoutePath = {
    ...gatewayOf(prefix, via),
    ...(dev === undefined ? {} : { oif: indexOf(site, dev, [...path, "dev"]) }),
    ...(hops === undefined ? {} : { multipath: hops }),
    ...(nhid === undefined ? {} : { nexthopId: nhid }),
    ...(type === undefined ? {} : { type: TYPES[type] }),
    ...(fib === undefined ? {} : { fib }),
    ...(mtu === undefined ? {} : { metrics: { mtu } }),
    ...(weight === undefined ? {} : { weight }),
    ...(expires === undefined ? {} : { expires: site.now + expires }),
    ...protocolOf(proto),
  };
  site.attempt(path, () => site.client.routeAdd(prefix, route));
}

function addNeighbour(site: Site, config: NeighbourConfig, path: Path): void {
  const { address, lladdr, dev, permanent = true, proxy = false } = config;
  const index = indexOf(site, dev, [...path, "dev"]);
  const end = permanent ? {} : { until: site.now + NEIGHBOUR_SECONDS };
  site.attempt(path, () => site.client.neighbourAdd(address, { index, lladdr, proxy, ...end }));
}

/** A host of a link, and what it advertises. */
function addPeer(site: Site, { dev, advertises, ...options }: PeerConfig, path: Path): void {
  indexOf(site, dev, [...path, "dev"]);
  const peer = site.attempt(path, () => site.vnet.peer(dev, options));
  if (advertises === undefined) return;
  const { prefixes = [], ...rest } = advertises;
  const records = prefixes.map((each) => (typeof each === "string" ? { prefix: each } : each));
  site.attempt([...path, "advertises"], () => peer.advertise({ ...rest, prefixes: records }));
}

function indexOf({ attempt, client }: Site, name: string, path: Path): number {
  return attempt(path, () => client.link({ name }).index);
}

/** A protocol's number by its name in lower case, which the schema has let through. */
function protocolOf(name: string | undefined): { protocol?: number } {
  if (name === undefined) return {};
  const protocol = RTPROT[name.toUpperCase() as keyof typeof RTPROT];
  return { protocol };
}
