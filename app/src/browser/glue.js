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

/** What a file of this site holds, as JSON; another version of it has another address. */
export async function fetchJson(path, version) {
  const response = await fetch(new URL(`${path}?v=${version}`, document.baseURI));
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

// Sources that the engine keeps in the browser's store for this site (app/worker/src/glue.js): safetensors files.
const SOURCES = "kappa-sources";
const sourceAddress = (name) => new URL(`kept/${name}`, document.baseURI).href;

/** What a source's file says of itself, from its header. */
async function source(blob) {
  const length = Number(new DataView(await blob.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
  if (!(length <= 2 ** 20)) throw new Error("its header is too long");
  const header = JSON.parse(await blob.slice(8, 8 + length).text());
  const { name, words, metrics } = JSON.parse(header.__metadata__["kappa.source"]).source;
  return { name, words, metrics, bytes: blob.size };
}

/** Every source that is kept, the one that was used last first. */
export async function keptSources() {
  const store = await caches.open(SOURCES);
  const found = [];
  for (const key of await store.keys()) {
    const blob = await (await store.match(key)).blob();
    const name = key.url.split("/").at(-1);
    found.push(await source(blob).catch(() => ({ name, words: "a file that cannot be read", metrics: [], bytes: blob.size })));
  }
  return found.reverse();
}

/** Offers one as a file. */
export async function exportSource(name) {
  const kept = await (await caches.open(SOURCES)).match(sourceAddress(name));
  if (kept) download(`${name}.safetensors`, "application/octet-stream", await kept.blob());
}

/** Keeps a file that was exported elsewhere; the engine checks every byte of it before it is used. Answers its name. */
export async function importSource(file, most) {
  if (file.size > most) throw new Error(`it has ${file.size} bytes, and at most ${most} are kept`);
  const found = await source(file).catch(() => { throw new Error("it is not a source that this program kept"); });
  if (!/^[0-9a-f]{16}-[0-9]+$/.test(found.name)) throw new Error("it has no name that a source can have");
  const headers = { "content-length": `${file.size}`, "content-type": "application/octet-stream" };
  await (await caches.open(SOURCES)).put(sourceAddress(found.name), new Response(file, { headers }));
  return found.name;
}

/** Keeps it no more. */
export async function deleteSource(name) {
  await (await caches.open(SOURCES)).delete(sourceAddress(name));
}
