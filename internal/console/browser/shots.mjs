// Takes pictures of a console, the fixture's or a live one, into a folder.
// Environment: BASE_URL, SHOTS (folder), TOKEN (signs in through /login when given),
// ONLY (comma-separated names), SCHEMES and WIDTHS (comma-separated).
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./chromium.mjs";
import { pages as fixturePages } from "./pages.mjs";

const { BASE_URL: base, SHOTS: folder = "shots", TOKEN: token, ONLY: only } = process.env;
const schemes = (process.env.SCHEMES ?? "light,dark").split(",");
const widths = (process.env.WIDTHS ?? "1440,320").split(",").map(Number);

// What a live console shows is found by its own links: the first of each list.
async function livePages(page) {
  const first = async (address, selector) => {
    await page.goto(base + address, { waitUntil: "load" });
    const link = page.locator(selector).first();
    return (await link.count()) ? await link.getAttribute("href") : null;
  };
  const list = [["overview", "/"], ["operations", "/operations"], ["drills", "/drills"], ["journal", "/journal"], ["evacuation", "/evacuation"], ["routing", "/routing"], ["cells", "/cells"]];
  for (const [name, address, selector] of [
    ["region", "/", '#sidebar a[data-key="r"]'], ["operation", "/operations", "#operations-list tbody th a"],
    ["drill", "/drills", "#drills-reports tbody th a"], ["entry", "/journal", "#journal-list tbody th a"],
  ]) {
    const found = await first(address, selector);
    if (found) list.push([name, found]);
  }
  return list;
}

async function signIn(context) {
  const page = await context.newPage();
  await page.goto(base + "/login");
  await page.fill("#token", token);
  await Promise.all([page.waitForURL((url) => url.pathname !== "/login", { timeout: 10_000 }), page.press("#token", "Enter")]);
  return page;
}

mkdirSync(folder, { recursive: true });
const browser = await launch();
try {
  for (const colorScheme of schemes) {
    const context = await browser.newContext({ colorScheme, reducedMotion: "reduce", deviceScaleFactor: 1 });
    const list = token ? await livePages(await signIn(context)) : fixturePages;
    for (const width of widths) {
      for (const [name, address] of list) {
        if (only && !only.split(",").includes(name)) continue;
        const page = await context.newPage();
        await page.setViewportSize({ width, height: 900 });
        await page.goto(base + address, { waitUntil: "load" });
        await page.evaluate(() => document.fonts.ready);
        if (await page.locator("#live").count()) {
          await page.waitForFunction(() => document.getElementById("live").dataset.state !== "still" || !document.getElementById("live").hasAttribute("hx-sse:connect"));
        }
        // The sidebar is as high as the window; make the window as high as the page.
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        await page.setViewportSize({ width, height: Math.min(height, 6000) });
        await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
        await page.close();
      }
    }
    await context.close();
  }
} finally {
  await browser.close();
}
console.log(`pictures in ${folder}`);
