// Search in the list of brokers. Without script the whole list is there, behind "more".

import { all, counted, find } from "./page.js";

/** Lower case without accents and punctuation, so that "hdfc-sky" finds "HDFC Sky". */
export function searchable(text: string): string {
  return text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim();
}

/** Every word of the query begins a word of the name, or the name without spaces contains the query. */
export function matches(name: string, query: string): boolean {
  const [hay, needle] = [searchable(name), searchable(query)];
  if (needle === "") return true;
  const words = hay.split(" ");
  return (
    needle.split(" ").every((part) => words.some((word) => word.startsWith(part))) ||
    hay.replace(/ /g, "").includes(needle.replace(/ /g, ""))
  );
}

export function enhanceChooser(root: ParentNode): void {
  const box = find<HTMLElement>(root, "[data-search]");
  const input = box && find<HTMLInputElement>(box, "input");
  const status = box && find<HTMLElement>(box, "[data-search-status]");
  const list = find<HTMLElement>(root, "[data-brokers]");
  if (!box || !input || !status || !list) return;
  const more = find<HTMLDetailsElement>(list, "details");
  const empty = find<HTMLElement>(root, "[data-search-empty]");
  const entries = all<HTMLElement>(list, "[data-find]");
  box.hidden = false;

  const apply = (): void => {
    let shown = 0;
    for (const entry of entries) {
      const hit = matches(entry.dataset["find"] ?? "", input.value);
      entry.hidden = !hit;
      if (hit) shown += 1;
    }
    const searching = searchable(input.value) !== "";
    if (more) {
      more.open = searching;
      more.classList.toggle("is-search", searching);
    }
    if (empty) empty.hidden = shown > 0;
    status.textContent = !searching ? "" : shown === 0 ? (status.dataset["none"] ?? "") : counted(status, shown);
  };

  input.addEventListener("input", apply);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && input.value !== "") {
      event.preventDefault();
      input.value = "";
      apply();
    } else if (event.key === "Enter") {
      const shown = entries.filter((entry) => !entry.hidden);
      if (searchable(input.value) !== "" && shown.length === 1) find<HTMLButtonElement>(shown[0]!, "button")?.focus();
    }
  });
  // The browser may have kept a query over a reload.
  if (input.value !== "") apply();
}
