// uPlot, told what Kappa Lab wants of it. The library itself is a script of the page (public/vendor).

const font = "12px system-ui, sans-serif";

/**
 * A plot of some series, each a mean with an optional band.
 *
 * `spec.series`: [{ label, style, dash, points }]; `spec.bands`: whether each mean is followed by the lower and the upper
 * end of its interval. `onCursor` gets the index under the pointer, or -1.
 */
export function makePlot(element, spec, onCursor) {
  const series = [{}];
  const bands = [];
  const ink = color("--ink-soft");
  const rule = color("--rule");
  for (const one of spec.series) {
    const stroke = color(`--series-${one.style + 1}`);
    series.push({
      label: one.label, stroke, width: 2, dash: one.dash, spanGaps: true,
      points: { show: one.points, size: 6, fill: stroke },
    });
    if (spec.bands) {
      const mean = series.length - 1;
      for (const end of [" low", " high"]) {
        series.push({ label: one.label + end, stroke: "transparent", width: 0, spanGaps: true, points: { show: false } });
      }
      bands.push({ series: [mean + 2, mean + 1], fill: stroke + "26" });
    }
  }
  const axis = (label) => ({
    label, labelFont: font, font, labelSize: 22, stroke: ink, ticks: { stroke: rule, width: 1 },
    grid: { stroke: rule, width: 1 },
  });
  const x = axis(spec.xLabel);
  x.size = 36;
  x.incrs = [1, 2, 5].flatMap((digit) => [0, 1, 2, 3, 4, 5, 6].map((power) => digit * 10 ** power)).sort((a, b) => a - b);
  const y = axis(spec.yLabel);
  y.size = 56;
  y.values = (_, ticks) => ticks.map((tick) => tick === null ? "" : short(tick));
  const options = {
    width: spec.width, height: spec.height, series, bands,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
    scales: {
      x: { time: false, range: spec.xMax > spec.xMin ? [spec.xMin, spec.xMax] : undefined },
      y: spec.log ? { distr: 3 } : { range: (_, low, high) => padded(low, high, spec.yMin ?? undefined, spec.yMax ?? undefined) },
    },
    axes: [x, y],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? -1)] },
  };
  return new globalThis.uPlot(options, [[], ...series.slice(1).map(() => [])], element);
}

/** New numbers: the first array is the horizontal axis; NaN is a gap. */
export function setData(plot, columns) {
  plot.setData(columns.map((column) => Array.from(column, (value) => Number.isNaN(value) ? null : value)));
}

export function resize(plot, width, height) {
  plot.setSize({ width, height });
}

export function destroy(plot) {
  plot.destroy();
}

/** A colour of the stylesheet, as it is in the present theme. */
function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function padded(low, high, least, most) {
  if (low === null || high === null) return [least ?? 0, most ?? 1];
  const space = Math.max((high - low) * 0.06, Math.abs(high) * 1e-3, 1e-9);
  return [Math.max(low - space, least ?? -Infinity), Math.min(high + space, most ?? Infinity)];
}

function short(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return value.toExponential(0);
  return String(Number(value.toPrecision(4)));
}
