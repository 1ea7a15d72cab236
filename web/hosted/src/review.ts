// Live estimates on the review page. The server computes the same again and decides; this only saves a trip.

import { formatPrice, formatRupees, parsePrice, parseShares, valueOf } from "./money.js";
import { all, find } from "./page.js";

const NONE = "–";

interface Line {
  readonly side: string | undefined;
  readonly amount: bigint | null;
}

function readLine(form: HTMLFormElement, line: HTMLElement): Line {
  const side = find<HTMLInputElement>(line, "input[type=radio]:checked")?.value ?? line.dataset["side"];
  const quantityInput = find<HTMLInputElement>(line, "[data-quantity-input]");
  const shares = parseShares(quantityInput ? quantityInput.value : (line.dataset["quantity"] ?? ""));
  const type = find<HTMLSelectElement>(line, "[data-order-type]");
  const limit = find<HTMLInputElement>(line, "[data-limit-price]");
  const isLimit = type?.value === "LIMIT";
  const last = line.dataset["last"];
  const price = isLimit ? parsePrice(limit?.value ?? "") : last ? BigInt(last) : null;
  if (limit) limit.disabled = !isLimit;
  const terms = find<HTMLElement>(line, "[data-terms]");
  if (terms && type) {
    const text = isLimit ? form.dataset["limit"] : form.dataset["market"];
    terms.textContent = (text ?? "").replace("{price}", price === null ? NONE : formatPrice(price));
  }
  return { side, amount: price === null || shares === null ? null : valueOf(price, shares) };
}

/** The text of one side's total: a dash while a line of that side cannot be estimated. */
export function totalText(lines: readonly Line[], side: string): string {
  let sum = 0n;
  for (const line of lines) {
    if (line.side !== undefined && line.side !== side) continue;
    if (line.side === undefined || line.amount === null) return NONE;
    sum += line.amount;
  }
  return formatRupees(sum);
}

function update(form: HTMLFormElement): void {
  const lines = all<HTMLElement>(form, "[data-line]").map((element) => {
    const line = readLine(form, element);
    const estimate = find<HTMLElement>(element, "[data-estimate]");
    // A fixed line keeps the server's estimate: it may rest on a limit price that the page does not carry.
    const isFixed = find(element, "input, select") === null;
    if (estimate && !isFixed) estimate.textContent = line.amount === null ? NONE : formatRupees(line.amount);
    return isFixed ? { ...line, amount: readAmount(estimate?.textContent ?? "") } : line;
  });
  for (const total of all<HTMLElement>(form, "[data-total]")) {
    const side = total.dataset["total"] ?? "";
    total.hidden = !lines.some((line) => line.side === side || line.side === undefined);
    const amount = find<HTMLElement>(total, "[data-amount]");
    const text = totalText(lines, side);
    if (amount && amount.textContent !== text) amount.textContent = text;
  }
}

function readAmount(text: string): bigint | null {
  const price = parsePrice(text);
  return price === null ? null : price / 100n;
}

export function enhanceReview(root: ParentNode): void {
  const form = find<HTMLFormElement>(root, "form[data-review]");
  if (!form) return;
  form.addEventListener("input", () => update(form));
  form.addEventListener("change", () => update(form));
  form.addEventListener("keydown", (event) => {
    // Enter in a field must never place orders; without script it updates the estimates.
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      update(form);
    }
  });
  update(form);
}
