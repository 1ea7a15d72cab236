// What the server wrote into the page: the values of <body data-…> and a few element helpers.

export interface Flow {
  readonly id: string;
  readonly transactionId: string;
  readonly nonce: string;
  readonly origin: string;
  readonly mode: string;
  readonly csrf: string;
}

/** The flow of this page, or `null` on pages that belong to none. */
export function readFlow(body: HTMLElement): Flow | null {
  const { flow, transaction, nonce, origin, mode, csrf } = body.dataset;
  if (!flow || !transaction || !nonce || !origin || !csrf) return null;
  return { id: flow, transactionId: transaction, nonce, origin, mode: mode ?? "popup", csrf };
}

/** Address below this flow. */
export function flowPath(flow: Flow, step: string): string {
  return `/flow/${flow.id}/${step}`;
}

/** Whether a path from the server leads to a page of this flow and nowhere else. */
export function isStepOf(flow: Flow, path: string): boolean {
  return new RegExp(`^/flow/${flow.id}/[a-z-]{1,32}$`).test(path);
}

export function find<T extends Element>(root: ParentNode, selector: string): T | null {
  return root.querySelector<T>(selector);
}

export function all<T extends Element>(root: ParentNode, selector: string): T[] {
  return Array.from(root.querySelectorAll<T>(selector));
}

/** Puts a number into a text that the server wrote with a `{count}`. */
export function counted(element: HTMLElement, count: number): string {
  const text = count === 1 ? element.dataset["one"] : element.dataset["other"];
  return (text ?? "").replace("{count}", String(count));
}
