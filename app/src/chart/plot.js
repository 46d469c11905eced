// uPlot, told what Kappa Lab wants of it. The library itself is a script of the page (public/vendor).

const font = "12px system-ui, sans-serif";

/**
 * A plot of some series, each a mean followed by the lower and the upper end of its interval.
 *
 * `spec.series`: [{ label, style, dash, points }]; `spec.bars`: whether intervals are drawn as bars at each point, and not
 * as bands. `onCursor` gets the index under the pointer, or -1.
 */
export function makePlot(element, spec, onCursor) {
  const series = [{}];
  const bands = [];
  const ink = color("--ink-soft");
  const rule = color("--rule");
  for (const one of spec.series) {
    const stroke = color(`--series-${one.style + 1}`);
    series.push({
      label: one.label, stroke, width: spec.bars ? 0 : 2, dash: one.dash, spanGaps: true,
      points: { show: one.points, size: spec.bars ? 10 : 6, fill: stroke },
    });
    const mean = series.length - 1;
    for (const end of [" low", " high"]) {
      series.push({ label: one.label + end, stroke: "transparent", width: 0, spanGaps: true, points: { show: false } });
    }
    if (!spec.bars) bands.push({ series: [mean + 2, mean + 1], fill: stroke + "26" });
  }
  const axis = (label) => ({
    label, labelFont: font, font, labelSize: 22, stroke: ink, ticks: { stroke: rule, width: 1 },
    grid: { stroke: rule, width: 1 },
  });
  const x = axis(spec.xLabel);
  x.size = 36;
  x.incrs = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
  x.values = (_, ticks) => ticks.map((tick) => tick === null ? "" : count(tick));
  const y = axis(spec.yLabel);
  y.size = 56;
  y.values = (plot, ticks) => ticks.map((tick) => {
    if (tick === null) return "";
    const share = tick / (plot.infinity ?? Infinity);
    return share > 1.001 ? "" : share > 0.999 ? "∞" : short(tick);
  });
  if (spec.log) y.grid.filter = y.ticks.filter = decades;
  const options = {
    width: spec.width, height: spec.height, series, bands,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
    scales: {
      x: {
        time: false, distr: spec.xLog ? 3 : 1,
        range: spec.xMax > spec.xMin ? [spec.xMin, spec.xMax] : undefined,
      },
      y: spec.log
        ? { distr: 3, range: logarithmic }
        : {
          range: (_, low, high) =>
            padded(low, high === null ? null : Math.max(high, spec.chance ?? high), spec.yMin ?? undefined, spec.yMax ?? undefined),
        },
    },
    axes: [x, y],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? -1)],
      draw: [...(spec.bars ? [intervals] : []), ...(spec.chance == null ? [] : [(plot) => chance(plot, spec.chance, ink)])],
    },
  };
  return new globalThis.uPlot(options, [[], ...series.slice(1).map(() => [])], element);
}

/** New numbers: the first array is the horizontal axis; NaN is a gap. At the height `infinity`, if any, stands "∞". */
export function setData(plot, columns, infinity) {
  plot.infinity = infinity;
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

/** A bar from the lower to the upper end at every point. */
function intervals(plot) {
  const { ctx } = plot;
  ctx.save();
  ctx.lineWidth = 2 * devicePixelRatio;
  for (let mean = 1; mean < plot.series.length; mean += 3) {
    ctx.strokeStyle = plot.series[mean].stroke(plot, mean);
    plot.data[0].forEach((x, index) => {
      if (plot.data[mean][index] == null) return;
      const left = plot.valToPos(x, "x", true);
      ctx.beginPath();
      for (const end of [1, 2]) {
        const top = plot.valToPos(plot.data[mean + end][index], "y", true);
        ctx[end === 1 ? "moveTo" : "lineTo"](left, top);
      }
      ctx.stroke();
    });
  }
  ctx.restore();
}

/** A dotted line where guessing would be. */
function chance(plot, height, ink) {
  if (plot.scales.y.min == null) return;
  const { ctx, bbox } = plot;
  const y = plot.valToPos(height, "y", true);
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = ink;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  ctx.textBaseline = "top";
  ctx.fillText("chance", bbox.left + bbox.width - 4 * devicePixelRatio, y + 3 * devicePixelRatio);
  ctx.restore();
}

/** Where the axis has many powers of ten, lines at these only. */
function decades(_, ticks) {
  const shown = ticks.filter((tick) => tick !== null);
  if (!(Math.log10(shown.at(-1) / shown[0]) > 3)) return ticks;
  return ticks.map((tick) => tick !== null && Math.abs(Math.log10(tick) % 1) % 1 < 1e-6 ? tick : null);
}

/** As uPlot does it, but with room above what is infinite. */
function logarithmic(plot, low, high) {
  if (low === null || !(low > 0)) return [1, 10];
  if (plot.infinity) return [10 ** Math.floor(Math.log10(Math.min(low, plot.infinity / 100))), plot.infinity * 1.6];
  return globalThis.uPlot.rangeLog(low, high, 10, low === high);
}

function padded(low, high, least, most) {
  if (low === null || high === null) return [least ?? 0, most ?? 1];
  const space = Math.max((high - low) * 0.06, Math.abs(high) * 1e-3, 1e-9);
  return [Math.max(low - space, least ?? -Infinity), Math.min(high + space, most ?? Infinity)];
}

function short(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return value.toExponential(0).replace("+", "");
  return String(Number(value.toPrecision(4)));
}

/** A count: 400, 139k, 2.5M, 800G. */
function count(value) {
  const group = value < 1e4 ? 0 : Math.min(Math.floor(Math.log10(value) / 3 + 1e-9), 5);
  return `${Number((value / 1000 ** group).toPrecision(4))}${["", "k", "M", "G", "T", "P"][group]}`;
}
