// The kernels that commands boot: one from a --config file, or the one they have without it.
import { Kernel } from "../kernel/kernel.js";
import { type Config, readConfig } from "../node/config.js";
import { GATEWAY_INTERFACE_ADDRESSES } from "../table/gateways.js";

/** The interface that reaches the gateways of a table, when no file says otherwise. */
export const GATEWAY_INTERFACE = "em0";

/** lo0, em0 with an address of each family, em1 without one; netlink loaded. */
export const DEFAULT_CONFIG: Config = {
  boot: {
    modules: ["netlink"],
    interfaces: [
      { name: GATEWAY_INTERFACE, up: true, addresses: [...GATEWAY_INTERFACE_ADDRESSES] },
      { name: "em1", up: true },
    ],
  },
  vnets: [],
};

/**
 * @param file - of --config, or undefined for the default
 * @throws ConfigError what is wrong with the file
 */
export function configOf(file: string | undefined): Config {
  return file === undefined ? DEFAULT_CONFIG : readConfig(file);
}

/** @throws NetlinkError what the kernel refuses of a configuration that is well-formed: a module that there is not */
export function bootMachine({ boot, vnets }: Config): Kernel {
  const kernel = Kernel.boot(boot);
  for (const { name, ...options } of vnets) kernel.vnetCreate(name, options);
  return kernel;
}
