import type { Browser, Popup } from "./browser.js";
import type { FlowMode } from "./types.js";

/** Where the hosted pages are shown: in a window, or in place of the page. */
export type Target =
  | { readonly kind: "popup"; readonly popup: Popup }
  | { readonly kind: "redirect" };

/**
 * Finds a place for the hosted pages. Must run inside the user's gesture, before anything is
 * awaited: a browser lets one gesture open one window, and only while it lasts.
 */
export function openTarget(browser: Browser, mode: FlowMode): Target | null {
  if (mode !== "redirect") {
    const popup = browser.openWindow();
    if (popup) return { kind: "popup", popup };
  }
  return mode !== "popup" && browser.canRedirect() ? { kind: "redirect" } : null;
}

/** Closes the window, if there is one. */
export function closeTarget(target: Target | null): void {
  if (target?.kind === "popup") target.popup.close();
}
