// What the engine needs of the browser and cannot say in Rust. No code comes from outside this file.

// Counts what reaches the GPU, for the cost of a step. A call and an addition each: too little to measure.
const counted = { kernels: 0, submits: 0, bytes: 0, pipelines: 0 };

function count(prototype, method, add) {
  const original = prototype[method];
  prototype[method] = function (...values) {
    add(values);
    return original.apply(this, values);
  };
}

if (self.GPUDevice) {
  count(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', () => counted.kernels++);
  count(GPUQueue.prototype, 'submit', () => counted.submits++);
  count(GPUQueue.prototype, 'writeBuffer', ([, , data, , size]) => { counted.bytes += size ?? data.byteLength; });
  count(GPUDevice.prototype, 'createComputePipeline', () => counted.pipelines++);
  // A buffer that is mapped when it is made, or a staging buffer: its bytes go up too.
  count(GPUDevice.prototype, 'createBuffer', ([wanted]) => { if (wanted.mappedAtCreation) counted.bytes += wanted.size; });
}

export function counters() {
  return [counted.kernels, counted.submits, counted.bytes, counted.pipelines];
}

export function reader(response) {
  return response.body.getReader();
}

let lost = null;
let devices = [];

// Empty if WebGPU has all that the engine needs, else a sentence.
export async function probe() {
  if (!navigator.gpu) return 'This browser offers no WebGPU here.';
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return 'This browser offers WebGPU, but found no GPU for it.';
  if (!adapter.features.has('timestamp-query')) return 'This GPU lacks the WebGPU feature “timestamp-query”, which the engine needs.';
  return '';
}

// The adapter's words for itself.
export async function describe() {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  const info = adapter?.info;
  return info ? [info.vendor, info.architecture, info.device, info.description].filter((word) => word).join(' ') : '';
}

// Calls back once when any device of this worker is lost for another reason than being given back.
export function watch(callback) {
  lost = callback;
  if (!self.GPUAdapter) return;
  const original = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...values) {
    const device = await original.apply(this, values);
    devices.push(device);
    device.lost.then((info) => { if (lost) { lost(info.message || info.reason || 'unknown'); lost = null; } });
    return device;
  };
}

// Ends every device, as a driver's reset would. For the test of recovery.
export function lose() {
  devices.forEach((device) => device.destroy());
}

const channel = new MessageChannel();
let waiting = [];
channel.port1.onmessage = () => { const ready = waiting; waiting = []; ready.forEach((resolve) => resolve()); };

// Lets messages in. A timer would be held back to 4 ms.
export function turn() {
  return new Promise((resolve) => { waiting.push(resolve); channel.port2.postMessage(0); });
}

// Sources that were trained once, in the browser's own store for this site. What was not used for the longest time goes first.
const STORE = 'kappa-sources';
const MOST = 256 * 2 ** 20;
const address = name => new URL(`kept/${name}`, self.location.href).href;

// Null where there is none of this name.
export async function kept(name) {
  const store = await caches.open(STORE);
  const found = await store.match(address(name));
  if (!found) return null;
  const bytes = new Uint8Array(await found.arrayBuffer());
  await keep(name, bytes);
  return bytes;
}

export async function keep(name, bytes) {
  const store = await caches.open(STORE);
  const headers = { 'content-length': `${bytes.byteLength}`, 'content-type': 'application/octet-stream' };
  // The bytes are a view into the engine's memory, which may move. What is put again goes last.
  await store.delete(address(name));
  await store.put(address(name), new Response(bytes.slice(), { headers }));
  const all = await store.keys();
  const sizes = [];
  for (const one of all) sizes.push(Number((await store.match(one)).headers.get('content-length')));
  let sum = sizes.reduce((a, b) => a + b, 0);
  for (let i = 0; i < all.length - 1 && sum > MOST; i++) {
    await store.delete(all[i]);
    sum -= sizes[i];
  }
}

export async function forget(name) {
  await (await caches.open(STORE)).delete(address(name));
}
