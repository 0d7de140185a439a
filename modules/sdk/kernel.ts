// What a module can ask of the kernel, as it is imported. Texts and messages are given by address and length in the module's
// own memory; a negative result is an errno. docs/modules.md says when each may be called.

/** Registers a family of generic netlink. Its id; -EEXIST the name is in use, -ENOSPC, -EINVAL. */
@external("kernel", "familyAdd")
export declare function familyAdd(name: usize, nameBytes: u32, version: u32, hdrsize: u32, maxattr: u32): i32;

/** Adds a command to a family. @param policy - words (docs/modules.md), 0 of them for none */
@external("kernel", "commandAdd")
export declare function commandAdd(
  family: u32, command: u32, flags: u32, isPrivileged: bool, policy: usize, policyBytes: u32,
): i32;

/** Adds a multicast group to a family. Its number. */
@external("kernel", "groupAdd")
export declare function groupAdd(family: u32, name: usize, nameBytes: u32): i32;

/** Whole messages to whoever sent the request that is being handled. */
@external("kernel", "reply")
export declare function reply(messages: usize, bytes: u32): i32;

/** Whole messages to the members of a group of the module's own. */
@external("kernel", "notify")
export declare function notify(group: u32, messages: usize, bytes: u32): i32;

/** The text of the ext ack, and where in the request the attribute at fault lies; 0 for neither. */
@external("kernel", "report")
export declare function report(text: usize, bytes: u32, offset: u32): void;

/** Has `expired(timer)` called once, after some milliseconds of the kernel's clock; -1 = never. */
@external("kernel", "timerSet")
export declare function timerSet(timer: u32, milliseconds: i32): i32;

/** Milliseconds since boot. */
@external("kernel", "now")
export declare function now(): u64;

/** A word of the kernel's random source. */
@external("kernel", "random")
export declare function random(): u32;

/** The number of the vnet that the module works for. */
@external("kernel", "vnet")
export declare function vnet(): u32;

/** A line for the kernel's log. */
@external("kernel", "log")
export declare function log(text: usize, bytes: u32): void;
