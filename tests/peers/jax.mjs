// Peer: the benchmark model in jax-js (MIT), the whole training step compiled by one `jit`. The same network as in
// tfjs.mjs. Arrays are used up by what is done with them; `.ref` keeps one for another use.

import { defaultDevice, init, jit, nn, numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";
import { asked, batch, measure, page } from "./measure.mjs";

const [DEPTH, WIDTH, HEADS, TOKENS, FEATURES, CLASSES] = [4, 64, 4, 16, 4, 10];

async function start() {
  await init();
  defaultDevice(asked.get("device"));
  const size = Number(asked.get("batch"));

  let seed = 1;
  const linear = (inputs, outputs) => {
    const bound = 1 / Math.sqrt(inputs);
    const weight = random.uniform(random.key(seed++), [inputs, outputs], { minval: -bound, maxval: bound });
    return { weight, bias: np.zeros([outputs]) };
  };
  const norm = () => ({ gain: np.ones([WIDTH]), bias: np.zeros([WIDTH]) });
  let network = {
    embedding: linear(FEATURES, WIDTH),
    head: linear(WIDTH, CLASSES),
    blocks: Array.from({ length: DEPTH }, () => ({
      first: norm(), query: linear(WIDTH, WIDTH), key: linear(WIDTH, WIDTH), value: linear(WIDTH, WIDTH),
      output: linear(WIDTH, WIDTH), second: norm(), up: linear(WIDTH, 4 * WIDTH), down: linear(4 * WIDTH, WIDTH),
    })),
  };

  const apply = (x, layer) => np.matmul(x, layer.weight).add(layer.bias);
  const normalized = (x, layer) => nn.standardize(x, -1).mul(layer.gain).add(layer.bias);
  const split = (x) => np.transpose(x.reshape([size, TOKENS, HEADS, WIDTH / HEADS]), [0, 2, 1, 3]);
  const join = (x) => np.transpose(x, [0, 2, 1, 3]).reshape([size * TOKENS, WIDTH]);

  const forward = (network, tokens) => {
    let x = apply(tokens, network.embedding);
    for (const block of network.blocks) {
      const y = normalized(x.ref, block.first);
      const query = split(apply(y.ref, block.query));
      const key = split(apply(y.ref, block.key));
      const value = split(apply(y, block.value));
      const scores = np.matmul(query, np.transpose(key, [0, 1, 3, 2])).mul(1 / Math.sqrt(WIDTH / HEADS));
      x = x.add(apply(join(np.matmul(nn.softmax(scores, -1), value)), block.output));
      x = x.ref.add(apply(nn.gelu(apply(normalized(x, block.second), block.up)), block.down));
    }
    return apply(np.mean(x.reshape([size, TOKENS, WIDTH]), 1), network.head);
  };
  const loss = (network, tokens, targets) =>
    np.mean(np.sum(nn.logSoftmax(forward(network, tokens), -1).mul(targets), -1)).mul(-1);

  const train = jit((network, mean, square, step, tokens, targets) => {
    const [value, gradient] = valueAndGrad(loss)(tree.map((p) => p.ref, network), tokens, targets);
    const newMean = tree.map((m, g) => m.mul(0.9).add(g.ref.mul(0.1)), mean, gradient);
    const newSquare = tree.map((v, g) => v.mul(0.999).add(np.square(g).mul(0.001)), square, gradient);
    const first = np.array(1).sub(np.exp(step.ref.mul(Math.log(0.9))));
    const second = np.array(1).sub(np.exp(step.mul(Math.log(0.999))));
    const update = (p, m, v) =>
      p.sub(m.ref.div(first.ref).mul(1e-3).div(np.sqrt(v.ref.div(second.ref)).add(1e-8)));
    const updated = tree.map(update, network, newMean, newSquare);
    first.dispose();
    second.dispose();
    return [updated, newMean, newSquare, value];
  });

  let mean = tree.map((p) => np.zeros(p.shape), network);
  let square = tree.map((p) => np.zeros(p.shape), network);
  let done = 0;
  let last = null;
  const step = () => {
    const { tokens, classes } = batch(size);
    const targets = new Float32Array(size * CLASSES);
    classes.forEach((one, example) => { targets[example * CLASSES + one] = 1; });
    done += 1;
    // A loss that nobody read.
    last?.dispose();
    let value;
    [network, mean, square, value] = train(
      network, mean, square, np.array([done]).reshape([]),
      np.array(tokens).reshape([size * TOKENS, FEATURES]), np.array(targets).reshape([size, CLASSES]),
    );
    last = value;
    return value;
  };
  const read = async (value) => {
    last = null;
    return (await value.data())[0];
  };
  return { step, read };
}

page(() => measure(start));
