import { realBrowser } from "./browser.js";
import { originOf } from "./options.js";
import { defineScDK } from "./scdk.js";

declare global {
  interface Window {
    scDK?: unknown;
  }
}

// Known only while the script itself runs; an inlined copy has no address and needs config.host.
const script: unknown = typeof document === "object" ? document.currentScript : null;
const src = script ? (script as { src?: unknown }).src : null;

if (typeof window === "object" && typeof window.scDK !== "function") {
  window.scDK = defineScDK(realBrowser, typeof src === "string" ? originOf(src) : null);
}
