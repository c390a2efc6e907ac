// Starts the browser the tests use: the system's Chromium, without its own network chatter.
import { chromium } from "playwright-core";
import { existsSync } from "node:fs";

export const executable = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const found = existsSync(executable);

export function launch() {
  return chromium.launch({
    executablePath: executable,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}
