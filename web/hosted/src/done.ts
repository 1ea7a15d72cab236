// The end of a flow: wakes the partner's page up and closes the window. The message is a hint without a
// result; the partner's SDK reads the result from the server.

import { all, type Flow, find } from "./page.js";

const CLOSE_MS = 3000;
/** A window that the browser did not close by then stays open: the page says what to do. */
const STILL_OPEN_MS = 400;

export function wakePartner(flow: Flow): void {
  const opener = window.opener as Window | null;
  if (!opener) return;
  try {
    opener.postMessage(
      { source: "torana-gateway", version: 1, type: "flow.update", transactionId: flow.transactionId, nonce: flow.nonce },
      flow.origin,
    );
  } catch {
    // An opener policy cut the link; the SDK polls.
  }
}

export function enhanceDone(): void {
  const done = find<HTMLElement>(document, "[data-done]");
  if (!done) return;
  const target = done.dataset["return"];
  if (target) {
    window.setTimeout(() => location.replace(target), CLOSE_MS);
    return;
  }
  const scripted = all<HTMLElement>(done, "[data-with-script]");
  const byHand = find<HTMLElement>(done, "[data-close-yourself]");
  for (const element of scripted) element.hidden = false;
  if (byHand) byHand.hidden = true;

  const close = (): void => {
    window.close();
    window.setTimeout(() => {
      for (const element of scripted) element.hidden = true;
      if (byHand) byHand.hidden = false;
    }, STILL_OPEN_MS);
  };
  find<HTMLButtonElement>(done, "[data-close]")?.addEventListener("click", close);
  window.setTimeout(close, CLOSE_MS);
}
