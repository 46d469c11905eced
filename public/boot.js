// Starts the page. The build writes the names of its files, which contain their hashes, into this script's tag.
try {
  // As it was left, before anything is drawn.
  const theme = localStorage.getItem("kappa-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Storage is off: the system's colours it is.
}

const tag = document.querySelector("script[data-module]");
const boot = document.getElementById("boot");
try {
  const page = await import(new URL(tag.dataset.module, document.baseURI));
  await page.default({ module_or_path: new URL(tag.dataset.wasm, document.baseURI) });
  boot?.remove();
} catch (error) {
  console.error(error);
  if (boot) {
    boot.textContent =
      `The page could not start. It needs a browser of 2023 or newer with WebAssembly. Reload to try again. (${error})`;
  }
}
