/** The domain that a program opens its netlink sockets with tells which ABI it speaks. */
export enum Domain {
  LINUX = 16,
  FREEBSD = 38,
}
