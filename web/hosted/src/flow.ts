// The script of the hosted pages. Every page works without it.

import { enhanceChooser } from "./chooser.js";
import { countDown, guardForms, linkFreeEntries, sendOnward } from "./common.js";
import { enhanceDone, wakePartner } from "./done.js";
import { enhanceLive } from "./live.js";
import { find, isStepOf, readFlow } from "./page.js";
import { showPresence } from "./presence.js";
import { enhanceReview } from "./review.js";

document.documentElement.classList.add("js");

const flow = readFlow(document.body);
guardForms(document);
linkFreeEntries(document);
countDown(document);
enhanceChooser(document);
enhanceReview(document);
enhanceDone();
if (flow) {
  showPresence(flow);
  enhanceLive(flow);
  // Steps at which the partner's page may want to look at once.
  if (["progress", "status", "done"].includes(document.body.dataset["step"] ?? "")) wakePartner(flow);
  const next = find<HTMLElement>(document, "[data-next]")?.dataset["next"];
  if (next && isStepOf(flow, next)) location.replace(next);
}
sendOnward(document);
