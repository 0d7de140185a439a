// What a link request says, for the handlers and the kinds of interface.

/** A link request after parsing; what was absent is 0. */
@unmanaged
export class LinkRequest {
  index: u32;
  flags: u32;
  change: u32;
  mtu: u32;
  link: u32;
  group: usize;
  name: usize;
  alias: usize;
  /** nlattr */
  address: usize;
  kind: usize;
  /** nlattr */
  data: usize;
  type: u16;
}
