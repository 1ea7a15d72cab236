// Tells the server that a page of the flow is on the screen, so that it can tell a closed window from a
// slow user. A stream where the browser has one, a heartbeat where it has not or where the stream fails.

import { type Flow, flowPath, isStepOf } from "./page.js";

const HEARTBEAT_MS = 2000;
/** Failures in a row after which a stream is given up for heartbeats. */
const STREAM_FAILURES_MAX = 3;

export function showPresence(flow: Flow): void {
  let stream: EventSource | null = null;
  let heartbeat: number | undefined;
  let failures = 0;

  const body = (): URLSearchParams => new URLSearchParams({ csrf: flow.csrf });

  function beat(): void {
    fetch(flowPath(flow, "presence"), { method: "POST", body: body(), credentials: "same-origin" }).catch(() => {
      // The next beat says the same.
    });
  }

  function startHeartbeat(): void {
    if (heartbeat !== undefined) return;
    beat();
    heartbeat = window.setInterval(beat, HEARTBEAT_MS);
  }

  function startStream(): void {
    stream = new EventSource(flowPath(flow, "presence"));
    stream.onopen = () => {
      failures = 0;
    };
    stream.onerror = () => {
      failures += 1;
      if (stream?.readyState === EventSource.CLOSED || failures >= STREAM_FAILURES_MAX) {
        stream?.close();
        stream = null;
        startHeartbeat();
      }
    };
    // The flow went on elsewhere (another window of the same flow, or it ran out of time).
    stream.addEventListener("step", (event) => {
      const path = String((event as MessageEvent<unknown>).data);
      if (isStepOf(flow, path) && path !== location.pathname) location.replace(path);
    });
  }

  function start(): void {
    if (typeof EventSource === "function") startStream();
    else startHeartbeat();
  }

  function stop(): void {
    stream?.close();
    stream = null;
    window.clearInterval(heartbeat);
    heartbeat = undefined;
    navigator.sendBeacon?.(flowPath(flow, "gone"), body());
  }

  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) start();
  });
  start();
}
