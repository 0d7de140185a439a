// What a run can be kept as.

export { decodeSnapshot, encodeSnapshot, SNAPSHOT_VERSION } from "./snapshotfile.js";
export { Timeline, type TimelineOptions } from "./timeline.js";
