// The kernels that commands boot: one from a --config file, or the one they have without it.
import type { Config, ConfigFile } from "../node/config.js";
import { GATEWAY_INTERFACE_ADDRESSES } from "../table/gateways.js";

/** The interface that reaches the gateways of a table, when no file says otherwise. */
export const GATEWAY_INTERFACE = "em0";

/** lo0, em0 with an address of each family, em1 without one; netlink loaded. */
export const DEFAULT_CONFIG: Config = builtIn({
  interfaces: [
    { name: GATEWAY_INTERFACE, up: true, addresses: [...GATEWAY_INTERFACE_ADDRESSES] },
    { name: "em1", up: true },
  ],
});

/** What programs are run on: two interfaces with addresses, and a default route. */
export const PROGRAM_CONFIG: Config = builtIn({
  interfaces: [
    { name: GATEWAY_INTERFACE, up: true, addresses: [...GATEWAY_INTERFACE_ADDRESSES] },
    { name: "em1", up: true, addresses: ["198.51.100.1/24"] },
  ],
  sysctls: { "net.inet6.ip6.dad_count": 0 },
  routes: [
    { prefix: "default", via: "192.0.2.254" },
    { prefix: "::/0", via: "2001:db8::fe" },
  ],
});

/** A configuration that is in no file. */
export function builtIn(file: ConfigFile): Config {
  return { file, leadOf: (path) => `the built-in configuration: ${path.join(".")}: `, folder: "." };
}

/**
 * @param file - of --config, or undefined for the default
 * @throws ConfigError what is wrong with the file
 */
export async function configOf(file: string | undefined, byDefault: Config = DEFAULT_CONFIG): Promise<Config> {
  if (file === undefined) return byDefault;
  // What reads YAML takes longer to load than most programs run.
  const { readConfig } = await import("../node/config.js");
  return readConfig(file);
}
