// The table of what dumps are made of: from it a source is made again of its state. Each kind saves itself in the file that
// it is from.

import { AddressDump, type AddressDumpState } from "./address.js";
import {
  type DumpSource,
  type RefusedState,
  refusedSource,
  type SequenceState,
  type SourceState,
  sequence,
  type WrittenState,
  writtenSource,
} from "./dump.js";
import { type AnsweredState, answeredSource } from "./generic.js";
import { type LinkDumpState, linkSource } from "./link.js";
import { type NeighbourDumpState, neighbourSource } from "./neighbour.js";
import { Refusal } from "./refusal.js";
import { RouteDump, type RouteDumpState } from "./routedump.js";
import type { LinuxVnet } from "./vnet.js";

type Load = (vnet: LinuxVnet, state: SourceState) => DumpSource;

/** A row for a kind whose state has more than every source's. */
function kind<S extends SourceState>(load: (vnet: LinuxVnet, state: S) => DumpSource): Load {
  return (vnet, state) => load(vnet, state as S);
}

const SOURCES: ReadonlyMap<string, Load> = new Map([
  ["written", kind<WrittenState>((_, { messages }) => writtenSource(messages))],
  ["refused", kind<RefusedState>((_, { errno, text }) => refusedSource(new Refusal(errno, text)))],
  [
    "sequence",
    kind<SequenceState>((vnet, state) =>
      sequence(
        state.sources.map((each) => loadSource(vnet, each)),
        state.current,
      ),
    ),
  ],
  ["answered", kind<AnsweredState>((_, state) => answeredSource(state))],
  ["links", kind<LinkDumpState>((vnet, { filter, dump }) => linkSource(vnet, filter, dump))],
  ["addresses", kind<AddressDumpState>(AddressDump.load)],
  ["neighbours", kind<NeighbourDumpState>((vnet, { filter, dump }) => neighbourSource(vnet, filter, dump))],
  ["routes", kind<RouteDumpState>(RouteDump.load)],
]);

export function loadSource(vnet: LinuxVnet, state: SourceState): DumpSource {
  const load = SOURCES.get(state.source);
  if (load === undefined)
    throw new Error(`no dump of ${state.source}; expected one of ${[...SOURCES.keys()].join(", ")}`);
  return load(vnet, state);
}
