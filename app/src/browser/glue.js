// The few things of the browser that are shorter to say in its own language.

/** Puts text on the clipboard; answers whether that was allowed. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Offers bytes or text as a file. */
export function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The bytes of a File. */
export async function readFile(file) {
  return new Uint8Array(await file.arrayBuffer());
}

/** What a file of this site holds, as JSON. */
export async function fetchJson(path) {
  const response = await fetch(new URL(path, document.baseURI));
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response.json();
}

let wanted = false;
let lock = null;

/** Keeps the screen on, or lets it go dark again. The browser drops the lock whenever the tab is hidden. */
export async function keepAwake(on) {
  wanted = on;
  try {
    if (on && !lock && document.visibilityState === "visible") {
      lock = await navigator.wakeLock?.request("screen") ?? null;
      lock?.addEventListener("release", () => { lock = null; });
      if (!wanted) await lock?.release();
    } else if (!on) {
      await lock?.release();
    }
  } catch {
    lock = null; // Low battery, or not allowed: training goes on, the screen may go dark.
  }
}
document.addEventListener("visibilitychange", () => { if (wanted) keepAwake(true); });

/** Calls back when the element's width changes, with the width in CSS pixels. */
export function onResize(element, callback) {
  const observer = new ResizeObserver(([entry]) => callback(entry.contentRect.width));
  observer.observe(element);
  return observer;
}
