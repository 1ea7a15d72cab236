// Keeps [data-live] up to date by fetching the page itself: the server renders it once, for everybody. When
// the flow has moved on the answer is a redirect, and the page follows it.

import { type Flow, find, isStepOf } from "./page.js";

const FIRST_MS = 700;
const NEXT_MS = 1500;
const AFTER_FAILURE_MS = 4000;
const TIMEOUT_MS = 10_000;

async function fetchPage(): Promise<{ path: string; html: string } | null> {
  const abort = new AbortController();
  const timer = window.setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const answer = await fetch(location.href, {
      credentials: "same-origin",
      cache: "no-store",
      headers: { accept: "text/html" },
      signal: abort.signal,
    });
    if (!answer.ok) return null;
    return { path: new URL(answer.url).pathname, html: await answer.text() };
  } catch {
    return null;
  } finally {
    window.clearTimeout(timer);
  }
}

export function enhanceLive(flow: Flow): void {
  const region = find<HTMLElement>(document, "[data-live]");
  if (!region) return;

  const tick = async (): Promise<void> => {
    const page = await fetchPage();
    if (page === null) {
      window.setTimeout(tick, AFTER_FAILURE_MS);
      return;
    }
    if (page.path !== location.pathname && isStepOf(flow, page.path)) {
      location.replace(page.path);
      return;
    }
    const fresh = find<HTMLElement>(new DOMParser().parseFromString(page.html, "text/html"), "[data-live]");
    if (fresh) replaceChanged(region, fresh);
    window.setTimeout(tick, NEXT_MS);
  };
  window.setTimeout(tick, FIRST_MS);
}

/**
 * Replaces only the children that differ, and keeps the element of a `role=status` so that screen readers
 * announce its new text once.
 */
function replaceChanged(old: Element, fresh: Element): void {
  const [before, after] = [Array.from(old.children), Array.from(fresh.children)];
  if (before.length !== after.length) {
    old.replaceChildren(...after);
    return;
  }
  before.forEach((child, index) => {
    const next = after[index]!;
    if (child.outerHTML === next.outerHTML) return;
    if (child.getAttribute("role") === "status") child.textContent = next.textContent;
    else if (child.tagName === next.tagName && child.tagName === "UL") replaceChanged(child, next);
    else child.replaceWith(next);
  });
}
