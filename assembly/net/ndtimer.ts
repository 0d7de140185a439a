// When the ND timer runs (netinet6/nd6.c, nd6_timer_ch; net.inet6.icmp6.nd6_prune): at full seconds, but only while an
// address, a prefix or a router waits for something. What it does is in ndexpiry.ts.
//   bootNd   says what is to run
//   armNd    lets it run at the next full second

import { Callout, CalloutFunction, setCallout, uptimeMs } from "./clock";

/** Milliseconds between two runs. */
const INTERVAL_MS: u64 = 1000;

@unmanaged
class NdTimer {
  dueMs: u64;
  next: usize;
  run: usize;
  owner: usize;
  /** CalloutFunction */
  wanted: usize;

  get callout(): Callout {
    return changetype<Callout>(changetype<usize>(this));
  }
}

if (offsetof<NdTimer>("owner") != offsetof<Callout>("owner")) ERROR("Callout");

const timer = changetype<NdTimer>(memory.data(offsetof<NdTimer>(), 16));

export function bootNd(run: CalloutFunction): void {
  timer.wanted = changetype<usize>(run);
}

export function armNd(): void {
  if (timer.dueMs != 0) return;
  setCallout(timer.callout, (uptimeMs() / INTERVAL_MS + 1) * INTERVAL_MS, changetype<CalloutFunction>(timer.wanted), 0);
}
