// Apart from the reading of configurations, which a kernel without one does not need.

/** The driver of an interface that is there: its name without the digits. */
export function driverOf(name: string): string {
  return name.replace(/\d+$/, "");
}
