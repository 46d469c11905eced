// Our engine, driven as the page drives it: one worker, one Start, and what it says of its steps.

const WARM = 3;

/** Trains until `steps` are done or `seconds` are over; the result is `window.done`. */
window.measure = (command, steps, seconds) => {
  const worker = new Worker("../engine.js", { type: "module" });
  let begin = 0;
  let firstStep = 0;
  let device = null;
  let tuned = 0;
  const rows = [];
  const losses = [];
  const end = (result) => {
    worker.terminate();
    window.done = result;
  };
  worker.onerror = (error) => end({ error: error.message });
  worker.onmessage = ({ data }) => {
    if (data === "Ready") {
      begin = performance.now();
      worker.postMessage(command);
    } else if (data.Device) {
      device = data.Device;
    } else if (data.Failed || data.DeviceLost || data === "Finished") {
      end({ error: JSON.stringify(data) });
    } else if (data.Tuning) {
      // All values of all variants together; what is looked at now and then is no step.
      const { step, steps_per_second: rate, cost, tried } = data.Tuning;
      firstStep ||= performance.now() - begin;
      if (tuned >= WARM && step > tuned && tried === "[]") {
        rows.push({
          steps: step - tuned,
          step_ms: 1000 / rate,
          host_ms: cost.host_milliseconds,
          kernels: cost.kernels,
          submits: cost.submits,
          uploaded_bytes: cost.uploaded_bytes,
        });
      }
      tuned = step;
      const late = performance.now() - begin > seconds * 1000 && rows.length > 1;
      if (step >= steps || late) end({ first_step_ms: firstStep, rows, losses, device });
    } else if (data.Progress) {
      const { step, losses: read, steps_per_second: rate, cost } = data.Progress;
      firstStep ||= performance.now() - begin;
      losses.push(...read.map((replicas) => replicas[0]));
      if (step - read.length >= WARM) {
        rows.push({
          steps: read.length,
          step_ms: 1000 / rate,
          host_ms: cost.host_milliseconds,
          kernels: cost.kernels,
          submits: cost.submits,
          uploaded_bytes: cost.uploaded_bytes,
        });
      }
      const late = performance.now() - begin > seconds * 1000 && rows.length > 1;
      if (step >= steps || late) end({ first_step_ms: firstStep, rows, losses, device });
    }
  };
};
window.ready = true;
