// In Chromium: browser.mjs PAGE DUMMY TRACE RECORDED does what node.mjs does, with the bundled script PAGE.
import { readFileSync, writeFileSync } from "node:fs";
import chromium from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

const [page = "", dummy = "", trace = "", recorded = ""] = process.argv.slice(2);
const browser = await puppeteer.launch({
  args: chromium.args,
  executablePath: await chromium.executablePath(),
  headless: "shell",
});
try {
  const tab = await browser.newPage();
  await tab.addScriptTag({ content: readFileSync(page, "utf8") });
  const given = [dummy, trace].map((file) => readFileSync(file, "base64"));
  const result = await tab.evaluate((...texts) => globalThis.runInPage(...texts), ...given);
  writeFileSync(recorded, Buffer.from(result.recorded, "base64"));
  console.log(JSON.stringify({ engine: await browser.version(), ...result.verification }));
} finally {
  await browser.close();
}
