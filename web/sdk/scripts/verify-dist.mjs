// Fails when the checked-in dist/ is not what src/ builds to. Builds twice, into a directory of
// its own, so that a build that is not repeatable is found as well.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { outputs } from "./outputs.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const fresh = await mkdtemp(join(tmpdir(), "torana-sdk-"));
const problems = [];
try {
  const first = await outputs();
  const second = await outputs();
  for (const [name, text] of Object.entries(first)) {
    await writeFile(join(fresh, name), text);
    if (second[name] !== text) problems.push(`${name}: two builds of the same sources differ`);
    const built = await readFile(join(fresh, name));
    const checkedIn = await readFile(join(dist, name)).catch(() => null);
    if (!checkedIn) problems.push(`${name}: missing in dist/`);
    else if (!checkedIn.equals(built)) problems.push(`${name}: differs from its sources`);
  }
  for (const name of await readdir(dist)) {
    if (!(name in first)) problems.push(`${name}: in dist/, but nothing builds it`);
  }
} finally {
  await rm(fresh, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(problems.join("\n") + "\nRun: npm run build");
  process.exit(1);
}
console.log("dist matches its sources");
