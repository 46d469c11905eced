// How a peer is measured: what reaches the GPU, the host's time, and the time of a step between two reads of the loss.

const counted = { kernels: 0, submits: 0, bytes: 0 };

function count(prototype, method, add) {
  const original = prototype[method];
  prototype[method] = function (...values) {
    add(values);
    return original.apply(this, values);
  };
}

// The same counters as those of our engine.
if (self.GPUDevice) {
  count(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => counted.kernels++);
  count(GPUQueue.prototype, "submit", () => counted.submits++);
  count(GPUQueue.prototype, "writeBuffer", ([, , data, , size]) => { counted.bytes += size ?? data.byteLength; });
  count(GPUDevice.prototype, "createBuffer", ([wanted]) => { if (wanted.mappedAtCreation) counted.bytes += wanted.size; });
}

export const asked = new URLSearchParams(location.search);

/**
 * Trains and measures; the result is `window.done`.
 *
 * `start()` makes everything and resolves to `{ step, read }`: `step(data)` computes one step and returns its loss, not yet
 * read; `read(loss)` resolves to the number.
 */
export async function measure(start) {
  const [steps, chunk, seconds] = ["steps", "chunk", "seconds"].map((name) => Number(asked.get(name)));
  const WARM = 3;
  const begin = performance.now();
  const { step, read } = await start();
  const losses = [];
  const rows = [];
  let firstStep = 0;
  let last = 0;
  for (let done = 0; done < steps;) {
    // The first steps compile, and are read one by one. Where a step takes seconds, reading it costs nothing beside it.
    const wanted = done < WARM || last > 2000 ? 1 : chunk;
    const before = { ...counted };
    const from = performance.now();
    let host = 0;
    let loss;
    for (let i = 0; i < wanted; i++) {
      const called = performance.now();
      loss = step();
      host += performance.now() - called;
    }
    losses.push(await read(loss));
    const now = performance.now();
    if (done === 0) firstStep = now - begin;
    done += wanted;
    last = (now - from) / wanted;
    if (done > WARM) {
      rows.push({
        steps: wanted,
        step_ms: (now - from) / wanted,
        host_ms: host / wanted,
        kernels: (counted.kernels - before.kernels) / wanted,
        submits: (counted.submits - before.submits) / wanted,
        uploaded_bytes: (counted.bytes - before.bytes) / wanted,
      });
      if (now - begin > seconds * 1000 && rows.length > 1) break;
    }
  }
  return { first_step_ms: firstStep, rows, losses };
}

/** Runs a page of the benchmark and leaves what came of it where the driver looks for it. */
export function page(run) {
  run().then((result) => { window.done = result; }, (error) => { window.done = { error: `${error} ${error?.stack ?? ""}` }; });
}

/** A batch that can be learnt: which of the first features is the largest on average. 16 tokens of 4 features. */
export function batch(size) {
  const tokens = new Float32Array(size * 16 * 4);
  const classes = new Int32Array(size);
  for (let example = 0; example < size; example++) {
    const sums = [0, 0, 0, 0];
    for (let i = 0; i < 64; i++) {
      const value = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
      tokens[example * 64 + i] = value;
      sums[i % 4] += value;
    }
    classes[example] = sums.indexOf(Math.max(...sums));
  }
  return { tokens, classes };
}
