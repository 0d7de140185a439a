// The kinds of interface that Linux programs make (IFLA_INFO_KIND), and FreeBSD's cloner for each (linux-compat E5.8).

export interface LinkKind {
  /** What makes it in the kernel. */
  readonly cloner: string;
  /** Its settings are kept and shown back: the cloner takes none. */
  readonly takesData?: boolean;
  /** Settings may change later; else IFLA_INFO_DATA of a change is refused, as by a driver without changelink. */
  readonly changesData?: boolean;
  /** A program's name of this form is the kernel's too; of a pair the form of both halves. */
  readonly form: RegExp;
  /** The kernel's driver reads back as another kind. */
  readonly isNoted?: boolean;
}

const SETTINGS = { takesData: true, changesData: true } as const;

/** A cloner's name and a unit. */
function unitOf(cloner: string): RegExp {
  return new RegExp(`^${cloner}(0|[1-9][0-9]{0,4})$`);
}

const KINDS: ReadonlyMap<string, LinkKind> = new Map<string, LinkKind>([
  ["dummy", { cloner: "edsc", form: unitOf("edsc") }],
  ["bridge", { cloner: "bridge", form: unitOf("bridge"), ...SETTINGS }],
  ["veth", { cloner: "epair", form: /^epair(0|[1-9][0-9]{0,4})[ab]$/ }],
  ["vlan", { cloner: "vlan", form: unitOf("vlan"), ...SETTINGS }],
  ["vxlan", { cloner: "vxlan", form: unitOf("vxlan"), ...SETTINGS }],
  ["bond", { cloner: "lagg", form: unitOf("lagg"), ...SETTINGS }],
  ["ipip", { cloner: "gif", form: unitOf("gif"), ...SETTINGS }],
  ["sit", { cloner: "gif", form: unitOf("gif"), isNoted: true, ...SETTINGS }],
  ["ip6tnl", { cloner: "gif", form: unitOf("gif"), isNoted: true, ...SETTINGS }],
  ["gre", { cloner: "gre", form: unitOf("gre"), ...SETTINGS }],
  ["wireguard", { cloner: "wg", form: unitOf("wg") }],
]);

/** Undefined for a kind that nobody makes. */
export function linkKind(kind: string): LinkKind | undefined {
  return KINDS.get(kind);
}

/** Whether any interface may be of a kind: those that programs make, and what comes with tun and tap. */
export function isLinkKind(kind: string): boolean {
  return KINDS.has(kind) || kind === "tun";
}
