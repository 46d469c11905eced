// Peer: the benchmark model in TensorFlow.js (Apache-2.0). A transformer encoder with the norm before each part: 4 blocks,
// width 64, 4 heads, MLP 256, 16 tokens of 4 features, 10 classes, Adam.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-webgpu";
import { asked, batch, measure, page } from "./measure.mjs";

const [DEPTH, WIDTH, HEADS, TOKENS, FEATURES, CLASSES] = [4, 64, 4, 16, 4, 10];

const linear = (inputs, outputs) => ({
  weight: tf.variable(tf.randomUniform([inputs, outputs], -1 / Math.sqrt(inputs), 1 / Math.sqrt(inputs))),
  bias: tf.variable(tf.zeros([outputs])),
});
const norm = () => ({ gain: tf.variable(tf.ones([WIDTH])), bias: tf.variable(tf.zeros([WIDTH])) });

const apply = (x, layer) => tf.add(tf.matMul(x, layer.weight), layer.bias);

function normalized(x, layer) {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5))), layer.gain), layer.bias);
}

const gelu = (x) => tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.div(x, Math.SQRT2))));

async function start() {
  await tf.setBackend(asked.get("device"));
  await tf.ready();
  const size = Number(asked.get("batch"));
  const network = {
    embedding: linear(FEATURES, WIDTH),
    head: linear(WIDTH, CLASSES),
    blocks: Array.from({ length: DEPTH }, () => ({
      first: norm(), query: linear(WIDTH, WIDTH), key: linear(WIDTH, WIDTH), value: linear(WIDTH, WIDTH),
      output: linear(WIDTH, WIDTH), second: norm(), up: linear(WIDTH, 4 * WIDTH), down: linear(4 * WIDTH, WIDTH),
    })),
  };
  const split = (x) => tf.transpose(tf.reshape(x, [size, TOKENS, HEADS, WIDTH / HEADS]), [0, 2, 1, 3]);
  const join = (x) => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [size * TOKENS, WIDTH]);

  const forward = (tokens) => {
    let x = apply(tf.reshape(tokens, [size * TOKENS, FEATURES]), network.embedding);
    for (const block of network.blocks) {
      const y = normalized(x, block.first);
      const [query, key, value] = [block.query, block.key, block.value].map((layer) => split(apply(y, layer)));
      const weights = tf.softmax(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(WIDTH / HEADS)));
      x = tf.add(x, apply(join(tf.matMul(weights, value)), block.output));
      x = tf.add(x, apply(gelu(apply(normalized(x, block.second), block.up)), block.down));
    }
    return apply(tf.mean(tf.reshape(x, [size, TOKENS, WIDTH]), 1), network.head);
  };

  const optimizer = tf.train.adam(1e-3);
  const step = () => {
    const { tokens, classes } = batch(size);
    return tf.tidy(() => {
      const x = tf.tensor(tokens, [size, TOKENS, FEATURES]);
      const y = tf.oneHot(tf.tensor1d(classes, "int32"), CLASSES);
      return optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, forward(x)), true);
    });
  };
  const read = async (loss) => (await loss.data())[0];
  return { step, read };
}

page(() => measure(start));
