// What every page gets: one submission per form, and a clock that counts the remaining minutes.

import { all, counted, find } from "./page.js";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const SOON_MS = 2 * MINUTE_MS;
/** Least time between two looks at an expired page, should the server think that time is left. */
const LOOK_AGAIN_MS = 3 * SECOND_MS;

/** A second press while the first is under way does nothing. */
export function guardForms(root: ParentNode): void {
  for (const form of all<HTMLFormElement>(root, "form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.getAttribute("aria-busy") === "true") {
        event.preventDefault();
        return;
      }
      form.setAttribute("aria-busy", "true");
      (event.submitter as HTMLElement | null)?.classList.add("is-pressed");
    });
  }
  // A page that comes back from the browser's cache can be used again.
  window.addEventListener("pageshow", () => {
    for (const form of all<HTMLFormElement>(root, "form[aria-busy]")) form.removeAttribute("aria-busy");
    for (const button of all<HTMLElement>(root, ".is-pressed")) button.classList.remove("is-pressed");
  });
}

/** Sends the one form whose page is only a way to somewhere else. */
export function sendOnward(root: ParentNode): void {
  find<HTMLFormElement>(root, "form[data-send]")?.requestSubmit();
}

/** Counts on the monotonic clock from the moment of receipt; never compares with a server's instant. */
export function countDown(root: ParentNode): void {
  const line = find<HTMLElement>(root, "[data-expires-in-ms]");
  const text = line && find<HTMLElement>(line, "[data-expiry-text]");
  if (!line || !text) return;
  const start = performance.now();
  const end = start + Number(line.dataset["expiresInMs"]);
  const show = (): void => {
    const left = Math.max(0, end - performance.now());
    const minutes = Math.floor(left / MINUTE_MS);
    const words = minutes < 1 ? (line.dataset["soon"] ?? "") : counted(line, minutes);
    if (text.textContent !== words) text.textContent = words;
    line.classList.toggle("is-soon", left < SOON_MS);
    if (left === 0 && performance.now() - start > LOOK_AGAIN_MS) {
      window.clearInterval(timer);
      // The server answers with the page about expiry. A plain visit, so that no form is sent again.
      location.replace(location.pathname);
    }
  };
  const timer = window.setInterval(show, SECOND_MS);
  show();
}

/** Typing into the free entry of a list of values selects it. */
export function linkFreeEntries(root: ParentNode): void {
  for (const input of all<HTMLInputElement>(root, "[data-other-of]")) {
    input.addEventListener("input", () => {
      const name = input.dataset["otherOf"] ?? "";
      for (const radio of all<HTMLInputElement>(root, "input[type=radio]")) {
        if (radio.name === name && radio.value === "" && input.value !== "") radio.checked = true;
      }
    });
  }
}
