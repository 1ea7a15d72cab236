// Fails when dist/flow.js is not what src/ builds to.
import { readFile } from "node:fs/promises";
import { bundle, distFile } from "./bundle.mjs";

const built = await bundle();
const checkedIn = await readFile(distFile, "utf8").catch(() => "");
if (built !== checkedIn) {
  console.error("web/hosted/dist/flow.js is not what web/hosted/src builds to: run `npm run build` in web/hosted");
  process.exit(1);
}
console.log("web/hosted/dist matches its sources");
