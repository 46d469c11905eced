//! A uPlot chart in an element of the page; `plot.js` beside this file does the talking.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Float64Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use web_sys::Element;

use super::DASHES;
use super::columns::Columns;
use crate::browser::{self, ResizeObserver};

#[wasm_bindgen(module = "/src/chart/plot.js")]
extern "C" {
    type UPlot;
    #[wasm_bindgen(js_name = makePlot)]
    fn make_plot(element: &Element, spec: &JsValue, on_cursor: &Closure<dyn FnMut(i32)>) -> UPlot;
    #[wasm_bindgen(js_name = setData)]
    fn set_data(plot: &UPlot, columns: &Array, infinity: Option<f64>);
    fn resize(plot: &UPlot, width: f64, height: f64);
    fn destroy(plot: &UPlot);
}

/// What a chart looks like, but for its numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlotSpec {
    /// Width in CSS pixels.
    pub width: f64,
    /// Height in CSS pixels.
    pub height: f64,
    /// Whether the vertical axis is logarithmic.
    pub log: bool,
    /// Whether intervals are bars at each point, without a line between the points; otherwise they are bands.
    pub bars: bool,
    /// Below the horizontal axis.
    pub x_label: String,
    /// Beside the vertical axis.
    pub y_label: String,
    /// Left end; the chart fits its data where both ends are equal.
    pub x_min: f64,
    /// Right end.
    pub x_max: f64,
    /// Whether the horizontal axis is logarithmic.
    pub x_log: bool,
    /// The vertical axis does not go below this.
    pub y_min: Option<f64>,
    /// The vertical axis does not go above this.
    pub y_max: Option<f64>,
    /// Where a dotted line says "chance".
    pub chance: Option<f64>,
    /// The series.
    pub series: Vec<SeriesSpec>,
}

/// What one series looks like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeriesSpec {
    /// Name.
    pub label: String,
    /// Which of the six colours and dash patterns, from 0.
    pub style: usize,
    /// Lengths of its dashes and gaps; empty for a solid line.
    pub dash: &'static [u32],
    /// Whether each point is marked.
    pub points: bool,
}

impl SeriesSpec {
    /// The series of the variant with this index.
    fn of(label: String, index: usize, points: bool) -> Self {
        let style = index % DASHES.len();
        Self { label, style, dash: DASHES[style], points }
    }

    /// A series for each variant.
    pub fn all(names: Vec<String>, points: bool) -> Vec<Self> {
        names.into_iter().enumerate().map(|(index, name)| Self::of(name, index, points)).collect()
    }
}

/// A chart; dropping it takes it off the page.
pub struct Plot {
    plot: Rc<UPlot>,
    observer: ResizeObserver,
    _on_cursor: Closure<dyn FnMut(i32)>,
    _on_resize: Closure<dyn FnMut(f64)>,
}

impl Plot {
    /// Puts a chart into an element. `on_cursor` gets the index of the point under the pointer.
    pub fn new(
        element: &Element,
        spec: &PlotSpec,
        mut on_cursor: impl FnMut(Option<usize>) + 'static,
    ) -> Option<Self> {
        let on_cursor = Closure::new(move |index: i32| on_cursor(usize::try_from(index).ok()));
        let height = spec.height;
        let spec = serde_wasm_bindgen::to_value(spec).ok()?;
        let plot = Rc::new(make_plot(element, &spec, &on_cursor));
        let last = RefCell::new(0.0);
        let resized = Rc::clone(&plot);
        let on_resize = Closure::new(move |width: f64| {
            if width > 0.0 && last.replace(width) != width {
                resize(&resized, width, height);
            }
        });
        let observer = browser::on_resize(element, &on_resize);
        Some(Self { plot, observer, _on_cursor: on_cursor, _on_resize: on_resize })
    }

    /// Draws other numbers.
    pub fn set(&self, columns: &Columns) {
        let all: Array = columns.all.iter().map(|column| Float64Array::from(column.as_slice())).collect();
        set_data(&self.plot, &all, columns.infinity);
    }
}

impl Drop for Plot {
    fn drop(&mut self) {
        self.observer.disconnect();
        destroy(&self.plot);
    }
}
