// The dummy module: a family of generic netlink to try things with, and to learn from how a module is written.
//   ECHO     gives back DATA
//   COUNT    adds VALUE (1 without) to a counter of the vnet, and tells it
//   RESET    sets the counter to 0; needs privilege
//   DUMP     tells of COUNT entries, each with its INDEX and NAME
//   EVENTS   every INTERVAL milliseconds the group "ticks" hears of TICK 1, 2, 3 … and the TIME; 0 ends it
// dummy.yaml describes the same for clients.

import { registerCommands, registerFamily, registerGroup } from "../sdk/family";
import { now, report, timerSet, vnet } from "../sdk/kernel";
import { Message, payloadBytes, payloadOf } from "../sdk/message";
import { Errno, GENL_OP, NLM_F, Policy } from "../sdk/numbers";
import { ascii } from "../sdk/text";
import { begin, beginReply, done, end, flush, flushTo, putBytes, putString, putU32, putU64 } from "../sdk/writer";

export { abi, requestBuffer } from "../sdk/module";

enum Command {
  ECHO = 1,
  COUNT = 2,
  RESET = 3,
  DUMP = 4,
  EVENTS = 5,
  TICK = 6,
}

enum Attribute {
  DATA = 1,
  VALUE = 2,
  COUNT = 3,
  INDEX = 4,
  NAME = 5,
  INTERVAL = 6,
  TICK = 7,
  TIME = 8,
}

/** Entries that a dump may have. */
const ENTRIES_MAX: u32 = 100000;
/** Vnets whose counters are kept apart. */
const VNETS: u32 = 1024;
const TIMER: u32 = 0;

/** All that the module knows. */
@unmanaged
class Dummy {
  family: u32;
  group: u32;
  /** Milliseconds; 0 = no events. */
  interval: u32;
  ticks: u32;
}

const dummy = changetype<Dummy>(memory.data(offsetof<Dummy>(), 16));
const counters: usize = memory.data(8192, 16);

const ECHO: StaticArray<u32> = [Attribute.DATA, Policy.BINARY, 0];
const COUNT: StaticArray<u32> = [Attribute.VALUE, Policy.U64, 0];
const DUMP: StaticArray<u32> = [Attribute.COUNT, Policy.U32, 0];
const EVENTS: StaticArray<u32> = [Attribute.INTERVAL, Policy.U32, 0];

const COMMANDS: StaticArray<usize> = [
  // command         flags              privileged   policy
  Command.ECHO,      GENL_OP.CAP_DO,    0,           changetype<usize>(ECHO),
  Command.COUNT,     GENL_OP.CAP_DO,    0,           changetype<usize>(COUNT),
  Command.RESET,     GENL_OP.CAP_DO,    1,           0,
  Command.DUMP,      GENL_OP.CAP_DUMP,  0,           changetype<usize>(DUMP),
  Command.EVENTS,    GENL_OP.CAP_DO,    0,           changetype<usize>(EVENTS),
];

/** The kernel loads the module: it registers what it has. */
export function attach(): i32 {
  const family = registerFamily("dummy", 1, Attribute.TIME);
  if (family < 0) return -family;
  dummy.family = family;
  const error = registerCommands(family, COMMANDS);
  if (error < 0) return -error;
  const group = registerGroup(family, "ticks");
  if (group < 0) return -group;
  dummy.group = group;
  return Errno.OK;
}

/** A request for one of its commands. The errno of its ack. */
export function handle(message: Message, bytes: u32): i32 {
  const error = answer(message);
  flush();
  return error;
}

function answer(message: Message): i32 {
  switch (<i32>message.command) {
    case Command.ECHO:
      return echo(message);
    case Command.COUNT:
      return count(message);
    case Command.RESET:
      store<u64>(counter(), 0);
      return Errno.OK;
    case Command.DUMP:
      return dump(message);
    default:
      return setEvents(message);
  }
}

function echo(message: Message): i32 {
  const data = message.find(Attribute.DATA);
  if (data == 0) return refuse("DATA is missing", 0);
  beginReply(message, Command.ECHO);
  putBytes(Attribute.DATA, payloadOf(data), payloadBytes(data));
  return end() ? Errno.OK : refuse("DATA is too long", message.offsetOf(data));
}

/** The counter of the vnet that asks; vnets beyond the table share the last one. */
function counter(): usize {
  return counters + (min<u32>(vnet(), VNETS - 1) << 3);
}

function count(message: Message): i32 {
  const value = load<u64>(counter()) + message.u64Of(Attribute.VALUE, 1);
  store<u64>(counter(), value);
  beginReply(message, Command.COUNT);
  putU64(Attribute.VALUE, value);
  end();
  return Errno.OK;
}

function dump(message: Message): i32 {
  const entries = message.u32Of(Attribute.COUNT, 0);
  if (entries > ENTRIES_MAX) return refuse("COUNT is above 100000", message.offsetOf(message.find(Attribute.COUNT)));
  for (let i: u32 = 0; i < entries; i++) {
    beginReply(message, Command.DUMP, NLM_F.MULTI);
    putU32(Attribute.INDEX, i);
    putString(Attribute.NAME, "entry");
    end();
  }
  done();
  return Errno.OK;
}

function setEvents(message: Message): i32 {
  dummy.interval = message.u32Of(Attribute.INTERVAL, 0);
  dummy.ticks = 0;
  timerSet(TIMER, dummy.interval == 0 ? -1 : <i32>dummy.interval);
  return Errno.OK;
}

/** The timer that setEvents set is due. */
export function expired(timer: u32): void {
  begin(dummy.family, Command.TICK);
  putU32(Attribute.TICK, ++dummy.ticks);
  putU64(Attribute.TIME, now());
  end();
  flushTo(dummy.group);
  timerSet(TIMER, dummy.interval);
}

function refuse(text: string, offset: u32): i32 {
  const ascii8 = ascii(text);
  report(ascii8.at, ascii8.bytes, offset);
  return Errno.EINVAL;
}
