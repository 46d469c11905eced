// Runs before any script of a page under test. Every worker that the page makes is remembered, and everything that the
// workers say is written down, so that a test can see numbers as they are and talk to the engine behind the page's back.
(() => {
  if (window !== window.top || window.recorded) return;
  const recorded = (window.recorded = { workers: [], events: [], errors: [] });
  const Original = window.Worker;
  if (!Original) return;

  // Bytes and attention maps are long and not looked at here.
  const short = (message) => {
    if (message?.Checkpoint) return { Checkpoint: { step: message.Checkpoint.step, bytes: message.Checkpoint.bytes.length } };
    if (message?.Probed) return { Probed: { variant: message.Probed.variant, step: message.Probed.step } };
    return message;
  };

  window.Worker = class extends Original {
    constructor(...values) {
      super(...values);
      recorded.workers.push(this);
      this.addEventListener("message", ({ data }) => {
        recorded.events.push({ at: performance.now(), worker: recorded.workers.indexOf(this), event: short(data) });
      });
      this.addEventListener("error", (error) => recorded.errors.push(error.message));
    }
  };
})();
