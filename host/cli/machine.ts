// The kernels that commands boot: one from a --config file, or the one they have without it.
import { type Config, type ConfigFile, readConfig } from "../node/config.js";
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

/** A configuration that is in no file. */
export function builtIn(file: ConfigFile): Config {
  return { file, leadOf: (path) => `the built-in configuration: ${path.join(".")}: ` };
}

/**
 * @param file - of --config, or undefined for the default
 * @throws ConfigError what is wrong with the file
 */
export function configOf(file: string | undefined): Config {
  return file === undefined ? DEFAULT_CONFIG : readConfig(file);
}
