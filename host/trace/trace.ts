// What a run can be kept as: traces and snapshots, and the captures of others.

export { LINUX_PLAYER } from "../linux/replay.js";
export {
  type Block,
  CaptureError,
  type CustomBlock,
  type InterfaceBlock,
  type OtherBlock,
  type PacketBlock,
  type SectionBlock,
} from "./capture.js";
export { type NetlinkPacket, netlinkPackets } from "./capturemessages.js";
export { CaptureReader, isCaptureFile } from "./capturereader.js";
export { readCooked } from "./cooked.js";
export { type FirstDifference, firstDifference } from "./difference.js";
export { type ReadLog, readEventLog } from "./eventlog.js";
export { LINKTYPE_NETLINK } from "./pcapng/format.js";
export { Recorder, type RecorderOptions } from "./recorder.js";
export { decodeSnapshot, encodeSnapshot, SNAPSHOT_VERSION } from "./snapshotfile.js";
export { Timeline, type TimelineOptions } from "./timeline.js";
export { TRACE_VERSION, type TraceEnd } from "./traceblock.js";
export { TraceError, type TraceEvent, TraceReader } from "./tracereader.js";
export { TraceReplay } from "./tracereplay.js";
export { type Verification, type VerifyOptions, verifyTrace } from "./verify.js";
