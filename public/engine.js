// The worker: fetches the engine, says how much of it has arrived, and starts it. From then on the engine itself speaks.
// Messages are those of kappa-core's `protocol`, written as serde-wasm-bindgen writes them.
// Files of one build go together: the version behind this script's own address holds for all that it loads.
const { search: version } = new URL(import.meta.url);

// A panic in the engine: nothing of it can be used any more, and nobody else would hear of it.
addEventListener("unhandledrejection", ({ reason }) => {
  if (reason instanceof WebAssembly.RuntimeError) postMessage({ engine: { failed: reason.message } });
});

try {
  const { default: init } = await import(`./kappa-worker.js${version}`);
  const response = await fetch(new URL(`./kappa-worker_bg.wasm${version}`, import.meta.url));
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  // A compressed answer states its compressed length, which the bytes that arrive here do not add up to.
  const packed = response.headers.get("content-encoding") !== null;
  const total = packed ? 0 : Number(response.headers.get("content-length"));
  let arrived = 0;
  let said = 0;
  const counted = response.body.pipeThrough(new TransformStream({
    transform(chunk, controller) {
      arrived += chunk.byteLength;
      if (performance.now() - said > 100) {
        said = performance.now();
        postMessage({ engine: { arrived, total } });
      }
      controller.enqueue(chunk);
    },
  }));
  // A stream is compiled while it arrives.
  await init({ module_or_path: new Response(counted, { headers: { "content-type": "application/wasm" } }) });
} catch (error) {
  console.error(error);
  postMessage({ engine: { failed: error?.message ?? String(error) } });
}
